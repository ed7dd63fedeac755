"""Pages of a list: where the next one begins, and what is no page."""

from datetime import UTC, datetime
from typing import Any

import pytest

from diagnostics.genesys.documents.limits import RateLimit
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.paging import page_in
from diagnostics.genesys.response import OrgResponse


def answered(data: Any, status: int = 200, limits: dict[str, str] | None = None) -> OrgResponse:
    """`limits` are the rate-limit headers by their last words."""
    result = tuple((f"inin-ratelimit-{name}", value) for name, value in (limits or {}).items())
    return OrgResponse(
        HttpExchange("GET", "https://api.test/x", datetime.now(UTC), 1.0, status, response_headers=result), data
    )


@pytest.mark.parametrize(
    ("next_uri", "cursor", "is_next_unreadable"),
    [
        (None, "", False),
        ("", "", False),
        ("/api/v2/x?pageSize=2&after=abc%3D", "abc=", False),
        ("https://elsewhere.test/x?after=abc", "abc", False),
        ("/api/v2/x?before=abc", "", True),
        ("/api/v2/x", "", True),
        ("http://[broken", "", True),
        (17, "", True),
        ({"after": "abc"}, "", True),
        ("/x?after=" + "a" * 5_000, "", True),
        ("/x?after=a%00b", "", True),
    ],
)
def test_where_the_next_page_begins(next_uri: Any, cursor: str, is_next_unreadable: bool) -> None:
    page = page_in(answered({"entities": [1], "nextUri": next_uri}))
    assert (page.entries, page.cursor, page.is_next_unreadable) == ([1], cursor, is_next_unreadable)


@pytest.mark.parametrize(
    "answer",
    [
        answered({}),
        answered({"entities": {}}),
        answered([1]),
        answered({"entities": []}, 403),
        answered(None),
        OrgResponse(None, error="timeout"),
    ],
)
def test_what_is_no_page(answer: OrgResponse) -> None:
    assert page_in(answer).entries is None


@pytest.mark.parametrize(
    ("headers", "room", "low"),
    [
        (
            {"count": "10", "allowed": "300", "reset": "30"},
            (10, 300, 30),
            False,
        ),
        ({"count": "270", "allowed": "300"}, (270, 300, 60), True),
        (
            {"count": "500", "allowed": "300", "reset": "x"},
            (500, 300, 60),
            True,
        ),
    ],
)
def test_the_room_that_a_rate_limit_leaves(headers: dict[str, str], room: tuple[int, ...], low: bool) -> None:
    found = RateLimit.parse(answered({}, limits=headers))
    assert found == RateLimit(*room)
    assert found is not None
    assert found.is_low is low


@pytest.mark.parametrize("headers", [{}, {"count": "5"}, {"count": "-1", "allowed": "0"}])
def test_no_room_is_reported(headers: dict[str, str]) -> None:
    assert RateLimit.parse(answered({}, limits=headers)) is None
