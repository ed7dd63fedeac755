"""`GET /api/v2/conversations/{conversationId}`: communications, divisions, and fields that can't be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from diagnostics.genesys.fields import boolean, field, identifier, items, mapping, mappings, moment, text, word
from diagnostics.genesys.response import OrgResponse, UnreadableResponse

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


@dataclass(frozen=True)
class Conversation:
    """`source_providers` are the values of `provider` in any list of a participant, such as "PureCloud Messaging".

    `unreadable` are the fields of the wrong type, among those that decide who is connected and by which medium. With one
    of them, the conversation proves neither, because the unreadable communication could be the live one.
    """

    communications: tuple[Communication, ...] = ()
    divisions: tuple[str, ...] = ()
    source_providers: frozenset[str] = frozenset()
    ended_at: str = ""
    unreadable: tuple[str, ...] = ()

    @classmethod
    def parse(cls, response: OrgResponse) -> Self | UnreadableResponse:
        data = response.data
        if not response.ok or items(data, "participants") is None:
            return UnreadableResponse(response)
        ids = (identifier(entry, "division", "id") for entry in mappings(data, "divisions"))
        return cls(
            communications=tuple(_communications(data)),
            divisions=tuple(id for id in ids if id),
            source_providers=frozenset(_source_providers(data)),
            ended_at=text(data, "endTime"),
            unreadable=tuple(_unreadable_fields(data)),
        )

    @property
    def live(self) -> list[Communication]:
        return [communication for communication in self.communications if not communication.is_ended]


def _communications(conversation: dict[str, Any]) -> Iterator[Communication]:
    for number, participant in enumerate(mappings(conversation, "participants")):
        for kind in KINDS:
            for item in mappings(participant, kind):
                yield Communication(
                    participant=text(participant, "id") or str(number),
                    purpose=word(participant, "purpose").lower(),
                    kind=(word(item, "type").lower() or "unknown") if kind == MESSAGES else kind,
                    state=word(item, "state").lower(),
                    provider=text(item, "provider"),
                    is_on_hold=boolean(item, "held") is True,
                )


def _source_providers(conversation: dict[str, Any]) -> Iterator[str]:
    for participant in mappings(conversation, "participants"):
        for name in participant:
            for item in mappings(participant, name):
                if provider := text(item, "provider", limit=120):
                    yield provider


def _unreadable_fields(conversation: dict[str, Any]) -> Iterator[str]:
    if field(conversation, "endTime") is not None and moment(conversation, "endTime") is None:
        yield "endTime"
    for number, participant in enumerate(items(conversation, "participants") or ()):
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


def conversation_at(conversation: dict[str, Any], at: datetime) -> dict[str, Any] | None:
    """The conversation as it was at that time, by the times of its communications; None if they don't show it."""
    started, ended = moment(conversation, "startTime"), moment(conversation, "endTime")
    participants = []
    for participant in mappings(conversation, "participants"):
        lists = {kind: [_communication_at(item, at) for item in mappings(participant, kind)] for kind in KINDS}
        if any(UNKNOWN_TIME in listed for listed in lists.values()):
            return None
        participants.append({**participant, **{kind: [item for item in lists[kind] if item] for kind in KINDS}})
    if started is None or started > at:
        return None
    is_over = ended is not None and ended <= at
    return {**conversation, "participants": participants, "endTime": conversation["endTime"] if is_over else None}


UNKNOWN_TIME: dict[str, Any] = {"state": ""}


def _communication_at(item: dict[str, Any], at: datetime) -> dict[str, Any]:
    """The communication with its state at that time; {} before it began."""
    connected, ended = moment(item, "connectedTime"), moment(item, "disconnectedTime")
    began = moment(item, "startAlertingTime") or connected
    if began is None or (ended is None and word(item, "state").lower() in ENDED):
        return UNKNOWN_TIME
    if began > at:
        return {}
    if ended is not None and ended <= at:
        return item
    if connected is None or connected > at:
        return {**item, "state": "alerting"}
    return {**item, "state": "connected"} if ended is not None else item
