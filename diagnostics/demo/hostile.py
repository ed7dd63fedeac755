"""Ways in which an answer can go wrong. A client whose `behaviour` names one gets it in place of every answer.

`behaviour` is {"kind": ..., "where": "api" or "login", "seconds": ..., "on": ...}; the kinds are the keys of KINDS and
PAGE_KINDS; with "on" only addresses that contain it are answered so. The clients of hostile.json, one for each of KINDS,
take no part in the scenarios: they are for tests of robustness.
"""

import json
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from threading import Event
from typing import Any

from diagnostics.demo.answers import JSON_TYPE, ApiError, DemoResponse, error_answer
from diagnostics.demo.hostile_pages import PAGE_KINDS
from diagnostics.demo.orgs import DemoClient, DemoOrg, read_data

JSON_HEADER = (("Content-Type", JSON_TYPE),)
HTML_HEADER = (("Content-Type", "text/html; charset=utf-8"),)
PAGE = (
    b"<!doctype html><html><head><title>Sign in to the network</title></head><body><h1>Guest network</h1>"
    b'<form action="/portal"><input name="room"><input name="surname"></form></body></html>'
)
MEGABYTES = 1_000_000


@dataclass(frozen=True)
class Scene:
    """What a behaviour works with: the genuine answer, its own settings, and the end of the server."""

    genuine: DemoResponse
    settings: dict[str, Any]
    stopping: Event
    target: str
    port: str

    @property
    def seconds(self) -> float:
        return float(self.settings.get("seconds", 60))


def hostile_clients(org: DemoOrg) -> tuple[DemoClient, ...]:
    """They hold every role of the org, so that what is spoilt is a full answer and not a 403."""
    grants = tuple((role, org.home_division) for role in org.roles)
    return tuple(DemoClient(**item, grants=grants) for item in read_data("hostile.json"))


def spoil(scene: Scene) -> DemoResponse:
    kind = scene.settings["kind"]
    return PAGE_KINDS[kind](scene.genuine, scene.target) if kind in PAGE_KINDS else KINDS[kind](scene)


def huge(scene: Scene) -> DemoResponse:
    item = json.dumps({"id": "x" * 36, "text": "y" * 200}).encode()
    return DemoResponse(200, JSON_HEADER, b'{"entities": [' + b",".join([item] * (5 * MEGABYTES // len(item))) + b"]}")


def garbage(scene: Scene) -> DemoResponse:
    return DemoResponse(200, JSON_HEADER, random.Random(7).randbytes(4096))  # noqa: S311  (noise, not a secret)


def deep(scene: Scene) -> DemoResponse:
    return DemoResponse(200, JSON_HEADER, b'{"participants":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


@cache
def bomb() -> bytes:
    """200 MB within 200 kB, made piece by piece so that only the reader is at risk."""
    packer, piece = zlib.compressobj(wbits=31), b"0" * MEGABYTES
    return b"".join([packer.compress(b'{"id": "'), *(packer.compress(piece) for _ in range(200)), packer.flush()])


def redirect_away(scene: Scene) -> DemoResponse:
    """To the same server under another name, where the log shows whether anybody followed."""
    return DemoResponse(302, (("Location", f"http://localhost:{scene.port}/elsewhere{scene.target}"),))


def slow(scene: Scene) -> DemoResponse:
    def chunks() -> Iterator[bytes]:
        scene.stopping.wait(scene.seconds)
        yield scene.genuine.body

    return DemoResponse(scene.genuine.status, scene.genuine.headers, chunks=chunks())


def drip(scene: Scene) -> DemoResponse:
    """One byte at a time: each read is quick, the whole never ends."""

    def chunks() -> Iterator[bytes]:
        for position in range(100_000):
            if scene.stopping.wait(scene.seconds / 600):
                return
            yield b"{" if position == 0 else b" "

    return DemoResponse(200, JSON_HEADER, chunks=chunks())


def short_body(scene: Scene) -> DemoResponse:
    """Less than the Content-Length promises."""
    length = ("Content-Length", str(len(scene.genuine.body) + 1000))
    return DemoResponse(200, (*JSON_HEADER, length), scene.genuine.body)


def long_body(scene: Scene) -> DemoResponse:
    """More than the Content-Length promises, so that the JSON ends in the middle."""
    length = ("Content-Length", str(max(1, len(scene.genuine.body) // 2)))
    return DemoResponse(200, (*JSON_HEADER, length), scene.genuine.body)


def many_headers(scene: Scene) -> DemoResponse:
    return DemoResponse(200, (*JSON_HEADER, *((f"X-Filler-{n}", "z" * 500) for n in range(500))), scene.genuine.body)


def wrong_types(scene: Scene) -> DemoResponse:
    return DemoResponse(200, JSON_HEADER, json.dumps(retyped(json.loads(scene.genuine.body or b"null"))).encode())


def wrong_containers(scene: Scene) -> DemoResponse:
    value = json.loads(scene.genuine.body or b"null")
    swapped = {key: swap(item) for key, item in value.items()} if isinstance(value, dict) else value
    return DemoResponse(200, JSON_HEADER, json.dumps(swapped).encode())


def nulls(scene: Scene) -> DemoResponse:
    value = json.loads(scene.genuine.body or b"null")
    emptied = dict.fromkeys(value) if isinstance(value, dict) else None
    return DemoResponse(200, JSON_HEADER, json.dumps(emptied).encode())


def retyped(value: Any) -> Any:
    """Every leaf becomes something else; lists and objects keep their place, so that readers get all the way down."""
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


def error(code: str, **params: str) -> Callable[[Scene], DemoResponse]:
    headers = (("Retry-After", params["seconds"]),) if "seconds" in params else ()
    return lambda scene: error_answer(ApiError(code, headers, **params), "00000000-0000-4000-8000-0000000000ff")


def status_only(status: int, body: bytes = b"") -> Callable[[Scene], DemoResponse]:
    return lambda scene: DemoResponse(status, HTML_HEADER, body)


def json_bytes(body: bytes) -> Callable[[Scene], DemoResponse]:
    return lambda scene: DemoResponse(200, JSON_HEADER, body)


KINDS: dict[str, Callable[[Scene], DemoResponse]] = {
    "html": status_only(200, PAGE),
    "html_502": status_only(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>"),
    "proxy_auth": status_only(407, b"<html><body>Proxy authentication required</body></html>"),
    "empty": json_bytes(b""),
    "not_json": json_bytes(b'{"id": "cut off in the midd'),
    "bad_encoding": json_bytes(b'{"name": "\xff\xfe\xfa"}'),
    "byte_order_mark": lambda scene: DemoResponse(200, JSON_HEADER, b"\xef\xbb\xbf" + scene.genuine.body),
    "null_bytes": json_bytes(b'{"id": "a\\u0000b", "name": "\\ud800", "access_token": "a\\u0000b"}'),
    "list": json_bytes(b"[1, 2, 3]"),
    "null": json_bytes(b"null"),
    "string": json_bytes(b'"just words"'),
    "number": json_bytes(b"1e999"),
    "empty_object": json_bytes(b"{}"),
    "garbage": garbage,
    "huge": huge,
    "gzip_bomb": lambda scene: DemoResponse(200, (*JSON_HEADER, ("Content-Encoding", "gzip")), bomb()),
    "bad_gzip": lambda scene: DemoResponse(200, (*JSON_HEADER, ("Content-Encoding", "gzip")), b"not gzip at all"),
    "deep": deep,
    "wrong_types": wrong_types,
    "wrong_containers": wrong_containers,
    "nulls": nulls,
    "redirect_loop": lambda scene: DemoResponse(302, (("Location", scene.target),)),
    "redirect_away": redirect_away,
    "redirect_nowhere": lambda scene: DemoResponse(302, HTML_HEADER, PAGE),
    "slow": slow,
    "drip": drip,
    "drop": lambda scene: DemoResponse(drop=True),
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
