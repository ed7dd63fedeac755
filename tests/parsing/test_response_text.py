"""Answers found in text."""

import pytest

from diagnostics.parsing.response_text import find_response, is_response_body, line_status


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("404", 404),
        ("404 Not Found", 404),
        ("HTTP 404", 404),
        ("Status: 404", 404),
        ("status code 404 - Not Found", 404),
        ("> 404", 404),
        ("x -> 404", 404),
        ("returns: 503 Service Unavailable", 503),
        ("4040", None),
        ("404 of 500 calls", None),
        ("item 404", None),
        ("-> 4041", None),
        ("", None),
    ],
)
def test_a_line_that_is_a_status_is_one(line: str, status: int | None) -> None:
    assert line_status(line) == status


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ({"status": 404, "message": "m"}, True),
        ({"message": "m", "code": "c"}, True),
        ({"error": "invalid_client", "description": "d"}, True),
        ({"contextId": "c"}, True),
        ({"providerId": "genesys"}, False),
        ({"status": "connected", "a": 1}, False),
        ({"message": "hello"}, False),
        ([], False),
        (None, False),
    ],
)
def test_a_body_of_an_answer_is_reported_from_one_of_a_request(value: object, answer: bool) -> None:
    assert is_response_body(value) is answer


def test_text_without_an_answer_has_none() -> None:
    assert find_response("nothing to see, not even {braces}") is None
