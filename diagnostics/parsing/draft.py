"""What a form reader saw, before masking. A draft never leaves `diagnostics.parsing`."""

from dataclasses import dataclass, field, replace

from diagnostics.parsing.call import Note, NoteKind
from diagnostics.text.cleaning import clean_json

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
MAX_HEADERS = 200

Headers = list[tuple[str, str]]


class ComposedBody(str):
    """An error body put together from fields of a log, which is not how the API sent it."""

    __slots__ = ()


@dataclass
class DraftResponse:
    status: int | None = None
    headers: Headers = field(default_factory=list, repr=False)
    body: str | None = field(default=None, repr=False)
    network_error: str = field(default="", repr=False)


@dataclass
class Draft:
    """A call (none when `url` and `sdk_method` are empty), an answer, or both.

    `conversation_id` is an id that the call names elsewhere than in its URL. `secrets` are raw values that reading met
    and encoded or dropped, to be masked wherever else they stand. `variables` are those of FailingCall.
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
    from_screenshot: bool = False

    @property
    def has_call(self) -> bool:
        return bool(self.url or self.sdk_method)

    @property
    def status(self) -> int | None:
        """Of its answer: 0 where none came, None where that is not known."""
        return None if self.response is None else 0 if self.response.network_error else self.response.status

    def clean(self) -> None:
        """Clean what an escape in the pasted text stands for: it was decoded after the text was cleaned."""
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

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def copy_of(draft: Draft) -> Draft:
    """The same draft with notes of its own."""
    return replace(draft, notes=list(draft.notes))


def _clean_headers(headers: Headers) -> Headers:
    return [(clean_json(name), clean_json(value)) for name, value in headers]


def guess_method(draft: Draft) -> None:
    """Name the method where it is plain; a wrong guess would be held against the user, so otherwise leave it out."""
    if draft.method:
        return
    if draft.body is not None:
        draft.method = "POST"
        draft.note("guessed", "No method was given; POST was taken because there is a body.")
    elif draft.url.split("?")[0].endswith("/oauth/token"):
        draft.method = "POST"
        draft.note("guessed", "No method was given; POST was taken because tokens are requested that way.")
    elif draft.url.split("?")[0].rstrip("/").endswith(("/cobrowse", "/cobrowse/sessions")):
        draft.method = "POST"
        draft.note("guessed", "No method was given; POST was taken because that is how a session is started.")
    else:
        draft.note("guessed", "No method was given, so the method is not judged.")
