"""README.txt of a packet: what the packet is about, and what was removed from it. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime

from diagnostics.engine import causes
from diagnostics.engine.as_it_was import verdict_of_today
from diagnostics.runs.export.redacted import RedactedRun

HIDDEN_KINDS = {
    "client": "IDs of OAuth clients",
    "email": "email addresses",
    "ip": "IP addresses",
    "phone": "phone numbers",
    "user": "IDs of people",
}
MOST_IDS = 60


def readme(redacted: RedactedRun, version: str) -> str:
    return "\n".join([*_about(redacted, version), "", *_verdict(redacted), "", *_files(), "", *_removed(redacted), ""])


def _about(redacted: RedactedRun, version: str) -> Iterator[str]:
    run, org = redacted.run, redacted.org
    title = f"Support packet: run {run.pk} of Cobrowse Doctor {version}"
    yield from (title, "=" * len(title), "")
    yield f"Org             {org.name or '(name not read)'}"
    yield f"Org short name  {org.short_name or '(not read)'}"
    yield f"Org ID          {org.id or '(not read)'}"
    same = redacted.region_name == redacted.region
    yield f"Region          {redacted.region_name}" + ("" if same else f" ({redacted.region})")
    yield f"Conversation    {run.conversation_id or '(none given)'}"
    yield f"Run started     {_time(run.started_at or run.created_at)}"
    yield f"Run ended       {_time(run.finished_at)}"
    yield f"Packet created  {_time(redacted.made_at)}"
    yield f"Kind, status    {run.get_kind_display()}, {run.get_status_display().lower()}"
    yield f"Versions        engine {run.engine_version or '?'}, API reference {run.contract_version or '?'}"
    yield from ("", "Correlation IDs, newest last (the first one is from the pasted response, if it had one)")
    ids = redacted.correlation_ids
    yield from (f"  {correlation_id}" for correlation_id in ids[:MOST_IDS])
    if not ids:
        yield "  none"
    if len(ids) > MOST_IDS:
        yield f"  and {len(ids) - MOST_IDS} more in packet.json"


def _verdict(redacted: RedactedRun) -> Iterator[str]:
    verdict = redacted.verdict
    cause = redacted.run.cause or str(verdict.get("cause") or "")
    yield f"Verdict         {causes.title_of(cause) if cause else 'none'} ({cause or '-'}, {redacted.run.certainty or '-'})"
    for name, label in (("sentence", "Explanation   "), ("remedy", "How to fix it ")):
        if verdict.get(name):
            yield f"{label}  {' '.join(str(verdict[name]).split())}"
    if (today := verdict_of_today(verdict)) is not verdict and today.get("sentence") != verdict.get("sentence"):
        yield f"When checked   {' '.join(str(today.get('sentence', '')).split())}"


def _files() -> Iterator[str]:
    yield "Files"
    yield "  run.html       the whole run; opens in any browser, without a network"
    yield "  packet.json    the same for programs: findings, requests, input"
    yield "  exchanges.har  requests to the org and their responses, HAR 1.2"
    yield "  calls.sh       the same requests as cURL commands; token and secret come from the environment"


def _removed(redacted: RedactedRun) -> Iterator[str]:
    yield "Removed data"
    yield "  [masked]       a token, a secret or a join code, which was never stored"
    yield "  [hidden]       personal text and values that aren't stored"
    yield "  hidden-KIND-…  a replaced value. Equal values have equal replacements, in this packet and in every other"
    yield "                 one of this installation until its newest key changes. The value can't be computed from it."
    for kind, count in redacted.hidden.items():
        yield f"                 {HIDDEN_KINDS.get(kind, kind)}: {count} time{'' if count == 1 else 's'}"
    yield "  Notes and the name of who started the run are not in the packet."
    yield "Every file was scanned for tokens, secrets, addresses and IDs before the packet was created."


def _time(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment else "(not known)"
