"""Reads calls of HTTP clients in code: fetch, axios, XMLHttpRequest, jQuery, requests, httpx, HttpClient."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import quote_plus

from diagnostics.parsing.call import Note
from diagnostics.parsing.candidates import MAX_CANDIDATES, CallSpan
from diagnostics.parsing.draft import MAX_HEADERS, METHODS, Draft, method_in
from diagnostics.parsing.literals import Code
from diagnostics.parsing.python_code import PythonCode
from diagnostics.parsing.response_text import find_response
from diagnostics.parsing.values import (
    CLOSE,
    MARKED,
    OPEN,
    Arguments,
    UnknownValue,
    json_of,
    pairs_of,
    text_of,
    without_marks,
)
from diagnostics.text import time_budget

CALL = re.compile(
    r"(?<![\w$.])(?:(?P<alone>fetch|axios|nodeFetch|HttpRequestMessage|http\.NewRequest(?:WithContext)?|(?:\$|jQuery)\.ajax|\$http)"
    r"|(?P<owner>[A-Za-z_$][\w$]*(?:\(\))?(?:\.[A-Za-z_$][\w$]*(?:\(\))?){0,3})"
    r"\.(?P<verb>(?i:get|post|put|patch|delete|head|options)(?:As(?:Json)?Async|Async)?|request|ajax|fetch|open))"
    r"\s*(?:<[\w\s,.\[\]]{0,60}>)?\("
)
SERVERS = frozenset({"app", "router", "server", "blueprint", "bp", "express"})  # they define a route
PYTHONS = ("requests", "httpx", "session", "aiohttp")
PYTHON_SIGNS = re.compile(
    r"\bimport (?:requests|httpx|aiohttp|http\.client)\b|PureCloudPlatformClientV2|^[ \t]*(?:def|with|print\()", re.M
)
ADDRESS = re.compile(
    rf"(?:https?://|/|{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}/|(?:api|login|apps)\.|api/v2/)[^\s]{{1,8000}}", re.IGNORECASE
)
LEADING_HOLE = re.compile(rf"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}(?=/)")
HEADER_SET = re.compile(r"\.(?:setRequestHeader|Headers?\.(?:Add|Set)|DefaultRequestHeaders\.Add|addHeader)\s*\(")
IN_TEMPLATE = re.compile(r"\$\{[\w.]{1,80}\}")
CONNECTION = re.compile(r"conn|connection", re.IGNORECASE)
TAKES_OPTIONS = re.compile(r"got|ky")  # clients whose second argument has the body under a name
METHOD_CONSTANT = re.compile(r"(?:HttpMethod\.|http\.Method)([A-Za-z]+)")  # of C# and Go
PREPARED = ("HttpRequestMessage",)
SENT = re.compile(r"\.send\s*\(")


@dataclass(frozen=True)
class Languages:
    """A text parsed both as Python and as a language with braces; the caller chooses for each call."""

    python: PythonCode
    braces: Code
    is_python: bool

    @classmethod
    def of(cls, text: str) -> "Languages":
        return cls(PythonCode(text), Code(text), PYTHON_SIGNS.search(text) is not None)

    def arguments(self, start: int, python: bool) -> tuple[Arguments, int]:
        """The arguments of the call whose opening parenthesis ends at `start`, and its end."""
        try:
            found = self.python.arguments(start) if python else None
            return found or self.braces.arguments(start)
        except RecursionError:
            return Arguments(), start


def snippet_calls(text: str) -> list[CallSpan]:
    if not CALL.search(text):
        return []
    languages = Languages.of(text)
    calls: list[CallSpan] = []
    end = 0
    for found in time_budget.checked(CALL.finditer(text)):
        if found.start() < end or len(calls) >= MAX_CANDIDATES:
            continue
        owner = (found["owner"] or "").lower()
        if owner in SERVERS:
            continue
        python = owner.split(".")[0].split("(")[0].startswith(PYTHONS) or (bool(owner) and languages.is_python)
        given, end = languages.arguments(found.end(), python)
        request = _request(found, given)
        if request is not None:
            calls.append(CallSpan(found.start(), end, partial(_read, text, languages, request, end)))
    return calls


@dataclass(frozen=True)
class SnippetCall:
    """The request of one call of a client. `as_json` is true if the client sends `body` as JSON."""

    method: str
    url: str
    options: Mapping[str, Any]
    body: Any = None
    as_json: bool = False
    opened: bool = False


def _request(found: re.Match[str], given: Arguments) -> SnippetCall | None:
    """The request of a call; None if it has no address."""
    verb = re.sub(r"(?:AsJson)?Async$", "", found["verb"] or "").upper()
    options: dict[str, Any] = dict(given.named)
    positional = list(given.positional)
    if positional and (found["alone"] or "").endswith("WithContext"):
        del positional[0]
    first = positional[0] if positional else None
    if isinstance(first, UnknownValue) and (constant := METHOD_CONSTANT.fullmatch(first.name)):
        first = constant[1]
    method = verb if verb in METHODS else ""
    if isinstance(first, str) and first.upper() in METHODS and len(positional) > 1:
        method, positional = first.upper(), positional[1:]  # requests.request("POST", url), xhr.open("POST", url)
    elif isinstance(first, dict) and verb in ("", "REQUEST", "AJAX", "FETCH"):
        options |= first
        positional = []
    url = positional[0] if positional else options.get("url", options.get("uri", options.get("path")))
    url = _with_base(url, options)
    if not isinstance(url, str) or not ADDRESS.fullmatch(url.strip()):
        return None
    rest = positional[1:]
    prepared = (found["alone"] or "").startswith("http")
    owner = found["owner"] or ""
    is_connection = verb == "REQUEST" and CONNECTION.match(owner) is not None  # request(method, path, body, headers)
    takes_body = is_connection or not (verb in ("OPEN", "REQUEST") or TAKES_OPTIONS.fullmatch(owner))
    sends = prepared or (owner and method in ("POST", "PUT", "PATCH") and takes_body)
    body = rest.pop(0) if rest and sends else None
    if rest and is_connection:
        options["headers"] = rest.pop(0)
    for value in rest:
        options |= value if isinstance(value, dict) else {}
    method = method or method_in(options.get("method", options.get("type")))
    axios = (found["alone"] or found["owner"] or "").startswith(("axios", "$http"))
    as_json = (
        (sends and isinstance(body, dict | list))
        or isinstance(options.get("body"), dict | list)
        or "json" in options
        or axios
        or "Json" in (found["verb"] or "")
    )
    for name in ("json", "data", "body", "content"):
        body = options[name] if body is None and name in options else body
    return SnippetCall(
        method,
        url.strip(),
        options,
        body,
        bool(as_json),
        found["verb"] == "open" or found["alone"] in PREPARED or prepared,
    )


def _with_base(url: Any, options: Mapping[str, Any]) -> Any:
    base = options.get("baseURL", options.get("hostname"))
    if isinstance(url, str) and isinstance(base, str) and url.startswith("/"):
        return (base if "://" in base else f"https://{base}").rstrip("/") + url
    return url


def _read(text: str, languages: Languages, request: SnippetCall, end: int, until: int) -> Draft:
    draft = Draft("code", method=request.method)
    draft.note("taken", "The call was parsed from program code; nothing was executed.")
    fill_url(draft, request.url, request.options.get("params"))
    _fill_headers(draft, request.options.get("headers"))
    body, as_json = request.body, request.as_json
    if request.opened:
        sent = _fill_opened(draft, text[end:until], languages, end)
        body = sent if body is None else body
    _fill_auth(draft, request.options.get("auth"))
    _fill_body(draft, body, as_json)
    draft.default_method("the client")
    if f"'{request.url}'" in text[max(0, end - 10_000) : end]:  # in single quotes nothing is filled in
        draft.literals = tuple(IN_TEMPLATE.findall(request.url))
    draft.response = find_response(text[end:until])
    return finish(draft)


def fill_url(draft: Draft, url: str, params: Any = None) -> None:
    if base := LEADING_HOLE.match(url):
        url = url[base.end() :]
        draft.note("guessed", f"The address begins with the variable {base[1]}, which we assumed to be the API host.")
    if isinstance(params, dict) and params:
        pairs = [f"{quote_plus(str(name))}={text_of(value)}" for name, value in params.items()]
        url += ("&" if "?" in url else "?") + "&".join(pairs)
    draft.url = url


def finish(draft: Draft) -> Draft:
    """Writes `{name}` for each variable of the program. Those in the path become `variables`."""
    path = draft.url.split("?", 1)[0]
    segments = [part for part in path.split("/") if MARKED.fullmatch(part)]
    in_host = [found[0] for found in MARKED.finditer(path.split("/")[2])] if "://" in path else []
    draft.variables = tuple(dict.fromkeys([*draft.variables, *map(without_marks, [*segments, *in_host])]))
    if draft.variables:
        shown = ", ".join(variable.strip("{}") for variable in draft.variables)
        draft.note("guessed", f"The value of {shown} is not in the text; enter the conversation ID next to the call.")
    if draft.body and MARKED.search(draft.body):
        draft.note("guessed", "Parts of the body are variables, whose values are not in the text.")
    draft.url = without_marks(draft.url)
    draft.headers = [(without_marks(name), without_marks(value)) for name, value in draft.headers]
    draft.body = None if draft.body is None else without_marks(draft.body)
    draft.notes = [Note(note.kind, without_marks(note.what)) for note in draft.notes]
    return draft


def name_expressions(draft: Draft) -> None:
    """Writes `{name}` for each expression that a tool fills in, in a draft that no program's code was read for."""
    if any(OPEN in part for part in (draft.url, draft.body or "", *(value for _, value in draft.headers))):
        finish(draft)


def _fill_headers(draft: Draft, headers: Any) -> None:
    for pair in pairs_of(headers)[:MAX_HEADERS]:
        name, value = pair if isinstance(pair, list | tuple) and len(pair) == 2 else ("", None)
        add_header(draft, text_of(name), value)
    if isinstance(headers, UnknownValue):
        draft.note_unknown("The headers are", headers.name)


def add_header(draft: Draft, name: str, value: Any) -> None:
    """Adds a header. An Authorization header whose scheme is in a variable is left out, because it can't be checked."""
    unknown = isinstance(value, UnknownValue) or text_of(value).startswith(OPEN)
    if name.lower() == "authorization" and unknown:
        draft.note("dropped", "The Authorization header is in a variable, whose value is not in the text.")
    elif name and len(draft.headers) < MAX_HEADERS:
        draft.headers.append((name, text_of(value)))


def _fill_opened(draft: Draft, after: str, languages: Languages, start: int) -> Any:
    """The body that an opened XMLHttpRequest sends; adds its headers to the draft."""
    for found in islice(time_budget.checked(HEADER_SET.finditer(after)), MAX_HEADERS):
        given, _ = languages.arguments(start + found.end(), python=False)
        add_header(draft, text_of(given.at(0)), given.at(1))
    sent = SENT.search(after)
    return languages.arguments(start + sent.end(), python=False)[0].at(0) if sent else None


def _fill_auth(draft: Draft, auth: Any) -> None:
    pair = [auth.get("username"), auth.get("password")] if isinstance(auth, dict) else auth
    if not isinstance(pair, list) or len(pair) != 2 or draft.header("Authorization") is not None:
        return
    draft.secrets.append(text_of(pair[1]))
    draft.add_basic_auth(":".join(map(text_of, pair)))


def _fill_body(draft: Draft, body: Any, as_json: bool) -> None:
    if isinstance(body, UnknownValue):
        draft.note_unknown("The body is", body.name)
        return
    if body is None or body == "":
        return
    if isinstance(body, dict) and not as_json:
        draft.body = "&".join(f"{quote_plus(str(name))}={_quoted(value)}" for name, value in body.items())
        kind = "application/x-www-form-urlencoded"
    else:
        draft.body = body if isinstance(body, str) else json_of(body)
        kind = "application/json" if as_json else ""
    draft.default_content_type(kind, "the client")


def _quoted(value: Any) -> str:
    """The value in form data. One with a variable stays as it is, so that its marks are found again."""
    text = text_of(value)
    return text if OPEN in text else quote_plus(text)
