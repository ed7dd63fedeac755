"""Calls and answers as JSON."""

import json
from typing import Any

import pytest

from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.parse import parse_call, parse_response

URL = "https://api.mypurecloud.com/api/v2/conversations/5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11/cobrowse"
PAIRS = (("Accept", "*/*"), ("X-Note", "1"))


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "*/*", "X-Note": "1"},
        {"Accept": "*/*", "X-Note": 1},
        [["Accept", "*/*"], ["X-Note", "1"]],
        [{"name": "Accept", "value": "*/*"}, {"name": "X-Note", "value": "1"}],
        [{"key": "Accept", "value": "*/*"}, {"key": "X-Note", "value": "1"}],
        ["Accept: */*", "X-Note: 1"],
    ],
)
def test_headers_are_read_in_every_shape(headers: Any) -> None:
    call = parse_call(json.dumps({"method": "post", "url": URL, "headers": headers})).call
    assert call is not None
    assert call.method == "POST"
    assert call.headers == PAIRS


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (None, None),
        ("", None),
        ("{'providerId': 'genesys',}", "{'providerId': 'genesys',}"),
        ({"providerId": "genesys"}, '{"providerId": "genesys"}'),
        ([1], "[1]"),
        (0, "0"),
    ],
)
def test_a_body_may_be_text_or_a_value(body: Any, read: str | None) -> None:
    call = parse_call(json.dumps({"method": "POST", "url": URL, "body": body})).call
    assert call is not None
    assert call.body == read


@pytest.mark.parametrize("outer", ["request", "call"])
@pytest.mark.parametrize("inner", ["response", "answer"])
def test_call_and_answer_may_be_side_by_side(outer: str, inner: str) -> None:
    parsed = parse_call(json.dumps({outer: {"method": "GET", "url": URL}, inner: {"status": 404, "body": {"a": 1}}}))
    assert parsed.call is not None
    assert parsed.call.url == URL
    assert parsed.response is not None
    assert (parsed.response.status, parsed.response.body) == (404, '{"a": 1}')


def test_a_network_error_may_be_next_to_a_call() -> None:
    parsed = parse_call(json.dumps({"url": URL, "answer": {"network_error": "Connection refused"}}))
    assert parsed.response is not None
    assert (parsed.response.status, parsed.response.network_error) == (None, "Connection refused")


@pytest.mark.parametrize(
    ("given", "method"),
    [
        ({"url": URL}, "POST"),
        ({"url": "/api/v2/conversations/x"}, ""),
        ({"url": "/api/v2/conversations/x", "body": {}}, "POST"),
        ({"url": URL, "method": 7}, "POST"),
    ],
)
def test_a_missing_method_is_guessed_only_where_it_is_plain(given: dict[str, Any], method: str) -> None:
    parsed = parse_call(json.dumps(given))
    assert parsed.call is not None
    assert parsed.call.method == method
    assert any(note.kind == "guessed" for note in parsed.notes)


@pytest.mark.parametrize(
    ("text", "status", "body"),
    [
        ('{"status": 404, "headers": {"A": "b"}, "body": {"code": "x"}}', 404, '{"code": "x"}'),
        ('{"status": "404"}', 404, None),
        ('{"response": {"status": 403, "body": "no"}}', 403, "no"),
        ('{"message":"m","code":"not.found","status":404}', 404, '{"message":"m","code":"not.found","status":404}'),
        (
            '{"error":"invalid_client","error_description":"d"}',
            None,
            '{"error":"invalid_client","error_description":"d"}',
        ),
    ],
)
def test_an_answer_is_read(text: str, status: int | None, body: str | None) -> None:
    parsed = parse_response(text)
    assert parsed.call is None
    assert parsed.response is not None
    assert (parsed.response.status, parsed.response.body) == (status, body)


def test_an_error_body_given_as_the_call_is_only_an_answer() -> None:
    parsed = parse_call('{"message": "m", "code": "not.found", "status": 404}')
    assert parsed.call is None
    assert parsed.response is not None
    assert parsed.response.status == 404


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"a"',
        "{'url': '/x'}",
        "[1, 2]",
        '{"providerId": "genesys"}',
        '{"url": ""}',
        '{"url": 7}',
        '{"log": {"entries": []}}',
        '{"a":' * 5000,
        '{"a": ' + "9" * 5000 + "}",
    ],
)
def test_other_json_is_no_call(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_call(text)


@pytest.mark.parametrize(
    "text", ["{}", "[]", "[1]", '{"providerId": "genesys"}', '{"status": "fine"}', '{"status": 7}']
)
def test_other_json_is_no_answer(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_response(text)
