"""Broken and malicious responses, for tests of robustness.

A client with a `behaviour` gets such a response to every request. `behaviour` is
{"kind": ..., "where": "api" or "login", "seconds": ..., "on": ...}. The kinds are the keys of KINDS and PAGE_KINDS; "on"
limits it to targets that contain that text. hostile.json has one client for each of KINDS; no scenario uses them.
"""

import json
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from threading import Event
from typing import Any

from diagnostics.demo.hostile_pages import PAGE_KINDS
from diagnostics.demo.orgs import DemoClient, DemoOrg, read_data
from diagnostics.demo.responses import JSON_TYPE, ApiError, DemoResponse, error_response

JSON_HEADER = (("Content-Type", JSON_TYPE),)
HTML_HEADER = (("Content-Type", "text/html; charset=utf-8"),)
PAGE = (
    b"<!doctype html><html><head><title>Sign in to the network</title></head><body><h1>Guest network</h1>"
    b'<form action="/portal"><input name="room"><input name="surname"></form></body></html>'
)
MEGABYTES = 1_000_000


@dataclass(frozen=True)
class HostileContext:
    """The input of a behaviour: the genuine response, the behaviour's settings, and an event set when the server stops."""

    genuine: DemoResponse
    settings: dict[str, Any]
    stopping: Event
    target: str
    port: str

    @property
    def seconds(self) -> float:
        return float(self.settings.get("seconds", 60))


def hostile_clients(org: DemoOrg) -> tuple[DemoClient, ...]:
    """They have every role of the org, so that the genuine response isn't a 403."""
    grants = tuple((role, org.home_division) for role in org.roles)
    return tuple(DemoClient(**item, grants=grants) for item in read_data("hostile.json"))


def spoil(context: HostileContext) -> DemoResponse:
    kind = context.settings["kind"]
    return PAGE_KINDS[kind](context.genuine, context.target) if kind in PAGE_KINDS else KINDS[kind](context)


def huge(context: HostileContext) -> DemoResponse:
    item = json.dumps({"id": "x" * 36, "text": "y" * 200}).encode()
    return DemoResponse(200, JSON_HEADER, b'{"entities": [' + b",".join([item] * (5 * MEGABYTES // len(item))) + b"]}")


def garbage(context: HostileContext) -> DemoResponse:
    return DemoResponse(200, JSON_HEADER, random.Random(7).randbytes(4096))  # noqa: S311  (noise, not a secret)


def deep(context: HostileContext) -> DemoResponse:
    return DemoResponse(200, JSON_HEADER, b'{"participants":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


@cache
def bomb() -> bytes:
    """200 MB compressed to 200 kB, in pieces so that the server itself never holds all of it."""
    packer, piece = zlib.compressobj(wbits=31), b"0" * MEGABYTES
    return b"".join([packer.compress(b'{"id": "'), *(packer.compress(piece) for _ in range(200)), packer.flush()])


def redirect_away(context: HostileContext) -> DemoResponse:
    """Redirects to the same server under another host name, so that its log shows whether the client followed."""
    return DemoResponse(302, (("Location", f"http://localhost:{context.port}/elsewhere{context.target}"),))


def slow(context: HostileContext) -> DemoResponse:
    def chunks() -> Iterator[bytes]:
        context.stopping.wait(context.seconds)
        yield context.genuine.body

    return DemoResponse(context.genuine.status, context.genuine.headers, chunks=chunks())


def drip(context: HostileContext) -> DemoResponse:
    """Sends one byte at a time: each read is quick, but the response takes very long."""

    def chunks() -> Iterator[bytes]:
        for position in range(100_000):
            if context.stopping.wait(context.seconds / 600):
                return
            yield b"{" if position == 0 else b" "

    return DemoResponse(200, JSON_HEADER, chunks=chunks())


def short_body(context: HostileContext) -> DemoResponse:
    """Sends fewer bytes than the Content-Length."""
    length = ("Content-Length", str(len(context.genuine.body) + 1000))
    return DemoResponse(200, (*JSON_HEADER, length), context.genuine.body)


def long_body(context: HostileContext) -> DemoResponse:
    """Has more bytes than the Content-Length, so that the JSON is cut off."""
    length = ("Content-Length", str(max(1, len(context.genuine.body) // 2)))
    return DemoResponse(200, (*JSON_HEADER, length), context.genuine.body)


def many_headers(context: HostileContext) -> DemoResponse:
    return DemoResponse(200, (*JSON_HEADER, *((f"X-Filler-{n}", "z" * 500) for n in range(500))), context.genuine.body)


def wrong_types(context: HostileContext) -> DemoResponse:
    return DemoResponse(200, JSON_HEADER, json.dumps(retyped(json.loads(context.genuine.body or b"null"))).encode())


def wrong_containers(context: HostileContext) -> DemoResponse:
    value = json.loads(context.genuine.body or b"null")
    swapped = {key: swap(item) for key, item in value.items()} if isinstance(value, dict) else value
    return DemoResponse(200, JSON_HEADER, json.dumps(swapped).encode())


def nulls(context: HostileContext) -> DemoResponse:
    value = json.loads(context.genuine.body or b"null")
    emptied = dict.fromkeys(value) if isinstance(value, dict) else None
    return DemoResponse(200, JSON_HEADER, json.dumps(emptied).encode())


def retyped(value: Any) -> Any:
    """Changes the type of every leaf. Lists and objects stay, so that parsers reach all leaves."""
    if isinstance(value, dict):
        return {key: retyped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [*map(retyped, value), None, 17, "surprise", []]
    if isinstance(value, bool):
        return "false"
    if isinstance(value, str):
        return [{"unexpected": 4.5e300}] if len(value) % 2 else -3
    return {"value": str(value)}


def swap(value: Any) -> Any:
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, list):
        return {str(position): item for position, item in enumerate(value)}
    return [value]


def error(code: str, **params: str) -> Callable[[HostileContext], DemoResponse]:
    headers = (("Retry-After", params["seconds"]),) if "seconds" in params else ()
    return lambda context: error_response(ApiError(code, headers, **params), "00000000-0000-4000-8000-0000000000ff")


def status_only(status: int, body: bytes = b"") -> Callable[[HostileContext], DemoResponse]:
    return lambda context: DemoResponse(status, HTML_HEADER, body)


def json_bytes(body: bytes) -> Callable[[HostileContext], DemoResponse]:
    return lambda context: DemoResponse(200, JSON_HEADER, body)


KINDS: dict[str, Callable[[HostileContext], DemoResponse]] = {
    "html": status_only(200, PAGE),
    "html_502": status_only(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>"),
    "proxy_auth": status_only(407, b"<html><body>Proxy authentication required</body></html>"),
    "empty": json_bytes(b""),
    "not_json": json_bytes(b'{"id": "cut off in the midd'),
    "bad_encoding": json_bytes(b'{"name": "\xff\xfe\xfa"}'),
    "byte_order_mark": lambda context: DemoResponse(200, JSON_HEADER, b"\xef\xbb\xbf" + context.genuine.body),
    "null_bytes": json_bytes(b'{"id": "a\\u0000b", "name": "\\ud800", "access_token": "a\\u0000b"}'),
    "list": json_bytes(b"[1, 2, 3]"),
    "null": json_bytes(b"null"),
    "string": json_bytes(b'"just words"'),
    "number": json_bytes(b"1e999"),
    "empty_object": json_bytes(b"{}"),
    "garbage": garbage,
    "huge": huge,
    "gzip_bomb": lambda context: DemoResponse(200, (*JSON_HEADER, ("Content-Encoding", "gzip")), bomb()),
    "bad_gzip": lambda context: DemoResponse(200, (*JSON_HEADER, ("Content-Encoding", "gzip")), b"not gzip at all"),
    "deep": deep,
    "wrong_types": wrong_types,
    "wrong_containers": wrong_containers,
    "nulls": nulls,
    "redirect_loop": lambda context: DemoResponse(302, (("Location", context.target),)),
    "redirect_away": redirect_away,
    "redirect_nowhere": lambda context: DemoResponse(302, HTML_HEADER, PAGE),
    "slow": slow,
    "drip": drip,
    "drop": lambda context: DemoResponse(drop=True),
    "short_body": short_body,
    "long_body": long_body,
    "many_headers": many_headers,
    "rate_limited": error("too.many.requests", seconds="7"),
    "rate_limited_for_hours": error("too.many.requests", seconds="14400"),
    "server_error": error("internal.server.error"),
    "unavailable": status_only(503),
    "gateway_timeout": status_only(504),
    "teapot": status_only(418, b"short and stout"),
}
