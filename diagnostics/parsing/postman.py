"""Reads Postman exports: a collection, a folder, one item or one request, and the results of a run (also Newman's)."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote_plus

from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.candidates import Candidate
from diagnostics.parsing.draft import MAX_HEADERS, Draft, DraftResponse, Headers, method_in
from diagnostics.parsing.response_text import json_at
from diagnostics.text import time_budget

MAX_ITEMS = 5_000
MAX_DOCUMENTS = 20
MAX_VARIABLES = 500
MAX_VALUE = 4_000
MAX_FILLED = 100  # variables replaced in one text
MAX_URL = 20_000
PASSES = 3  # the value of a variable may contain another one
VARIABLE = re.compile(r"\{\{[ \t]{0,5}([^{}\n]{1,100}?)[ \t]{0,5}\}\}")
DOCUMENT = re.compile(r"^[ \t]{0,20}(?=\{)", re.MULTILINE)
PATH_VARIABLE = re.compile(r"(?<=/):([A-Za-z_][\w.-]{0,80})")
START = re.compile(r"\ufeff?\s*\{\s*\"(?:info|item|collection|_postman_id|variable|auth)\"\s*:")
MAX_STREAM = 50_000  # bytes of a response body that Newman writes as a list of numbers


@dataclass(frozen=True)
class Item:
    """A request of a collection, with the title, the authorization and the variables of its folders."""

    row: Mapping[str, Any]
    title: str
    auth: Any = None
    variables: Mapping[str, str] = field(default_factory=dict)
    is_result: bool = False  # of a run, so that the response is its own and nothing is left to default


def is_collection(value: Any) -> bool:
    """Whether the value is a collection, or the results of its run."""
    if not isinstance(value, dict):
        return False
    if _results(value):
        return True
    inner = value.get("collection")
    return isinstance(value.get("item"), list) or (isinstance(inner, dict) and isinstance(inner.get("item"), list))


def documents_in(text: str) -> list[dict[str, Any]]:
    """The JSON objects that begin a line of the text, such as a collection and an environment."""
    found: list[dict[str, Any]] = []
    at = 0
    while (start := DOCUMENT.search(text, at)) and len(found) < MAX_DOCUMENTS:
        value, at = json_at(text, start.end()) or (None, start.end() + 1)
        if isinstance(value, dict):
            found.append(value)
    return found


def candidates_in_documents(text: str) -> list[Candidate]:
    """The calls of a collection that is followed by its environment; [] for other text."""
    documents = documents_in(text)
    collection = next((document for document in documents if is_collection(document)), None)
    if collection is None or len(documents) < 2:
        return []
    environment: dict[str, str] = {}
    for document in documents:
        environment |= _variables(document.get("values"))
    return candidates_in_collection(collection, environment)


def is_item(value: Any) -> bool:
    """Whether the value is an item or a request of Postman, by its headers, the parts of its URL and the mode of its body."""
    if not isinstance(value, dict):
        return False
    request = value.get("request", value)
    if isinstance(request, str):
        return isinstance(value.get("name"), str) and "://" in request
    if not isinstance(request, dict) or "url" not in request:
        return False
    url, body = request["url"], request.get("body")
    return (
        (isinstance(url, dict) and ("raw" in url or "host" in url or "path" in url))
        or isinstance(request.get("header"), list | str)
        or (isinstance(body, dict) and isinstance(body.get("mode"), str))
    )


def candidates_in_collection(value: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> list[Candidate]:
    """The calls of a collection. `environment` has values from outside. Raises Unreadable for a collection without requests."""
    if results := _results(value):
        return [
            candidate_of(item, max(0, len(results) - MAX_ITEMS)) for item in time_budget.checked(results[:MAX_ITEMS])
        ]
    root = value if isinstance(value.get("item"), list) else value["collection"]
    items = list(_items(root, environment or {}))
    left_out = max(0, len(items) - MAX_ITEMS)
    if not items:
        raise Unreadable(
            "This Postman collection holds no request, so there is no call in it. "
            "Export the collection with its requests, or paste the failing one as curl (Postman: Code > cURL)."
        )
    return [candidate_of(item, left_out) for item in time_budget.checked(items[:MAX_ITEMS])]


def _results(value: Mapping[str, Any]) -> list[Item]:
    """The requests of a run with their responses: Newman's executions, or the results that the app exports."""
    run, found = value.get("run"), []
    for row in _enabled_rows(run.get("executions")) if isinstance(run, dict) else ():
        if isinstance(row.get("request"), dict):
            name = _text(row["item"].get("name")) if isinstance(row.get("item"), dict) else ""
            found.append(
                Item({"request": row["request"], "response": [_received(row.get("response"))]}, name, is_result=True)
            )
    collection = value.get("collection")
    requests = _enabled_rows(collection.get("requests") if isinstance(collection, dict) else None)
    methods = {_text(row.get("id")): row.get("method") for row in requests}
    for row in _enabled_rows(value.get("results")):
        if isinstance(row.get("url"), str) and isinstance(row.get("responseCode"), dict):
            request = {"method": methods.get(_text(row.get("id"))), "url": row["url"]}
            row_of_run = {"request": request, "response": [row["responseCode"]]}
            found.append(Item(row_of_run, _text(row.get("name")), is_result=True))
    return found


def _received(response: Any) -> dict[str, Any]:
    """The response of an execution with its body as text."""
    row = dict(response) if isinstance(response, dict) else {}
    stream = row.get("stream")
    data = stream.get("data") if isinstance(stream, dict) else None
    if isinstance(data, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in data[:MAX_STREAM]):
        row["body"] = bytes(data[:MAX_STREAM]).decode("utf-8", "replace")
    return row


def candidate_of_item(value: Mapping[str, Any]) -> Candidate:
    return candidate_of(
        Item(value if "request" in value else {"request": value}, _text(value.get("name")), None, {}), 0
    )


def candidate_of(item: Item, left_out: int) -> Candidate:
    request = _request(item.row)
    response = _example(item.row)
    return Candidate(
        partial(draft_of, item, left_out),
        method_in(request.get("method")),
        _url(request, item.variables),
        _status(response) if response else None,
        title=item.title,
    )


def draft_of(item: Item, left_out: int = 0) -> Draft:
    request = _request(item.row)
    draft = Draft("postman", method=method_in(request.get("method")), url=_url(request, item.variables))
    draft.note("taken", "The call was read from a Postman request.")
    draft.headers = _headers(request.get("header"), item.variables)
    draft.body = _body(request.get("body"), item.variables, draft)
    _authorize(draft, request.get("auth", item.auth), item.variables)
    if not request.get("method") and not item.is_result:
        draft.default_method("Postman")
    if response := _example(item.row):
        draft.response = _response(response)
        if not item.is_result:
            draft.note("guessed", "The answer is the example that is saved with the request.")
    if names := sorted(set(VARIABLE.findall(draft.url))):
        draft.note(
            "guessed", f"Variables without a value stay placeholders: {len(names)}. An environment may set them."
        )
    if left_out:
        draft.note("dropped", f"Requests after the first {MAX_ITEMS:,} were left out: {left_out:,}.")
    if item.row.get("event"):
        draft.note("dropped", "The scripts of the request were left out; nothing pasted is run.")
    return draft


def _items(root: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[Item]:
    """All requests in all folders, in the order of the collection."""
    variables = {**_variables(root.get("variable")), **environment}
    waiting: list[tuple[Any, str, Any]] = [(item, "", root.get("auth")) for item in reversed(root["item"])]
    while waiting:
        time_budget.check()
        row, folder, auth = waiting.pop()
        if not isinstance(row, dict):
            continue
        name = _text(row.get("name"))[:80]
        title = f"{folder} / {name}" if folder and name else folder or name
        if isinstance(row.get("item"), list):
            inner = row.get("auth") or auth
            waiting += [(item, title[-160:], inner) for item in reversed(row["item"])]
        elif isinstance(row.get("request"), dict | str):
            yield Item(row, title, auth, variables)


def _request(row: Mapping[str, Any]) -> Mapping[str, Any]:
    request = row.get("request")
    return request if isinstance(request, dict) else {"url": request}


def _variables(rows: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in _enabled_rows(rows)[:MAX_VARIABLES]:
        if _text(row.get("value")):
            found[_text(row.get("key") or row.get("id"))] = _text(row["value"])[:MAX_VALUE]
    return found


def _filled(text: str, variables: Mapping[str, str], once: bool = False) -> str:
    """The text with the variables replaced that have a value."""
    for _ in range(1 if once else PASSES):
        if not variables or "{{" not in text or (len(text) > MAX_URL and not once):
            break
        text = VARIABLE.sub(lambda found: variables.get(found[1], found[0]), text, count=MAX_FILLED)
    return text


def _url(request: Mapping[str, Any], variables: Mapping[str, str]) -> str:
    url = request.get("url")
    if not isinstance(url, dict):
        return _filled(_text(url).strip(), variables)
    raw = _text(url.get("raw")) or _from_parts(url)
    own = _variables(url.get("variable"))
    raw = PATH_VARIABLE.sub(lambda found: own.get(found[1], found[0]), raw[:MAX_URL])
    return _filled(raw.strip(), variables)


def _from_parts(url: Mapping[str, Any]) -> str:
    host, path = url.get("host"), url.get("path")
    name = ".".join(map(_text, host)) if isinstance(host, list) else _text(host)
    words = "/".join(map(_text, path)) if isinstance(path, list) else _text(path).lstrip("/")
    scheme = f"{_text(url.get('protocol')) or 'https'}://" if name and "{{" not in name and "://" not in name else ""
    query = "&".join(f"{_text(row.get('key'))}={_text(row.get('value'))}" for row in _enabled_rows(url.get("query")))
    return f"{scheme}{name}/{words}" + (f"?{query}" if query else "")


def _headers(rows: Any, variables: Mapping[str, str]) -> Headers:
    if isinstance(rows, str):
        lines = [line.partition(":") for line in rows.split("\n")[:MAX_HEADERS]]
        return [(name.strip(), _filled(value.strip(), variables)) for name, colon, value in lines if colon]
    return [
        (_text(row.get("key")).strip(), _filled(_text(row.get("value")), variables))
        for row in _enabled_rows(rows)[:MAX_HEADERS]
        if _text(row.get("key")).strip()
    ]


def _body(body: Any, variables: Mapping[str, str], draft: Draft) -> str | None:
    """The body as Postman sends it. Adds the Content-Type that Postman adds."""
    if not isinstance(body, dict) or body.get("disabled"):
        return None
    mode, content = body.get("mode"), body.get(_text(body.get("mode")))
    text, kind = None, ""
    if mode == "raw":
        text, kind = _filled(_text(content), variables, once=True), _kind_of_raw(body)
    elif mode in ("urlencoded", "formdata"):
        pairs = [(_text(row.get("key")), _text(row.get("value"))) for row in _enabled_rows(content)]
        text = "&".join(f"{quote_plus(name)}={_filled(value, variables)}" for name, value in pairs)
        kind = "application/x-www-form-urlencoded" if mode == "urlencoded" else "multipart/form-data"
    elif mode == "graphql":
        text, kind = json.dumps(content, ensure_ascii=False), "application/json"
    elif mode == "file":
        draft.note("dropped", "The body comes from a file, whose content we don't have.")
    if text:
        draft.default_content_type(kind, "Postman")
    return text or None


def _kind_of_raw(body: Mapping[str, Any]) -> str:
    options = body.get("options")
    raw = options.get("raw") if isinstance(options, dict) else None
    language = raw.get("language") if isinstance(raw, dict) else None
    return "application/json" if language == "json" else "text/plain"


def _authorize(draft: Draft, auth: Any, variables: Mapping[str, str]) -> None:
    if not isinstance(auth, dict) or draft.header("Authorization") is not None:
        return
    kind = _text(auth.get("type"))
    given = auth.get(kind)
    if isinstance(given, list):  # version 2.1 of the format; 2.0 has an object
        given = {_text(row.get("key")): row.get("value") for row in given if isinstance(row, dict)}
    given = given if isinstance(given, dict) else {}
    values = {name: _filled(_text(value), variables) for name, value in given.items()}
    if kind == "bearer":
        draft.headers.append(("Authorization", f"Bearer {values.get('token', '')}".rstrip()))
    elif kind == "basic":
        draft.secrets.append(values.get("password", ""))
        draft.add_basic_auth(f"{values.get('username', '')}:{values.get('password', '')}")
    elif kind == "oauth2" and values.get("accessToken"):
        draft.headers.append(("Authorization", f"Bearer {values['accessToken']}"))
    elif kind not in ("", "noauth"):
        draft.note("guessed", "Postman adds the authorization itself, so it is not shown here.")
        return
    else:
        return
    draft.note("guessed", "The Authorization header was put together from Postman's authorization settings.")


def _example(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The first saved example that failed, else the first one."""
    examples = [example for example in _enabled_rows(row.get("response"))[:50] if _status(example)]
    failed = (example for example in examples if (_status(example) or 0) >= 400)
    return next(failed, examples[0] if examples else None)


def _response(row: Mapping[str, Any]) -> DraftResponse:
    return DraftResponse(_status(row), _headers(row.get("header"), {}), _text(row.get("body")) or None)


def _status(row: Mapping[str, Any]) -> int | None:
    code = row.get("code")
    return code if isinstance(code, int) and not isinstance(code, bool) and 100 <= code <= 599 else None


def _enabled_rows(rows: Any) -> list[dict[str, Any]]:
    return [row for row in rows if isinstance(row, dict) and not row.get("disabled")] if isinstance(rows, list) else []


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) else ""
