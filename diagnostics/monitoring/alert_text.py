"""What an alert says of an incident: the words of its messages, from the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from diagnostics.engine import causes
from diagnostics.monitoring.channels import message as messages
from diagnostics.monitoring.channels.message import Message, line, moment
from diagnostics.monitoring.models import Incident
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from diagnostics.runs.queries.compared import compared
from diagnostics.runs.queries.comparisons import runs_to_compare
from diagnostics.web.format import duration_in_words

MOST_CHANGES = 6
PATH = "/incidents/"  # a worker knows no pages, so that it need not load them all


@dataclass(frozen=True)
class IncidentSummary:
    """What a message needs beside the incident's row. `broke_at` is the beginning of the whole break, which may have
    begun with another cause; `agreed` says by how many runs it is known."""

    broke_at: datetime
    now: datetime
    zone: str = "UTC"
    agreed: str = ""
    flapping: bool = False
    root: int = 0


def message_of(event: str, incident: Incident, told: IncidentSummary) -> Message:
    client, verdict = incident.client, _verdict(incident.last_run)
    return Message(
        event=event,
        title=line(_title(event, incident), 200),
        sentences=tuple(line(each) for each in _sentences(event, incident, told) if each),
        facts=tuple(_facts(event, incident, told)),
        changes=tuple(line(each) for each in _changes(event, incident)),
        link=f"{settings.PUBLIC_URL}{PATH}{incident.pk}/",
        at=told.now.isoformat(timespec="seconds"),
        began_at=told.broke_at.isoformat(timespec="seconds"),
        ended_at=incident.closed_at.isoformat(timespec="seconds") if incident.closed_at else "",
        cause=incident.cause,
        certainty=str(verdict.get("certainty", "")),
        client=line(client.name),
        org=line(client.org_name),
        tier=client.tier,
        schedule=line(incident.schedule.name) if incident.schedule else "",
        run=incident.good_run_id if event == messages.RECOVERED else incident.last_run_id,
        incident=incident.pk,
        thread=f"cobrowse-doctor-incident-{told.root or incident.pk}",
    )


def test_message(channel_name: str, by: str, now: datetime, thread: str) -> Message:
    """It names nobody's org: whoever is at the far end may not be the right one yet."""
    return Message(
        event=messages.TEST,
        title=line(f"channel “{channel_name}” of Cobrowse Doctor"),
        sentences=("This is a test. Nothing is broken, and nothing has to be done.",),
        facts=(("Sent by", line(by)),) if by else (),
        link=settings.PUBLIC_URL + "/",
        at=now.isoformat(timespec="seconds"),
        thread=thread,
    )


def what_changed(before: int | None, after: int | None) -> list[str]:
    """In sentences, the likeliest reason first; [] where one of the runs is gone."""
    runs = runs_to_compare(before, after, viewer=None)
    a, b = (runs.get(pk) if pk else None for pk in (before, after))
    if a is None or b is None:
        return []
    told, _ = compared(a, b)
    facts = [_cap(each.told) for each in told.changed if each.told]
    return [told.explanation.sentence, *facts][: MOST_CHANGES + 1]


def _title(event: str, incident: Incident) -> str:
    what = "cobrowse could work again" if event == messages.RECOVERED else causes.title_of(incident.cause)
    return f"{incident.client.name}: {what[0].lower()}{what[1:]}"


def _sentences(event: str, incident: Incident, told: IncidentSummary) -> list[str]:
    if event == messages.RECOVERED:
        ended = _ended(incident)
        lasted = duration_in_words(ended - told.broke_at, units=2)
        return [
            f"It was broken for {lasted}, from {_at(told.broke_at, told)} to {_at(ended, told)}.",
            f"What was wrong: {_plain(incident.sentence or causes.title_of(incident.cause))}",
            "It came and went, so the end was told only after many good runs in a row." if told.flapping else "",
        ]
    if event == messages.ENDED:
        why = "the client is retired" if incident.client.is_retired else "its schedule is gone"
        return [f"Nobody looks at it any more: {why}. Whether it is mended is not known."]
    remedy = _verdict(incident.last_run).get("remedy")
    lasted = duration_in_words(told.now - told.broke_at, units=2)
    since = f"It is broken for {lasted}, since {_at(told.broke_at, told)}."
    return [
        incident.sentence,
        since if event == messages.REMINDER else told.agreed,
        "It has come and gone several times in a day: the next end is told only after many good runs in a row."
        if told.flapping
        else "",
        f"To mend it: {_plain(remedy)}" if isinstance(remedy, str) and remedy else "",
    ]


def _changes(event: str, incident: Incident) -> Sequence[str]:
    if event in (messages.REMINDER, messages.ENDED):
        return ()
    part = "mended" if event == messages.RECOVERED else "broke"
    return [str(each.get("sentence", "")) for each in incident.changes if each.get("at") == part][:MOST_CHANGES]


def _facts(event: str, incident: Incident, told: IncidentSummary) -> list[tuple[str, str]]:
    client = incident.client
    facts = [
        ("Client", line(client.name)),
        ("Org", line(client.org_name)),
        ("Used for", _tier(client)),
        ("Schedule", line(incident.schedule.name) if incident.schedule else ""),
        ("Cause", incident.cause),
        ("Broken since", _at(told.broke_at, told)),
        ("Right again", _at(_ended(incident), told) if event == messages.RECOVERED else ""),
    ]
    return [(label, value) for label, value in facts if value]


def _ended(incident: Incident) -> datetime:
    good = incident.good_run
    if incident.closed_at is None:
        return incident.began_at
    return (good.finished_at or good.created_at) if good is not None else incident.closed_at


def _tier(client: OAuthClient) -> str:
    return client.get_tier_display() if client.tier else ""


def _verdict(run: Run | None) -> dict[str, object]:
    return run.verdict if run is not None and isinstance(run.verdict, dict) else {}


def _at(at: datetime, told: IncidentSummary) -> str:
    return moment(at.astimezone(ZoneInfo(told.zone)))


def _plain(text: object) -> str:
    return str(text).strip()


def _cap(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""
