"""An alert before a channel renders it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from diagnostics.monitoring.models import Delivery

OPENED, CHANGED, REMINDER, RECOVERED, ENDED, TEST = "opened", "changed", "reminder", "recovered", "ended", "test"
EVENT_TITLES: dict[str, str] = {**dict(Delivery.Event.choices), "issue.new": "New issue"}
END_EVENTS = frozenset({RECOVERED, ENDED})
MAX_LINE = 400


@dataclass(frozen=True)
class Message:
    """Every field is plain text of limited length, times are ISO 8601.

    `thread` is the same for all messages about one outage.
    """

    event: str
    title: str
    sentences: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    changes: tuple[str, ...] = ()
    link: str = ""
    at: str = ""
    began_at: str = ""
    ended_at: str = ""
    cause: str = ""
    certainty: str = ""
    client: str = ""
    org: str = ""
    environment: str = ""
    schedule: str = ""
    run: int | None = None
    incident: int | None = None
    thread: str = ""
    issue: int | None = None
    status: str = ""  # of the run or the issue
    kind: str = ""  # of the run
    branch: str = ""  # the check that a run repeated, "" for a whole run
    conversation: str = ""
    target: str = ""  # of the issue
    assignee: str = ""
    accepted_until: str = ""

    @property
    def subject(self) -> str:
        return one_line(f"{EVENT_TITLES.get(self.event, 'Alert')}: {self.title}", 200)

    @property
    def is_over(self) -> bool:
        return self.event in END_EVENTS

    @property
    def is_test(self) -> bool:
        return self.event == TEST

    @property
    def is_critical(self) -> bool:
        return self.environment == "production"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Message":
        """A field that an older version didn't store gets its default."""
        known = {field.name: stored[field.name] for field in fields(cls) if field.name in stored}
        for name in ("sentences", "changes"):
            known[name] = tuple(known.get(name) or ())
        known["facts"] = tuple((str(label), str(value)) for label, value in known.get("facts") or ())
        return cls(**{"event": TEST, "title": "", **known})


def one_line(text: str, longest: int = MAX_LINE) -> str:
    """One line without control characters, so that text from an org or a person can't add a header or a line."""
    shown = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def format_time(at: datetime) -> str:
    """For example "28 Nov 2026, 06:17 UTC"."""
    return f"{at.day} {at:%b %Y, %H:%M %Z}"


def plain_text(message: Message) -> str:
    parts = ["\n".join(one_line(sentence) for sentence in (message.title, *message.sentences) if sentence)]
    if message.changes:
        parts.append("What changed:\n" + "\n".join(f"- {one_line(change)}" for change in message.changes))
    if message.facts:
        parts.append("\n".join(f"{one_line(label, 60)}: {one_line(value)}" for label, value in message.facts))
    if message.link:
        parts.append(message.link)
    return "\n\n".join(parts) + "\n"
