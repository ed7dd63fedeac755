"""One message, before any channel gives it its form: what happened, since when, how long, what changed, where to look."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

OPENED, CHANGED, REMINDER, RECOVERED, ENDED, TEST = "opened", "changed", "reminder", "recovered", "ended", "test"
HEADS = {
    OPENED: "Broken",
    CHANGED: "Broken otherwise",
    REMINDER: "Still broken",
    RECOVERED: "Recovered",
    ENDED: "No longer looked at",
    TEST: "Test",
}
OVER = frozenset({RECOVERED, ENDED})
LONGEST_LINE = 400


@dataclass(frozen=True)
class Message:
    """Plain text of known length in every field, times as ISO 8601. `thread` is the same from the first to the last
    message about one break; `critical` says that the org is a production one."""

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
    tier: str = ""
    schedule: str = ""
    run: int | None = None
    incident: int | None = None
    thread: str = ""

    @property
    def subject(self) -> str:
        """One line, for wherever there is room for one only."""
        return line(f"{HEADS.get(self.event, 'News')}: {self.title}", 200)

    @property
    def is_over(self) -> bool:
        return self.event in OVER

    @property
    def is_test(self) -> bool:
        return self.event == TEST

    @property
    def is_critical(self) -> bool:
        return self.tier == "production"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Message":
        """What an older version stored without a field has that field's default."""
        known = {each.name: stored[each.name] for each in fields(cls) if each.name in stored}
        for name in ("sentences", "changes"):
            known[name] = tuple(known.get(name) or ())
        known["facts"] = tuple((str(label), str(value)) for label, value in known.get("facts") or ())
        return cls(**{"event": TEST, "title": "", **known})


def line(text: str, longest: int = LONGEST_LINE) -> str:
    """One line without control characters: what an org or a person wrote cannot add a header, nor a second line."""
    shown = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def moment(at: datetime) -> str:
    """With its zone, since a message is read anywhere."""
    return f"{at.day} {at:%b %Y, %H:%M %Z}"


def plain_text(message: Message) -> str:
    """The whole of it without any form."""
    parts = ["\n".join(line(each) for each in (message.title, *message.sentences) if each)]
    if message.changes:
        parts.append("What changed:\n" + "\n".join(f"- {line(each)}" for each in message.changes))
    if message.facts:
        parts.append("\n".join(f"{line(label, 60)}: {line(value)}" for label, value in message.facts))
    if message.link:
        parts.append(message.link)
    return "\n\n".join(parts) + "\n"
