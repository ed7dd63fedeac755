"""Processor time to read texts with many calls, group the failing ones and judge each group by its call.

The texts are a log, a HAR and the results of a Postman run, each with successes and several failures.
"""

import json
import random
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from diagnostics.engine.batch_review import review_batch
from diagnostics.evaluation.bench.parsing import MOST_SECONDS
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow
from diagnostics.evaluation.bench.slow_texts import slow_texts
from diagnostics.genesys.contract import Contract, bundled
from diagnostics.genesys.regions import Region

SLOW_SIZE = 1_000_000  # characters
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


def batch(options: BenchOptions) -> list[BenchRow]:
    """The three texts, the worst of `times` each, and with `is_whole` also the texts that are made to be slow."""
    review_batch("POST /api/v2/conversations/x/cobrowse -> 404", _contract)  # loads the API reference
    rows = []
    for name, text in texts_with_many_calls().items():
        rows.append(_row(name, max(_seconds(text) for _ in range(options.times))))
        rows.append(BenchRow(f"{name}: groups", len(review_batch(text, _contract).groups), ""))
    if options.is_whole:
        worst = max((_seconds(text), name) for name, text in slow_texts(SLOW_SIZE).items())
        rows.append(_row(f"text made to be slow, the worst: {worst[1]}", worst[0]))
    return rows


def _row(name: str, seconds: float) -> BenchRow:
    goal = f"under {MOST_SECONDS:.0f} s of a thread"
    return BenchRow(name, round(seconds, 3), "s", goal, seconds < MOST_SECONDS)


def _seconds(text: str) -> float:
    started = time.thread_time()
    review_batch(text, _contract)
    return time.thread_time() - started


def _contract(region: Region | None) -> Contract:
    return bundled()


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
