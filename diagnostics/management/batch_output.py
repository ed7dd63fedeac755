"""What `diagnose --batch` does and prints: the groups of a text, and with a client the diagnosis of each."""

from collections.abc import Iterator
from typing import Any

from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.engine.batch_review import BatchReview, CallGroup
from diagnostics.engine.rules import CERTAINTY_LABELS
from diagnostics.management.base import CAUSE_FOUND, OK, UNCLEAR

Report = dict[str, Any]  # of one diagnosis, as `diagnose --json` prints it


def exit_code(report: Report) -> int:
    """OK if nothing is wrong, CAUSE_FOUND, or UNCLEAR if the cause is undetermined or there are only warnings."""
    cause = report["verdict"]["cause"]
    if cause == causes.NONE:
        has_warnings = any(finding["outcome"] == Outcome.WARN for finding in report["findings"])
        return UNCLEAR if has_warnings else OK
    return UNCLEAR if cause == causes.UNDETERMINED else CAUSE_FOUND


def batch_exit_code(review: BatchReview, reports: list[Report]) -> int:
    """The worst of the groups. A failing group that no org was asked about, and has no cause, is unclear."""
    if reports:
        codes = [exit_code(report) for report in reports]
    else:
        codes = [CAUSE_FOUND if group.has_cause else UNCLEAR for group in review.groups]
    left_out = [UNCLEAR] if review.left_out or review.partial else []
    return next((code for code in (CAUSE_FOUND, UNCLEAR) if code in [*codes, *left_out]), OK)


def as_json(review: BatchReview, reports: list[Report], batch: int | None) -> dict[str, Any]:
    counts = {"succeeded": review.succeeded, "failed": review.failed, "unanswered": review.unanswered}
    groups = []
    for position, group in enumerate(review.groups):
        row = group.to_json()
        by_call = {name: row.pop(name) for name in ("cause", "certainty", "sentence", "remedy")}
        row["example"] = row.pop("inputs")["call"]
        groups.append({**row, "by_call": by_call, "diagnosis": reports[position] if reports else None})
    rest = {"elsewhere": review.elsewhere, "left_out": review.left_out, "partial": review.partial}
    return {"schema_version": 1, "batch": batch, "calls": review.calls, **counts, **rest, "groups": groups}


def lines_of(review: BatchReview, reports: list[Report]) -> Iterator[str]:
    yield f"{review.sentence} {review.rest} {review.partial}".rstrip()
    for position, group in enumerate(review.groups):
        yield ""
        yield f"{position + 1}. {group.target} ({_place(group)}): {group.calls:,} call{'' if group.calls == 1 else 's'}{_times(group)}"
        yield f"   By the call alone: {_verdict(group.cause, group.certainty, group.sentence)}"
        if not reports and group.has_cause:
            yield f"   How to fix it: {group.remedy}"
        if reports:
            verdict = reports[position]["verdict"]
            saved = f" Run {reports[position]['run']}." if reports[position]["run"] else ""
            yield f"   In the org: {_verdict(verdict['cause'], verdict['certainty'], verdict['sentence'])}{saved}"
            if verdict["remedy"]:
                yield f"   How to fix it: {verdict['remedy']}"


def _place(group: CallGroup) -> str:
    response = {None: "no response in the text", 0: "no response"}.get(group.status, str(group.status))
    provider = f"provider {group.provider}" if group.provider else ""
    return ", ".join(filter(None, (group.host, provider, response, group.code)))


def _times(group: CallGroup) -> str:
    if group.first_at is None or group.last_at is None:
        return ""
    first, last = (f"{at:%Y-%m-%d %H:%M:%S}" for at in (group.first_at, group.last_at))
    return f", {first} UTC" if first == last else f", {first} to {last} UTC"


def _verdict(cause: str, certainty: str, sentence: str) -> str:
    return f"{cause} ({CERTAINTY_LABELS[certainty].lower()}). {sentence}"
