"""A field of an org's JSON has the expected type, or is absent."""

from datetime import UTC, datetime
from typing import Any

import pytest

from diagnostics.genesys.fields import boolean, field, identifier, items, mapping, mappings, moment, number, text, texts

ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    10**400,
    "",
    "x" * 1_000_000,
    [],
    [[]],
    {},
    {"a": []},
]


@pytest.mark.parametrize("value", ODD)
def test_nothing_raises_and_each_has_its_type(value: Any) -> None:
    for at in (value, {"a": value}, {"a": {"b": value}}, [value]):
        for names in ((), ("a",), ("a", "b"), ("a", "b", "c")):
            assert isinstance(text(at, *names), str)
            assert isinstance(identifier(at, *names), str)
            assert boolean(at, *names) in (None, True, False)
            assert isinstance(number(at, *names), int | None)
            assert isinstance(moment(at, *names), datetime | None)
            assert isinstance(mapping(at, *names), dict)
            assert isinstance(items(at, *names), list | None)
            assert all(isinstance(each, dict) for each in mappings(at, *names))
            assert all(isinstance(each, str) for each in texts(at, *names))


def test_a_field_is_found_by_the_names_that_lead_to_it() -> None:
    data = {"role": {"name": "Agent", "on": False, "tags": ["a", 5, "", "b"], "rows": [{"x": 1}, None]}}
    assert (field(data, "role", "on"), boolean(data, "role", "on")) == (False, False)
    assert (text(data, "role", "name"), text(data, "role", "name", limit=2)) == ("Agent", "Ag")
    assert texts(data, "role", "tags") == ["a", "b"]
    assert mappings(data, "role", "rows") == [{"x": 1}]
    assert (items(data, "role", "none"), items(data, "role", "rows")) == (None, [{"x": 1}, None])


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (5, 5),
        (-5, -5),
        (5.0, 5),
        (5.5, None),
        (True, None),
        ("5", None),
        (2**53, 2**53),
        (2**53 + 1, None),
        (1e300, None),
    ],
)
def test_a_number_is_whole_and_exact(value: Any, found: int | None) -> None:
    assert number({"n": value}, "n") == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2026-11-28T10:00:00Z", datetime(2026, 11, 28, 10, tzinfo=UTC)),
        ("2026-11-28T10:00:00", datetime(2026, 11, 28, 10, tzinfo=UTC)),
        ("2026-13-99", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("yesterday", None),
        (1764000000, None),
    ],
)
def test_a_moment_is_a_time_that_there_is(value: Any, found: datetime | None) -> None:
    assert moment({"at": value}, "at") == found


@pytest.mark.parametrize("value", ["", "  ", "x" * 201, "a\ufffd", 7, ["a"], None])
def test_an_id_that_is_not_whole_is_none(value: Any) -> None:
    assert identifier({"id": value}, "id") == ""


def test_an_id_stays_as_it_is() -> None:
    assert identifier({"id": " Id "}, "id") == " Id "
