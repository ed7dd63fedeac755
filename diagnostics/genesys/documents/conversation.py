"""Reads `GET /api/v2/conversations/{conversationId}`: its communications and divisions, and what of it can't be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diagnostics.genesys.fields import boolean, field, identifier, items, mapping, mappings, moment, text, word

MESSAGES = "messages"
# The lists of a participant, one per kind of communication. Cobrowse is for web messaging and voice.
KINDS = (
    MESSAGES,
    "calls",
    "chats",
    "emails",
    "callbacks",
    "cobrowsesessions",
    "screenshares",
    "videos",
    "socialExpressions",
)
ENDED = frozenset({"disconnected", "terminated"})


@dataclass(frozen=True)
class Communication:
    """One communication of one participant. `kind` is the type of message for messages, else the name of its list."""

    participant: str
    purpose: str
    kind: str
    state: str
    provider: str
    held: bool = False

    @property
    def is_ended(self) -> bool:
        return self.state in ENDED

    @property
    def has_cobrowse(self) -> bool:
        return self.kind in ("webmessaging", "calls")


def communications(conversation: Any) -> list[Communication]:
    """In their order; [] for anything that is not shaped like a conversation."""
    return [
        Communication(
            participant=text(participant, "id") or str(number),
            purpose=word(participant, "purpose").lower(),
            kind=(word(each, "type").lower() or "unknown") if kind == MESSAGES else kind,
            state=word(each, "state").lower(),
            provider=text(each, "provider"),
            held=boolean(each, "held") is True,
        )
        for number, participant in enumerate(mappings(conversation, "participants"))
        for kind in KINDS
        for each in mappings(participant, kind)
    ]


def divisions(conversation: Any) -> list[str]:
    """The IDs of the divisions that a conversation belongs to; [] when it doesn't say."""
    found = (identifier(each, "division", "id") for each in mappings(conversation, "divisions"))
    return [each for each in found if each]


def source_providers(conversation: Any) -> set[str]:
    """The strings that any list of a participant names as `provider`, such as "PureCloud Messaging"."""
    return {
        name
        for participant in mappings(conversation, "participants")
        for list_name in participant
        for each in mappings(participant, list_name)
        if (name := text(each, "provider", most=120))
    }


def unreadable_fields(conversation: Any) -> list[str]:
    """The fields that are there but not of their type, where they decide who is connected and by which medium.

    Such a conversation proves nothing of either: what can't be read could be the very leg that is live.
    """
    return list(_unreadable_fields(conversation))


def _unreadable_fields(conversation: Any) -> Iterator[str]:
    if field(conversation, "endTime") is not None and moment(conversation, "endTime") is None:
        yield "endTime"
    participants = items(conversation, "participants")
    if participants is None:
        yield "participants"
    for number, participant in enumerate(participants or ()):
        place = f"participants[{number}]"
        if not isinstance(participant, dict):
            yield place
            continue
        if not word(participant, "purpose"):
            yield f"{place}.purpose"
        yield from _unreadable_kinds(participant, place)


def _unreadable_kinds(participant: dict[str, Any], place: str) -> Iterator[str]:
    for kind in KINDS:
        if participant.get(kind) is None:
            continue
        listed = items(participant, kind)
        if listed is None:
            yield f"{place}.{kind}"
        for number, each in enumerate(listed or ()):
            if not mapping(each):
                yield f"{place}.{kind}[{number}]"
            elif not word(each, "state"):
                yield f"{place}.{kind}[{number}].state"
