"""Finds a call and its response in a JSON value: an axios error, a log entry, a Terraform diagnostic."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from diagnostics.genesys.paths import UUID
from diagnostics.parsing.draft import METHODS, ComposedBody, DraftResponse, Headers
from diagnostics.parsing.objects import value_of
from diagnostics.parsing.response_text import is_response_body, json_at, status_in
from diagnostics.parsing.values import UnknownValue, headers_in, text_of

MAX_NODES = 600
MAX_DEPTH = 9
MAX_HEADERS = 60
MAX_LEAD = 2_000  # characters before the JSON in a string
METHOD_KEYS = frozenset({"method", "httpmethod", "requestmethod", "requesttype", "verb", "reqmethod"})
URL_KEYS = (
    "url", "requesturl", "requesturi", "uri", "requesturltemplate", "fullurl", "fullpath", "path", "requestpath",
    "endpoint", "href", "originalurl", "absoluteuri", "httpurl", "urlfull", "requrl", "target",
)  # fmt: skip
STATUS_KEYS = (
    "statuscode", "status", "httpstatuscode", "httpstatus", "responsestatus", "responsecode",
    "responsestatuscode", "resultcode", "httpcode", "errorcode", "code",
)  # fmt: skip
BODY_KEYS = (
    "responsebody", "body", "data", "text", "content", "rawbody", "responsedata", "responsetext",
    "responsecontent", "errorcontent", "resbody", "error",
)  # fmt: skip
CORRELATION_KEYS = frozenset({"inincorrelationid", "correlationid", "contextid", "xcorrelationid"})
RESPONSE_NAMES = frozenset({"response", "res", "resp", "answer", "reply", "httpresponse", "result"})
REQUEST_NAMES = frozenset({"request", "req", "config", "call", "httprequest"})
BASE_KEYS = ("baseurl", "basepath", "host", "hostname")
ERROR_CODE = re.compile(r"[a-z]\w*(?:\.\w+)+")


@dataclass
class ParsedExchange:
    """The parts of a call and its response that one value has; "" and None for the others."""

    method: str = ""
    url: str = ""
    headers: Headers = field(default_factory=list, repr=False)
    body: str | None = field(default=None, repr=False)
    response: DraftResponse | None = None


@dataclass(frozen=True)
class _Node:
    value: Mapping[str, Any]  # by folded key
    raw: Mapping[str, Any]
    depth: int
    path: tuple[str, ...]

    @property
    def in_response(self) -> bool:
        return any(name in RESPONSE_NAMES for name in self.path)

    @property
    def in_request(self) -> bool:
        return any(name in REQUEST_NAMES for name in self.path) and not self.in_response


def exchange_in(value: Mapping[str, Any], raw: str = "") -> ParsedExchange:
    """The call and the response in `value`. `raw` is its text, so that an error body stays as pasted."""
    nodes = list(_nodes(value))
    found = ParsedExchange()
    _fill_call(found, nodes)
    found.response = _response(nodes, raw)
    return found


def fold(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _nodes(value: Mapping[str, Any]) -> Iterator[_Node]:
    """The objects in a value, the outermost first, including JSON in strings."""
    waiting: list[tuple[Any, int, tuple[str, ...]]] = [(value, 0, ())]
    for count, (item, depth, path) in enumerate(waiting):
        if count >= MAX_NODES:
            return
        node = value_of(item) or _embedded(item) if isinstance(item, str) else item
        if isinstance(node, Mapping):
            yield _Node({fold(str(key)): child for key, child in node.items()}, node, depth, path)
            if depth < MAX_DEPTH:
                waiting += [(child, depth + 1, (*path, fold(str(key)))) for key, child in node.items()]
        elif isinstance(node, list) and depth < MAX_DEPTH:
            waiting += [(child, depth + 1, path) for child in node[:50]]


def _embedded(text: str) -> Any:
    """The error body in a string such as "failed: 404 {...}"; None for none."""
    start = re.search(r"\{\s{0,9}\"", text[:MAX_LEAD])
    found = json_at(text, start.start()) if start else None
    return found[0] if found and is_response_body(found[0]) else None


def _fill_call(found: ParsedExchange, nodes: list[_Node]) -> None:
    for node in nodes:
        url = _url(node)
        if not url:
            continue
        found.url = url
        found.method = _method(node) or next((method for other in nodes if (method := _method(other))), "")
        found.headers = _headers(node.value.get("requestheaders", node.value.get("headers")))
        if not found.headers and not node.in_response:
            found.headers = next(
                (_headers(other.value["headers"]) for other in nodes if _has_request_headers(other)), []
            )
        own = None if "statuscode" in node.value else node.value.get("body")
        body = node.value.get("requestbody", node.value.get("data", own))
        found.body = None if node.in_response or body in (None, "") or is_response_body(body) else _text(body)
        if isinstance(body, UnknownValue):
            found.body = None
        return


def _has_request_headers(node: _Node) -> bool:
    return "headers" in node.value and not node.in_response and _status(node) is None


def _url(node: _Node) -> str:
    for key in URL_KEYS:
        url = node.value.get(key)
        if not isinstance(url, str) or not re.match(r"(?:https?://|/|\{\{|api\.)\S{2,4000}$", url.strip()):
            continue
        url = url.strip()
        if key in ("path", "endpoint", "href", "target") and "/api/v" not in url and not url.startswith("http"):
            continue
        base = next((base for name in BASE_KEYS if isinstance(base := node.value.get(name), str) and "." in base), "")
        if url.startswith("/") and base:
            url = (base if "://" in base else f"https://{base}").rstrip("/") + url
        return url
    return ""


def _method(node: _Node) -> str:
    for key in METHOD_KEYS:
        method = node.value.get(key)
        if isinstance(method, str) and method.strip().upper() in METHODS:
            return method.strip().upper()
    return ""


def _response(nodes: list[_Node], raw: str) -> DraftResponse | None:
    ordered = sorted(nodes, key=lambda node: not node.in_response)
    status = next((s for node in ordered if not node.in_request and (s := _status(node)) is not None), None)
    body = _body(nodes, raw)
    headers = _response_headers(nodes)
    if not any("correlation" in name.lower() for name, _ in headers) and (id := _correlation(nodes)):
        headers.append(("ININ-Correlation-Id", id))
    if body is not None and status is None:
        status = status_in(value_of(body))
    if status is None and body is None:
        return None
    if body is None:
        body = _assembled_body(nodes, status, headers)
    return DraftResponse(status, headers, body)


def _status(node: _Node) -> int | None:
    for key in STATUS_KEYS:
        found = node.value.get(key)
        if isinstance(found, float):
            found = int(found)
        if key in ("code", "errorcode") and not ("message" in node.value and isinstance(found, int)):
            continue
        if (status := status_in({"status": found})) is not None:
            return status
    return None


def _body(nodes: list[_Node], raw: str) -> str | None:
    """The error body in the value: the outermost object that looks like one, else a string under a key for bodies."""
    bodies = [node for node in nodes if _is_error_body(node)]
    best = next((node for node in bodies if node.in_response), None) or (bodies[0] if bodies else None)
    if best is not None:
        return raw if best.depth == 0 and raw and value_of(raw) is not None else _text(best.raw)
    for node in nodes:
        for key in BODY_KEYS:
            text = node.value.get(key)
            about_response = node.in_response or key.startswith("res")
            if about_response and isinstance(text, str) and len(text) > 2 and not text.startswith("["):
                return text
    return None


def _is_error_body(node: _Node) -> bool:
    if node.in_request or not is_response_body(node.raw):
        return False
    if {"headers", "url", "config", "req", "request", "res", "response"} & node.value.keys():
        return False
    code, message = node.value.get("code"), node.value.get("message")
    is_error = isinstance(code, str) or isinstance(message, str) or "error" in node.value or "joincode" in node.value
    network = (isinstance(code, str) and code.startswith("E") and code.isupper()) or str(code).startswith("ERR_")
    return is_error and not network and not ("level" in node.value and "contextid" not in node.value)


def _response_headers(nodes: list[_Node]) -> Headers:
    candidates: list[Any] = []
    for node in nodes:
        candidates += [node.value[key] for key in ("responseheaders", "resheaders") if key in node.value]
        if "headers" in node.value and not node.in_request:
            headers = node.value["headers"]
            names = {fold(str(name)) for name in headers} if isinstance(headers, Mapping) else set()
            if node.in_response or "inincorrelationid" in names or _status(node) is not None:
                candidates.append(headers)
    return max(map(_headers, candidates), key=len, default=[])


def _headers(value: Any) -> Headers:
    return headers_in(value_of(value) if isinstance(value, str) else value, MAX_HEADERS)


def _correlation(nodes: list[_Node]) -> str:
    ids = (item for node in nodes for key, item in node.value.items() if key in CORRELATION_KEYS)
    return next((id for id in ids if isinstance(id, str) and UUID.fullmatch(id)), "")


def _assembled_body(nodes: list[_Node], status: int | None, headers: Headers) -> str | None:
    """An error body assembled from a log entry with separate fields for message and code."""
    for node in nodes:
        message = _text_under(node, ("errormessage", "error", "message", "msg", "err"), re.compile(r"[\s\S]+"))
        code = _text_under(node, ("errorcode", "code", "genesyscode"), ERROR_CODE)
        if code or (message and (status or 0) >= 400 and "errormessage" in node.value):
            body: dict[str, Any] = {"message": message, "status": status}
            if code:
                body["code"] = code
            if id := next((value for name, value in headers if "correlation" in name.lower()), ""):
                body["contextId"] = id
            return ComposedBody(json.dumps(body, ensure_ascii=False))
    return None


def _text_under(node: _Node, keys: tuple[str, ...], pattern: re.Pattern[str]) -> str:
    texts = (node.value.get(key) for key in keys)
    return next((text for text in texts if isinstance(text, str) and pattern.fullmatch(text)), "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=text_of)
