"""Texts with many calls: a log, a HAR and the results of a Postman run, each with successes and several failures."""

import json
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

LINES, ENTRIES, EXECUTIONS = 1_000, 500, 500
HOST = "api.mypurecloud.ie"
# Method, path, status and error code. "{}" is an ID; the first call is a success.
CALLS = (
    ("GET", "/api/v2/conversations/{}", 200, ""),
    ("POST", "/api/v2/conversations/chat/{}/cobrowse", 404, "not.found"),
    ("POST", "/api/v2/conversations/{}/cobrowse", 404, "not.found"),
    ("POST", "/api/v2/conversations/{}/cobrowse", 403, "missing.permissions"),
    ("GET", "/api/v2/conversations/{}/cobrowse", 405, "method.not.allowed"),
    ("POST", "/api/v2/conversations/messages/{}/cobrowse", 404, "not.found"),
)


def texts_with_many_calls() -> dict[str, str]:
    return {
        f"log of {LINES:,} lines": log(),
        f"HAR of {ENTRIES} calls": har(),
        f"Postman run of {EXECUTIONS} calls": postman_run(),
    }


def _calls(count: int) -> Iterator[tuple[int, str, str, int, dict[str, Any]]]:
    """Number, method, path, status and body. Every second call is a success. Always the same."""
    chance = random.Random(14)  # noqa: S311  (no secret)
    for number in range(count):
        method, path, status, code = CALLS[0] if number % 2 else chance.choice(CALLS)
        ids = [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(2)]
        body = (
            {"message": "It failed.", "code": code, "status": status, "contextId": ids[1]} if code else {"id": ids[1]}
        )
        yield number, method, path.format(ids[0]), status, body


def log() -> str:
    return "\n".join(
        f"2026-11-27T09:{number // 60 % 60:02}:{number % 60:02}.{number % 1000:03}Z INFO [worker-{number % 7}] "
        f"{method} https://{HOST}{path} -> {status} {body.get('code', '')} in {number % 900} ms"
        for number, method, path, status, body in _calls(LINES)
    )


def har() -> str:
    """With headers and bodies as a browser writes them."""
    headers = [{"name": f"x-header-{number}", "value": "v" * 60} for number in range(18)]
    token = {"name": "Authorization", "value": "Bearer " + "kZr8vQ2m" * 11}
    entries = [
        {
            "startedDateTime": f"2026-11-27T09:{number // 60:02}:{number % 60:02}.000Z",
            "time": 12.5,
            "request": {"method": method, "url": f"https://{HOST}{path}", "headers": [token, *headers], "cookies": []},
            "response": {
                "status": status,
                "headers": headers,
                "content": {"mimeType": "application/json", "text": json.dumps(body | {"padding": "x" * 4_000})},
            },
            "timings": {"send": 1, "wait": 10, "receive": 1.5},
        }
        for number, method, path, status, body in _calls(ENTRIES)
    ]
    return json.dumps({"log": {"version": "1.2", "entries": entries}}, indent=2)


def postman_run() -> str:
    """As Newman exports it, with each response body as a list of bytes."""
    executions = [
        {
            "item": {"name": f"Call {number}"},
            "request": {
                "method": method,
                "url": {"protocol": "https", "host": HOST.split("."), "path": path.strip("/").split("/")},
                "header": [{"key": "Authorization", "value": "Bearer " + "kZr8vQ2m" * 11}],
            },
            "response": {
                "code": status,
                "header": [{"key": "Content-Type", "value": "application/json"}],
                "stream": {"type": "Buffer", "data": list(json.dumps(body).encode())},
            },
        }
        for number, method, path, status, body in _calls(EXECUTIONS)
    ]
    return json.dumps(
        {"collection": {"info": {"name": "Calls"}, "item": []}, "run": {"executions": executions}}, indent=1
    )
