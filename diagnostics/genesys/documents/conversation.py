"""Parses `GET /api/v2/conversations/{conversationId}`: communications, divisions, and fields that can't be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diagnostics.genesys.fields import boolean, field, identifier, items, mapping, mappings, moment, text, word

MESSAGES = "messages"
# The lists of a participant, one per kind of communication. Cobrowse works with web messaging and voice.
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
    """A communication of a participant. `kind` is the message type for messages, else the name of its list."""

    participant: str
    purpose: str
    kind: str
    state: str
    provider: str
    is_on_hold: bool = False

    @property
    def is_ended(self) -> bool:
        return self.state in ENDED

    @property
    def has_cobrowse(self) -> bool:
        return self.kind in ("webmessaging", "calls")


def communications(conversation: Any) -> list[Communication]:
    """The communications in order; [] for anything that isn't a conversation."""
    return [
        Communication(
            participant=text(participant, "id") or str(number),
            purpose=word(participant, "purpose").lower(),
            kind=(word(item, "type").lower() or "unknown") if kind == MESSAGES else kind,
            state=word(item, "state").lower(),
            provider=text(item, "provider"),
            is_on_hold=boolean(item, "held") is True,
        )
        for number, participant in enumerate(mappings(conversation, "participants"))
        for kind in KINDS
        for item in mappings(participant, kind)
    ]


def divisions(conversation: Any) -> list[str]:
    """The IDs of the conversation's divisions; [] if they are unknown."""
    ids = (identifier(entry, "division", "id") for entry in mappings(conversation, "divisions"))
    return [id for id in ids if id]


def source_providers(conversation: Any) -> set[str]:
    """The values of `provider` in any list of a participant, such as "PureCloud Messaging"."""
    return {
        name
        for participant in mappings(conversation, "participants")
        for list_name in participant
        for item in mappings(participant, list_name)
        if (name := text(item, "provider", limit=120))
    }


def unreadable_fields(conversation: Any) -> list[str]:
    """The fields of the wrong type, among those that decide who is connected and by which medium.

    With one of them, the conversation proves neither, because the unreadable communication could be the live one.
    """
    return list(_unreadable_fields(conversation))


def _unreadable_fields(conversation: Any) -> Iterator[str]:
    if field(conversation, "endTime") is not None and moment(conversation, "endTime") is None:
        yield "endTime"
    participants = items(conversation, "participants")
    if participants is None:
        yield "participants"
    for number, participant in enumerate(participants or ()):
        path = f"participants[{number}]"
        if not isinstance(participant, dict):
            yield path
            continue
        if not word(participant, "purpose"):
            yield f"{path}.purpose"
        yield from _unreadable_kinds(participant, path)


def _unreadable_kinds(participant: dict[str, Any], path: str) -> Iterator[str]:
    for kind in KINDS:
        if participant.get(kind) is None:
            continue
        listed = items(participant, kind)
        if listed is None:
            yield f"{path}.{kind}"
        for number, item in enumerate(listed or ()):
            if not mapping(item):
                yield f"{path}.{kind}[{number}]"
            elif not word(item, "state"):
                yield f"{path}.{kind}[{number}].state"
