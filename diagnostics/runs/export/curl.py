"""The requests of a run as curl commands that can be sent again. Pure.

The pasted call and every request that may write are in comments, so that running the file only reads.
"""

import re
import shlex
from collections.abc import Iterator

from diagnostics.genesys.exchange import HttpExchange
from diagnostics.runs.export.redacted import RedactedRun

HEAD = """#!/bin/sh
# {title}
# This file contains no tokens or secrets. Set them in the environment first:
#   export CLIENT_ID=... CLIENT_SECRET=... TOKEN=...
# A word that starts with hidden- replaces a personal value: insert the real one.
# Every command outside of comments only reads, apart from the token request.
set -u
"""
CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
EXPORTED_HEADERS = frozenset({"accept", "content-type"})


def calls_sh(redacted: RedactedRun) -> str:
    title = f"The requests of run {redacted.run.pk} in order, and the pasted call"
    parts = [HEAD.format(title=_line(title)), *_pasted_call(redacted)]
    for number, exchange in enumerate(redacted.exchanges, 1):
        parts.append("\n".join(_lines(number, exchange)))
    return "\n".join(parts) + "\n"


def _pasted_call(redacted: RedactedRun) -> Iterator[str]:
    call = redacted.inputs.call
    if call is None or not call.url:
        return
    words = ["curl", "-sS", "-i", "-X", call.method or "GET", _line(call.url), *_headers(call.headers)]
    command = _with_token(" ".join(map(shlex.quote, words)))
    if call.body is not None:
        command += f" --data-raw {shlex.quote(_line(call.body))}"
    yield f"# The pasted call, in a comment because it may write:\n# {_line(command)}\n"


def _lines(number: int, exchange: HttpExchange) -> Iterator[str]:
    result = exchange.status or exchange.error or "no response"
    yield f"# {number}. {_line(exchange.check_id)}: result {_line(str(result))} at {exchange.started_at.isoformat()}"
    yield f"#    correlation ID {_line(exchange.correlation_id) or 'none'}"
    if exchange.method == "POST" and exchange.url.split("?")[0].endswith("/oauth/token"):
        yield f'curl -sS -i -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials {shlex.quote(_line(exchange.url))}\n'
        return
    words = ["curl", "-sS", "-i", "-X", exchange.method, _line(exchange.url), *_headers(exchange.request_headers)]
    command = _with_token(" ".join(map(shlex.quote, words)))
    yield f"{command}\n" if exchange.method in ("GET", "HEAD") else f"# Writes: {_line(command)}\n"


def _headers(headers: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for name, value in headers:
        if name.lower() in EXPORTED_HEADERS:
            yield from ("-H", _line(f"{name}: {value}"))


def _with_token(command: str) -> str:
    """In double quotes, so that the shell expands the variable."""
    return f'{command} -H "Authorization: Bearer $TOKEN"'


def _line(text: str) -> str:
    """On one line: pasted text must not end a comment and become a command."""
    return CONTROL.sub(" ", text)
