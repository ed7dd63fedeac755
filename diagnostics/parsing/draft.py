"""A call and its response before their secrets are masked. A draft never leaves `diagnostics.parsing`."""

import base64
import re
from dataclasses import dataclass, field, replace
from typing import Any

from diagnostics.parsing.call import Note, NoteKind
from diagnostics.text.cleaning import clean_json

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
MAX_HEADERS = 200

Headers = list[tuple[str, str]]


class ComposedBody(str):
    """An error body assembled from the fields of a log, so not as the API sent it."""

    __slots__ = ()


@dataclass
class DraftResponse:
    status: int | None = None
    headers: Headers = field(default_factory=list, repr=False)
    body: str | None = field(default=None, repr=False)
    network_error: str = field(default="", repr=False)


@dataclass
class Draft:
    """A call, a response, or both. There is no call if `url` and `sdk_method` are empty.

    `conversation_id` is an ID that the call names outside its URL. `secrets` are raw values that were encoded or dropped
    while reading, to be masked wherever else they occur. `variables` are those of FailingCall, `literals` variables that
    a shell sends as written. `token_region` is that of FailingCall. `is_described` is true for a call of an API description,
    which nobody sent. `time` is that of the log or HAR, as in `times`.
    """

    form: str
    method: str = ""
    url: str = field(default="", repr=False)
    headers: Headers = field(default_factory=list, repr=False)
    body: str | None = field(default=None, repr=False)
    response: DraftResponse | None = None
    notes: list[Note] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list, repr=False)
    sdk_method: str = ""
    conversation_id: str = ""
    variables: tuple[str, ...] = ()
    literals: tuple[str, ...] = ()
    from_screenshot: bool = False
    body_unknown: bool = False
    token_region: str = ""
    is_described: bool = False
    time: str = ""

    @property
    def has_call(self) -> bool:
        return bool(self.url or self.sdk_method)

    @property
    def status(self) -> int | None:
        """The status of the response: 0 if none arrived, None if it isn't known."""
        if self.response is None:
            return None
        return 0 if self.response.network_error else self.response.status

    def clean(self) -> None:
        """Cleans the values: escapes in the text were decoded after the text was cleaned."""
        self.method, self.url, self.sdk_method = map(clean_json, (self.method, self.url, self.sdk_method))
        self.headers, self.body, self.conversation_id = (
            _clean_headers(self.headers),
            clean_json(self.body),
            clean_json(self.conversation_id),
        )
        self.secrets, self.variables = clean_json(self.secrets), tuple(clean_json(self.variables))
        self.notes = [Note(note.kind, clean_json(note.what)) for note in self.notes]
        if self.response is not None:
            self.response.headers = _clean_headers(self.response.headers)
            self.response.body = clean_json(self.response.body)
            self.response.network_error = clean_json(self.response.network_error)

    def note_composed_body(self) -> None:
        if self.response is not None and isinstance(self.response.body, ComposedBody):
            self.note("guessed", "The response body was put together from log fields.")

    def note(self, kind: NoteKind, what: str) -> None:
        self.notes.append(Note(kind, what))

    def note_unknown(self, part: str, variable: str) -> None:
        """`part` is a subject with its verb, such as "The body is"."""
        self.body_unknown = self.body_unknown or "body" in part
        self.note("dropped", f"{part} in the variable {variable}, whose value is not in the text.")

    def remove_notes(self, words: str) -> None:
        """Removes the notes that contain `words`."""
        self.notes = [note for note in self.notes if words not in note.what]

    def default_method(self, client: str) -> None:
        """Sets the method that an HTTP client sends by default."""
        if not self.method:
            self.method = "GET"
            self.note("guessed", f"No method was given; {client} then sends GET.")

    def default_content_type(self, content_type: str, client: str) -> None:
        """Adds the Content-Type that an HTTP client sends by default; "" for none."""
        if content_type and self.header("Content-Type") is None:
            self.headers.append(("Content-Type", content_type))
            self.note("guessed", f"No Content-Type was given; {client} then sends {content_type.partition(';')[0]}.")

    def add_basic_auth(self, credentials: str) -> None:
        """`credentials` is user:password."""
        encoded = base64.b64encode(credentials.encode("utf-8", "replace")).decode()
        self.headers.append(("Authorization", f"Basic {encoded}"))

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def uncut(url: str, text: str, end: int) -> str:
    """The address, with an ellipsis if it ends at an expression that isn't a part of an address."""
    return f"{url}…" if url.endswith("/") and text[end : end + 1] in tuple("{<[(@#$") else url


def copy_of(draft: Draft) -> Draft:
    """A copy of the draft with its own list of notes."""
    return replace(draft, notes=list(draft.notes))


def _clean_headers(headers: Headers) -> Headers:
    return [(clean_json(name), clean_json(value)) for name, value in headers]


def method_in(value: Any) -> str:
    """An HTTP method in upper case; "" for a value that isn't one word of letters."""
    text = value.strip() if isinstance(value, str) else ""
    return text.upper() if re.fullmatch(r"[A-Za-z]{1,20}", text) else ""


def guess_method(draft: Draft) -> None:
    """Sets the method if it is clear from the body or the path. A wrong guess would cause a wrong verdict."""
    if draft.method:
        return
    if draft.body is not None:
        draft.method = "POST"
        draft.note("guessed", "No method was given; we assumed POST because there is a body.")
    elif draft.url.split("?")[0].endswith("/oauth/token"):
        draft.method = "POST"
        draft.note("guessed", "No method was given; we assumed POST because tokens are requested with it.")
    elif draft.url.split("?")[0].rstrip("/").endswith(("/cobrowse", "/cobrowse/sessions")):
        draft.method = "POST"
        draft.note("guessed", "No method was given; we assumed POST because it starts a session.")
    else:
        draft.note("guessed", "No method was given, so the method wasn't checked.")
