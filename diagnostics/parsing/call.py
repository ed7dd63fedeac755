"""The call that failed and the answer it got, as values."""

import json
import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

from diagnostics.text.cleaning import read_json as read_clean_json

NoteKind = Literal["taken", "guessed", "dropped", "masked"]


@dataclass(frozen=True)
class JsonFault:
    """Where a body stops being JSON: 1-based line and column, and the parser's words."""

    line: int
    column: int
    message: str


@dataclass(frozen=True)
class FailingCall:
    """What the user brings. The parser has masked secrets in every field before this exists.

    `method` is upper case, "" when not given. `url` is as pasted: it may be a bare path, which has no host,
    and may hold placeholders. `body` is the text as sent, None for no body. `sdk_method` is the method of an SDK, or
    the `gc` command, that the call was made with; `url` is "" where no published operation has that name.
    `variables` are the placeholders in `url` that a running program would have filled, such as `{conversationId}`.
    `as_sent` is true for a record of what went over the wire, in which nothing is left for a shell to fill in.
    `from_screenshot` is true where letters were corrected that text recognition confuses: then neither host nor path
    proves anything.
    """

    method: str = ""
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    sdk_method: str = ""
    variables: tuple[str, ...] = ()
    as_sent: bool = False
    from_screenshot: bool = False

    @property
    def split(self) -> SplitResult:
        """The URL in parts; for text that is no URL everything is path."""
        text = self.url.strip().replace("#{", "%23{")  # a variable of Ruby, not the beginning of a fragment
        if text and "://" not in text and not text.startswith("/") and _looks_like_host(text):
            text = f"//{text}"
        try:
            parts = urlsplit(text)
            parts.port  # noqa: B018  (a bad port raises here, and nowhere later)
        except ValueError:
            return SplitResult("", "", text, "", "")
        return parts

    @property
    def scheme(self) -> str:
        return self.split.scheme.lower()

    @property
    def host(self) -> str:
        """Lower-case host, with the port unless it is the scheme's own; "" for a bare path."""
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
        """The first header of that name, in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self) -> tuple[Any, JsonFault | None]:
        """The body as JSON, or where it stops being JSON. No body is (None, None)."""
        return read_json(self.body)


@dataclass(frozen=True)
class ReceivedResponse:
    """The answer the user got, if they have it. `status` is None when there was none (`network_error` says why)."""

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
        """The API's own response where a data action wrapped it in a 400 of its own, else this one.

        The inner error body is kept where the message quotes it; the correlation ID is the outer one.
        """
        data, _ = self.json()
        if self.status != 400 or not isinstance(data, dict) or not isinstance(data.get("message"), str):
            return self
        message = data["message"][:20_000]
        if not WRAPPED.search(message) or (inner := _inner_status(message, data)) is None:
            return self
        quoted = _first_object(message)
        body = quoted if "code" in quoted else {"message": "", "code": "", "contextId": data.get("contextId")}
        return replace(self, status=inner, body=json.dumps(body))


# What a data action of Genesys Cloud says around the response of the call that it made.
WRAPPED = re.compile(r"\bREST call for action\b|\bRequest to backend service failed\b", re.IGNORECASE)


def _inner_status(message: str, data: dict[str, Any]) -> int | None:
    found = re.search(r"\bstatus(?: ?code)?\W{0,3}([1-5]\d\d)\b", message, re.IGNORECASE)
    if found:
        return int(found[1])
    details = data.get("details")
    for each in details if isinstance(details, list) else []:
        name = each.get("fieldName") if isinstance(each, dict) and each.get("errorCode") == "RESPONSE.STATUS" else None
        if isinstance(name, str) and re.fullmatch(r"[1-5]\d\d", name):
            return int(name)
    return None


def _first_object(text: str) -> dict[str, Any]:
    """The first JSON object quoted in a text, {} for none."""
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
    """One thing that reading a paste did, in one short sentence for the screen."""

    kind: NoteKind
    what: str


@dataclass(frozen=True)
class Choice:
    """One of several calls in a paste: what `parse_call` takes as its choice, and how to name it on the screen."""

    index: int
    label: str


@dataclass(frozen=True)
class Parsed:
    """What a paste held. `form` names how it was read: curl, raw_http, json, short, har, postman, code ...

    `choices` are the calls of a paste that holds several, () for one; `chosen` is the index of the one that was read.
    `region` is the key of the region that the call's host, or else the text, names; "" where neither does.
    """

    call: FailingCall | None = None
    response: ReceivedResponse | None = None
    conversation_id: str = ""
    notes: tuple[Note, ...] = ()
    form: str = ""
    choices: tuple[Choice, ...] = ()
    chosen: int = 0
    region: str = ""


class Unreadable(Exception):
    """The pasted text is no call. str() is the sentence for the screen: what, why, what to do."""


def read_json(text: str | None) -> tuple[Any, JsonFault | None]:
    """The cleaned value of a body, or where it stops being JSON."""
    if text is None or not text.strip():
        return None, None
    try:
        return read_clean_json(text), None
    except json.JSONDecodeError as trouble:
        return None, JsonFault(trouble.lineno, trouble.colno, trouble.msg)
    except ValueError as trouble:  # nested too deeply, or a number of a million digits
        return None, JsonFault(1, 1, str(trouble) or "nested too deeply")


def _looks_like_host(text: str) -> bool:
    first = text.split("/", 1)[0]
    return "." in first and " " not in first and "{" not in first
