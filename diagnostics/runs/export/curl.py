"""The requests of a run as curl commands that can be sent again. Pure.

What a person brought, and whatever would write, stands in comments: running the file only reads.
"""

import re
import shlex
from collections.abc import Iterator

from diagnostics.genesys.exchange import HttpExchange
from diagnostics.runs.export.redacted import RedactedRun

HEAD = """#!/bin/sh
# {title}
# Tokens and secrets are not in this file. Set them in the environment before:
#   export CLIENT_ID=... CLIENT_SECRET=... TOKEN=...
# A word that begins with hidden- stands for a value that was taken out: put the real one in its place.
# Every command that is not in a comment only reads, apart from the token request.
set -u
"""
CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
OWN_HEADERS = frozenset({"accept", "content-type"})


def calls_sh(told: RedactedRun) -> str:
    title = f"The requests of run {told.run.pk} in their order, and the call that was brought"
    parts = [HEAD.format(title=_line(title)), *_pasted_call(told)]
    for number, each in enumerate(told.exchanges, 1):
        parts.append("\n".join(_lines(number, each)))
    return "\n".join(parts) + "\n"


def _pasted_call(told: RedactedRun) -> Iterator[str]:
    call = told.inputs.call
    if call is None or not call.url:
        return
    words = ["curl", "-sS", "-i", "-X", call.method or "GET", _line(call.url), *_headers(call.headers)]
    command = _with_token(" ".join(map(shlex.quote, words)))
    if call.body is not None:
        command += f" --data-raw {shlex.quote(_line(call.body))}"
    yield f"# The call that was brought. It may write, so it stands in a comment:\n# {_line(command)}\n"


def _lines(number: int, each: HttpExchange) -> Iterator[str]:
    answered = each.status or each.error or "no answer"
    yield f"# {number}. {_line(each.check_id)}: answered {_line(str(answered))} at {each.started_at.isoformat()}"
    yield f"#    correlation id {_line(each.correlation_id) or 'none'}"
    if each.method == "POST" and each.url.split("?")[0].endswith("/oauth/token"):
        yield f'curl -sS -i -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials {_quoted(each.url)}\n'
        return
    words = ["curl", "-sS", "-i", "-X", each.method, _line(each.url), *_headers(each.request_headers)]
    command = _with_token(" ".join(map(shlex.quote, words)))
    yield f"{command}\n" if each.method in ("GET", "HEAD") else f"# It writes: {_line(command)}\n"


def _headers(headers: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for name, value in headers:
        if name.lower() in OWN_HEADERS:
            yield from ("-H", _line(f"{name}: {value}"))


def _with_token(command: str) -> str:
    """In double quotes, so that the shell puts the token in."""
    return f'{command} -H "Authorization: Bearer $TOKEN"'


def _quoted(text: str) -> str:
    return shlex.quote(_line(text))


def _line(text: str) -> str:
    """One line: what was pasted must not end a comment and become a command."""
    return CONTROL.sub(" ", text)
