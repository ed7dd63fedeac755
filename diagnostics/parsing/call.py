"""The failing call and its response, as values."""

import json
import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

from diagnostics.parsing.data_action import backend_message, wrapped_message, wrapped_status
from diagnostics.text.cleaning import read_json as read_clean_json

# A base URL that a program put before a whole URL.
JOINED_BASE = re.compile(r"^https?://[\w.-]{1,200}(?=https?://)", re.IGNORECASE)

NoteKind = Literal["taken", "guessed", "dropped", "masked"]


@dataclass(frozen=True)
class JsonFault:
    """The place where a body stops being JSON: line and column, both from 1, and the parser's message."""

    line: int
    column: int
    message: str


@dataclass(frozen=True)
class FailingCall:
    """The call that the user pasted, with every secret masked.

    `method` is in upper case, "" if not given. `url` is as pasted: it may be a bare path and may contain placeholders.
    `body` is the text as sent, None for no body. `sdk_method` is the SDK method or the `gc` command that made the call;
    `url` is "" if no published operation has that name. `variables` are the placeholders in `url` that a running program
    would fill, such as `{conversationId}`. `as_sent` is true for a recorded request, in which no shell fills anything.
    `from_screenshot` is true if misread letters were corrected, so that the host and the path prove nothing.
    `body_unknown` is true if the text doesn't show whether the call had a body, as a line of a log doesn't. `id_masked` is
    true if the place of the conversation ID held something that was masked, such as a phone number, so no ID.
    `token_region` is the key of the region whose login host issued the token according to the text, if that is another
    one than the call's and the token was refused.
    """

    method: str = ""
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    sdk_method: str = ""
    variables: tuple[str, ...] = ()
    as_sent: bool = False
    from_screenshot: bool = False
    body_unknown: bool = False
    id_masked: bool = False
    token_region: str = ""

    @property
    def split(self) -> SplitResult:
        """The parts of the URL. Text that isn't a URL is all path."""
        text = self.url.strip().replace("#{", "%23{")  # a variable of Ruby, not a fragment
        text = JOINED_BASE.sub(r"\g<0>/", text, count=1)
        if text and "://" not in text and not text.startswith("/") and _is_like_host(text):
            text = f"//{text}"
        try:
            parts = urlsplit(text)
            parts.port  # noqa: B018  (raises ValueError for a bad port)
        except ValueError:
            return SplitResult("", "", text, "", "")
        return parts

    @property
    def scheme(self) -> str:
        return self.split.scheme.lower()

    @property
    def host(self) -> str:
        """The host in lower case, with the port unless it is the scheme's default; "" for a bare path."""
        parts = self.split
        name = (parts.hostname or "").lower().removesuffix(".")
        implied = {"https": 443, "http": 80}.get(self.scheme or "https")
        return f"{name}:{parts.port}" if name and parts.port not in (None, implied) else name

    @property
    def path(self) -> str:
        return self.split.path

    @property
    def query(self) -> str:
        return self.split.query

    def header(self, name: str) -> str | None:
        """The value of the first header with that name, in upper or lower case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self) -> tuple[Any, JsonFault | None]:
        """The body as JSON, or the place where it stops being JSON. (None, None) for no body."""
        return read_json(self.body)


@dataclass(frozen=True)
class ReceivedResponse:
    """The response that the user got. `status` is None if none arrived; `network_error` then says why."""

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    network_error: str = ""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self) -> tuple[Any, JsonFault | None]:
        return read_json(self.body)

    @property
    def of_the_api(self) -> "ReceivedResponse":
        """The API's response if a data action wrapped it in its own 400, else this response.

        The body is the error that the message quotes, else the words of the message. The headers, with the correlation ID,
        are unchanged.
        """
        data, _ = self.json()
        message = wrapped_message(data)
        inner = wrapped_status(data) if message else None
        if inner is None or self.status not in (400, inner):
            return self
        quoted = _first_object(message)
        plain = {"message": backend_message(message), "code": "", "contextId": data.get("contextId")}
        body = quoted if "code" in quoted else plain
        return replace(self, status=inner, body=json.dumps(body))


def _first_object(text: str) -> dict[str, Any]:
    """The first JSON object in a text; {} for none."""
    for start in islice(re.finditer(r"\{", text), 5):
        try:
            found, _ = json.JSONDecoder().raw_decode(text, start.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return {}


@dataclass(frozen=True)
class Note:
    """One step of parsing a paste, as a short sentence for the page."""

    kind: NoteKind
    what: str


@dataclass(frozen=True)
class Choice:
    """One of several calls in a paste: the index to pass to `parse_call`, and its label on the page."""

    index: int
    label: str


@dataclass(frozen=True)
class Parsed:
    """The call and the response in a paste. `form` is the format of the call: curl, raw_http, json, short, har, ...

    `choices` are the calls of a paste with several, () for one; `chosen` is the index of the parsed one. `region` is the
    key of the region that the call's host or else the text names, "" for none. `time` is that of the failure: ISO 8601 in
    UTC, or without a zone if the text has none, or "".
    """

    call: FailingCall | None = None
    response: ReceivedResponse | None = None
    conversation_id: str = ""
    notes: tuple[Note, ...] = ()
    form: str = ""
    choices: tuple[Choice, ...] = ()
    chosen: int = 0
    region: str = ""
    time: str = ""


class Unreadable(Exception):
    """The pasted text has no call. str() is the sentence for the page: what, why, what to do."""


def read_json(text: str | None) -> tuple[Any, JsonFault | None]:
    """The cleaned JSON value of a body, or the place where it stops being JSON."""
    if text is None or not text.strip():
        return None, None
    try:
        return read_clean_json(text), None
    except json.JSONDecodeError as error:
        return None, JsonFault(error.lineno, error.colno, error.msg)
    except ValueError as error:  # nested too deeply, or a number of a million digits
        return None, JsonFault(1, 1, str(error) or "nested too deeply")


def _is_like_host(text: str) -> bool:
    first = text.split("/", 1)[0]
    return "." in first and " " not in first and "{" not in first
