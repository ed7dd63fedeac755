"""Every call of a text with many: how many there are, of which kinds, and when."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from diagnostics.evaluation.bench.batch import ENTRIES, EXECUTIONS, LINES, har, log, postman_run
from diagnostics.parsing import batch
from diagnostics.parsing.batch import ManyCalls, read_calls
from diagnostics.parsing.paste_file import read_file

HOST = "https://api.mypurecloud.ie"
TOKEN = "kZr8vQ2mX5tYb7nL0pWc3sDf6gHj9aEu1iOx4RqTzVyB"
Count = tuple[str, int | None, int]


def counts(found: ManyCalls) -> set[Count]:
    """Method, status and number of calls of each kind."""
    return {(kind.draft.method, kind.draft.status, kind.calls) for kind in found.kinds}


def url() -> str:
    return f"{HOST}/api/v2/conversations/{uuid4()}/cobrowse"


def in_lines(line: str, times: int) -> str:
    return "\n".join(line.replace("URL", url()) for _ in range(times))


def newman(status: int) -> dict[str, Any]:
    stream = {"type": "Buffer", "data": list(b'{"code": "not.found"}')}
    return {"request": {"method": "POST", "url": url()}, "response": {"code": status, "stream": stream}}


APP_RUN = {
    "id": "1",
    "results": [{"id": "r", "name": "Start", "url": url(), "responseCode": {"code": 404}} for _ in range(7)],
    "collection": {"requests": [{"id": "r", "method": "POST"}]},
}
TEXTS: dict[str, tuple[str, set[Count]]] = {
    "access log": (in_lines('10.1.1.1 - - [27/Nov/2026:09:12:03 +0000] "POST URL HTTP/1.1" 404 123', 6), {("POST", 404, 6)}),
    "application log": (
        in_lines("2026-11-27 INFO POST URL -> 404\n  stack line\nWARN something else", 4) + in_lines("\nGET URL -> 200", 2),
        {("POST", 404, 4), ("GET", 200, 2)},
    ),
    "request and response in two lines": (
        "\n".join(f"INFO calling POST {each}\nINFO POST {each} -> 403" for each in (url() for _ in range(5))),
        {("POST", 403, 5)},
    ),
    "a request that is repeated without a response": (f"POST {HOST}/api/v2/cobrowse\n" * 3, {("POST", None, 3)}),
    "JSON lines": (in_lines('{"ts": 1764234723, "method": "POST", "url": "URL", "status": 404}', 5), {("POST", 404, 5)}),
    "JSON list": (json.dumps({"hits": [{"method": "PUT", "url": url(), "status": 405}] * 3}), {("PUT", 405, 3)}),
    "curl commands": (in_lines("curl -X POST 'URL' \\\n  -H 'Authorization: Bearer x' \\\n  -d 'POST /a'", 4), {("POST", None, 4)}),
    "request lines": (in_lines("POST URL", 3), {("POST", None, 3)}),
    "Newman": (json.dumps({"run": {"executions": [newman(404)] * 3 + [newman(200)]}}), {("POST", 404, 3), ("POST", 200, 1)}),
    "run of the Postman app": (json.dumps(APP_RUN), {("POST", 404, 7)}),
    "prose": ("Nothing works here.\n" * 50, set()),
    "empty": ("", set()),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_all_calls_are_counted_by_kind(name: str) -> None:
    text, expected = TEXTS[name]
    assert counts(read_calls(text)) == expected


@pytest.mark.parametrize(("make", "calls"), [(log, LINES), (har, ENTRIES), (postman_run, EXECUTIONS)])
def test_no_call_of_a_long_text_is_lost(make: Callable[[], str], calls: int) -> None:
    found = read_calls(make())
    assert (found.total, found.partial, found.left_out) == (calls, "", 0)
    assert len(found.kinds) == 6


def test_a_har_file_keeps_all_its_calls_when_it_is_reduced() -> None:
    text = har()
    assert counts(read_calls(read_file([text.encode()]))) == counts(read_calls(text))


def test_a_har_that_is_cut_off_has_its_complete_entries() -> None:
    assert 0 < read_calls(har()[:200_000]).total < ENTRIES


def test_the_first_and_the_last_time_are_those_of_the_calls() -> None:
    lines = [f"2026-11-27T09:0{minute}:00Z POST {url()} -> 404" for minute in (3, 1, 5, 2)]
    (kind,) = read_calls("\n".join(lines)).kinds
    assert (kind.first_at, kind.last_at) == (
        datetime(2026, 11, 27, 9, 1, tzinfo=UTC),
        datetime(2026, 11, 27, 9, 5, tzinfo=UTC),
    )
    call = kind.parsed([]).call
    assert call is not None and call.url in lines[2]


def test_the_call_that_is_diagnosed_holds_no_secret() -> None:
    text = f"the token: {TOKEN}\n" + in_lines(f"curl -X POST 'URL?key={TOKEN}' -H 'Authorization: Bearer {TOKEN}'", 5)
    found = read_calls(text)
    assert [TOKEN in str(kind.parsed(found.secrets)) for kind in found.kinds] == [False]


def test_how_much_was_read_is_reported_when_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "READ_SECONDS", -1.0)
    found = read_calls(log())
    assert found.total < LINES
    assert found.partial


@pytest.mark.parametrize(
    "text",
    [
        '{"log": {"entries": [' + "[" * 100_000,
        "[" * 100_000,
        '{"log": {"entries": [{"request": {"url": 1}}, 7, null, {"request": {"url": "x", "headers": 5}, "response": []}]}}',
        '{"run": {"executions": [7, {"request": {"url": []}, "response": 5, "item": 3}]}}',
        '{"results": [{"url": "a", "responseCode": {}}], "collection": 5}',
        '[{"url": "\\ud800", "method": 5, "ts": 1e300}]',
        '{"a": ' + "9" * 5_000 + "}",
        "POST /api/v2/\ud800\x00\u202e/cobrowse -> 404\n" * 5,
        "99/Xyz/9999:99:99:99 +9999 POST /api/v2/x -> 404",
        "0001-01-01T00:00:00+14:00 POST /api/v2/x -> 404",
    ],
)
def test_no_text_raises(text: str) -> None:
    for kind in read_calls(text).kinds:
        kind.parsed([])
