"""The inputs of a run, as values and as the JSON that the database stores."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from diagnostics.genesys.paths import UUID
from diagnostics.parsing.call import Choice, FailingCall, Note, Parsed, ReceivedResponse, Unreadable
from diagnostics.parsing.parse import PastedCall, masked_text, parse_response
from diagnostics.parsing.times import as_moment, exact_utc
from diagnostics.text import time_budget
from diagnostics.text.cleaning import clean_line, clean_text

MAX_NOTE = 2000
# Formats that record a sent request; the others describe a request that a person or a program would send.
RECORDS = frozenset({"json", "raw_http", "har"})
# A conversation ID alone, or the link to its page in Genesys Cloud.
CONVERSATION_ALONE = re.compile(
    rf"(?:conversation(?: ?id)?\s{{0,3}}[:=]?\s{{0,3}}|https://apps\.\S{{1,200}}/interactions/)?[\"'`<]?(?P<id>{UUID.pattern})[\"'`>]?(?:/\S{{0,100}})?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Inputs:
    """A failing call, its response, a conversation ID and a note; each may be missing. Contains no secrets.

    `start` is true only if a person confirmed that a live customer is offered a session. `company_gateway` is the one of
    the client when the run was created. `partial` is the sentence to show if only a part of the paste was parsed, else "".
    `failed_at` is the time of the failure: ISO 8601 in UTC, or without a zone if the paste has none, or "".
    """

    call: FailingCall | None = None
    response: ReceivedResponse | None = None
    conversation_id: str = ""
    note: str = ""
    start: bool = False
    company_gateway: str = ""
    partial: str = ""
    failed_at: str = ""

    @classmethod
    def from_paste(
        cls, call_text: str, answer_text: str = "", conversation_id: str = "", note: str = ""
    ) -> "tuple[Inputs, tuple[Note, ...]]":
        """Parses pasted texts. Raises Unreadable, whose text is the sentence to show."""
        reading = read_paste(call_text, answer_text, conversation_id, note)
        return reading.inputs, reading.notes

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Inputs":
        call, response = data.get("call"), data.get("answer")
        return cls(
            call=_call(call) if call else None,
            response=ReceivedResponse(
                response["status"], _pairs(response["headers"]), response["body"], response["network_error"]
            )
            if response
            else None,
            conversation_id=data.get("conversation_id", ""),
            note=data.get("note", ""),
            start=data.get("start") is True,
            company_gateway=data.get("company_gateway", ""),
            partial=data.get("partial", ""),
            failed_at=data.get("failed_at", ""),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "call": _as_dict(
                self.call,
                "method",
                "url",
                "headers",
                "body",
                "sdk_method",
                "variables",
                "as_sent",
                "from_screenshot",
                "body_unknown",
                "id_masked",
                "token_region",
            ),
            "answer": _as_dict(self.response, "status", "headers", "body", "network_error"),
            "conversation_id": self.conversation_id,
            "note": self.note,
            "start": self.start,
            "company_gateway": self.company_gateway,
            **({"partial": self.partial} if self.partial else {}),
            **({"failed_at": self.failed_at} if self.failed_at else {}),
        }

    @property
    def given(self) -> frozenset[str]:
        """The names of the inputs that are present, as in a check's `needs`."""
        values = {
            "call": self.call,
            "answer": self.response,
            "conversation": self.call or self.conversation_id,
            "start": self.start,
            "company_gateway": self.company_gateway,
        }
        return frozenset(word for word, value in values.items() if value)


@dataclass(frozen=True)
class ParsedPaste:
    """The result of parsing a paste. `choices` are its calls if it has several; `chosen` is the index of the parsed one.

    `form` and `region` are those of `Parsed`, "" if the text is no call.
    """

    inputs: Inputs
    notes: tuple[Note, ...] = ()
    choices: tuple[Choice, ...] = ()
    chosen: int = 0
    form: str = ""
    region: str = ""


def read_paste(
    call_text: str | PastedCall,
    answer_text: str = "",
    conversation_id: str = "",
    note: str = "",
    choice: int | None = None,
) -> ParsedPaste:
    """Parses pasted texts within one time budget. `choice` is that of parse_call.

    Raises Unreadable, whose text is the sentence to show.
    """
    with time_budget.limited():
        return _read_paste(call_text, answer_text, conversation_id, note, choice)


def _read_paste(
    call_text: str | PastedCall, answer_text: str, conversation_id: str, note: str, choice: int | None
) -> ParsedPaste:
    found, call, response, time = Parsed(), None, None, ""
    notes: tuple[Note, ...] = ()
    pasted = PastedCall(call_text) if isinstance(call_text, str) else call_text
    alone = CONVERSATION_ALONE.fullmatch(pasted.text.strip()[:500])
    if alone:
        conversation_id = conversation_id.strip() or alone["id"]
    elif pasted.text.strip():
        found = pasted.parsed(choice)
        call, response, conversation_id = values_of(found, conversation_id)
        notes, time = found.notes, found.time
    if answer_text.strip():
        given = parse_response(answer_text)
        response, notes, time = given.response, (*notes, *given.notes), given.time or time
    notes = (*notes, *_notes_of_time(time))
    partial = time_budget.PARTIAL if any(item.what == time_budget.PARTIAL for item in notes) else ""
    inputs = Inputs(call, response, _clean_id(conversation_id), _clean_note(note), partial=partial, failed_at=time)
    return ParsedPaste(inputs, notes, found.choices, found.chosen, found.form, found.region)


def _notes_of_time(time: str) -> Iterator[Note]:
    if moment := as_moment(time):
        yield Note("taken", f"Time of the failure: {exact_utc(moment)}.")
    elif time:
        sentence = f"The time of the failure, {time.replace('T', ' ')}, has no time zone, so it isn't used."
        yield Note("dropped", sentence)


def values_of(found: Parsed, conversation_id: str = "") -> tuple[FailingCall | None, ReceivedResponse | None, str]:
    """The call, its response and the conversation ID, which is "" if the call names the conversation."""
    call = found.call
    if call is not None and found.form in RECORDS:
        call = replace(call, as_sent=True)
    if call is None or not call.url or call.variables:
        conversation_id = conversation_id.strip() or found.conversation_id
    return call, found.response, conversation_id


def _clean_id(text: str) -> str:
    """The conversation ID as typed, without quotes and spaces around it."""
    text = clean_line(text).strip().strip("\"'<>`")
    if len(text) > 200 or not text.isprintable():
        raise Unreadable(
            "The conversation id is longer than 200 characters or holds unprintable ones. "
            "It is a UUID such as 5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11: paste that alone."
        )
    return masked_text(text)


def _call(row: Mapping[str, Any]) -> FailingCall:
    """The call of a stored row; older rows lack some of the fields."""
    return FailingCall(
        method=row["method"],
        url=row["url"],
        headers=_pairs(row["headers"]),
        body=row["body"],
        sdk_method=row.get("sdk_method", ""),
        variables=tuple(row.get("variables", ())),
        as_sent=row.get("as_sent", False),
        from_screenshot=row.get("from_screenshot", False),
        body_unknown=row.get("body_unknown", False),
        id_masked=row.get("id_masked", False),
        token_region=row.get("token_region", ""),
    )


def _clean_note(text: str) -> str:
    return masked_text(clean_text(text).strip()[:MAX_NOTE])


def _pairs(items: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in items)


def _as_dict(value: object, *names: str) -> dict[str, Any] | None:
    if value is None:
        return None
    found = {name: getattr(value, name) for name in names}
    lists = {name: list(item) for name, item in found.items() if isinstance(item, tuple)}
    return {**found, **lists, "headers": [list(pair) for pair in found["headers"]]}
