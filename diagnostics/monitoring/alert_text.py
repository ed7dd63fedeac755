"""The text of an incident's alerts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from diagnostics.engine import causes
from diagnostics.issues.models import Incident
from diagnostics.monitoring.channels import message as messages
from diagnostics.monitoring.channels.message import Message, format_time, one_line
from diagnostics.runs.models import Run
from diagnostics.runs.queries.comparisons import compare_stored_runs, runs_to_compare
from diagnostics.web.format import duration_in_words

MAX_CHANGES = 6
ISSUES_PATH = "/issues/"  # not reversed: a worker would have to load every view for that


@dataclass(frozen=True)
class IncidentSummary:
    """What a message needs besides the incident's row.

    `broke_at` is the start of the whole outage, which may have begun with another cause. `agreed` is a sentence about
    how many runs confirm it. `root` is the ID of the outage's first incident.
    """

    broke_at: datetime
    now: datetime
    zone: str = "UTC"
    agreed: str = ""
    flapping: bool = False
    root: int = 0


def incident_message(event: str, incident: Incident, summary: IncidentSummary) -> Message:
    client, verdict = incident.client, _verdict(incident.last_run)
    return Message(
        event=event,
        title=one_line(_title(event, incident), 200),
        sentences=tuple(one_line(sentence) for sentence in _sentences(event, incident, summary) if sentence),
        facts=tuple(_facts(event, incident, summary)),
        changes=tuple(one_line(sentence) for sentence in _changes(event, incident)),
        link=f"{settings.PUBLIC_URL}{ISSUES_PATH}{incident.issue_id}/",
        at=summary.now.isoformat(timespec="seconds"),
        began_at=summary.broke_at.isoformat(timespec="seconds"),
        ended_at=incident.closed_at.isoformat(timespec="seconds") if incident.closed_at else "",
        cause=incident.cause,
        certainty=str(verdict.get("certainty", "")),
        client=one_line(client.name),
        org=one_line(client.org_name),
        environment=client.environment,
        schedule=one_line(incident.schedule.name) if incident.schedule else "",
        run=incident.good_run_id if event == messages.RECOVERED else incident.last_run_id,
        incident=incident.pk,
        issue=incident.issue_id,
        thread=f"cobrowse-doctor-incident-{summary.root or incident.pk}",
    )


def test_message(channel_name: str, by: str, now: datetime, thread: str) -> Message:
    """Names no org, since the channel may still reach the wrong recipient."""
    return Message(
        event=messages.TEST,
        title=one_line(f"channel “{channel_name}” in Cobrowse Doctor"),
        sentences=("This is a test. Nothing is wrong.",),
        facts=(("Sent by", one_line(by)),) if by else (),
        link=settings.PUBLIC_URL + "/",
        at=now.isoformat(timespec="seconds"),
        thread=thread,
    )


def describe_changes(before: int | None, after: int | None) -> list[str]:
    """The differences between two runs as sentences, the likeliest cause first; [] if a run was deleted."""
    runs = runs_to_compare(before, after, viewer=None)
    a, b = (runs.get(pk) if pk else None for pk in (before, after))
    if a is None or b is None:
        return []
    comparison, _ = compare_stored_runs(a, b)
    facts = [f"{clause[0].upper()}{clause[1:]}." for change in comparison.changed if (clause := change.clause)]
    return [comparison.explanation.sentence, *facts][: MAX_CHANGES + 1]


def _title(event: str, incident: Incident) -> str:
    what = "cobrowse works again" if event == messages.RECOVERED else causes.title_of(incident.cause)
    return f"{incident.client.name}: {what[0].lower()}{what[1:]}"


def _sentences(event: str, incident: Incident, summary: IncidentSummary) -> list[str]:
    if event == messages.RECOVERED:
        ended = _ended(incident)
        lasted = duration_in_words(ended - summary.broke_at, units=2)
        return [
            f"Resolved after {lasted}, from {_at(summary.broke_at, summary)} to {_at(ended, summary)}.",
            f"The problem was: {(incident.sentence or causes.title_of(incident.cause)).strip()}",
            "It failed on and off, so we waited for many good runs in a row." if summary.flapping else "",
        ]
    if event == messages.ENDED:
        why = "the client was retired" if incident.client.is_retired else "the schedule was deleted"
        return [f"No longer monitored, because {why}. It may still be failing."]
    remedy = _verdict(incident.last_run).get("remedy")
    lasted = duration_in_words(summary.now - summary.broke_at, units=2)
    since = f"Failing for {lasted}, since {_at(summary.broke_at, summary)}."
    sentences = [incident.sentence, since if event == messages.REMINDER else summary.agreed]
    if summary.flapping:
        sentences.append(
            "It has failed on and off several times today, so it counts as resolved only after many good runs in a row."
        )
    if isinstance(remedy, str) and remedy:
        sentences.append(f"How to fix it: {remedy.strip()}")
    return sentences


def _changes(event: str, incident: Incident) -> Sequence[str]:
    if event in (messages.REMINDER, messages.ENDED):
        return ()
    part = "fixed" if event == messages.RECOVERED else "broke"
    return [str(change.get("sentence", "")) for change in incident.changes if change.get("at") == part][:MAX_CHANGES]


def _facts(event: str, incident: Incident, summary: IncidentSummary) -> list[tuple[str, str]]:
    client = incident.client
    facts = [
        ("Client", one_line(client.name)),
        ("Org", one_line(client.org_name)),
        ("Environment", client.get_environment_display() if client.environment else ""),
        ("Schedule", one_line(incident.schedule.name) if incident.schedule else ""),
        ("Cause", incident.cause),
        ("Failing since", _at(summary.broke_at, summary)),
        ("Resolved", _at(_ended(incident), summary) if event == messages.RECOVERED else ""),
    ]
    return [(label, value) for label, value in facts if value]


def _ended(incident: Incident) -> datetime:
    good = incident.good_run
    if incident.closed_at is None:
        return incident.began_at
    return (good.finished_at or good.created_at) if good is not None else incident.closed_at


def _verdict(run: Run | None) -> dict[str, object]:
    return run.verdict if run is not None and isinstance(run.verdict, dict) else {}


def _at(at: datetime, summary: IncidentSummary) -> str:
    return format_time(at.astimezone(ZoneInfo(summary.zone)))
