"""Counts, durations and sizes in words."""

from datetime import timedelta

import pytest

from diagnostics.web.format import bytes_in_words, count_of, duration_in_words, short_duration


@pytest.mark.parametrize(
    ("length", "one_unit", "two_units"),
    [
        (timedelta(seconds=-5), "less than a second", "less than a second"),
        (timedelta(milliseconds=500), "less than a second", "less than a second"),
        (timedelta(seconds=1), "1 second", "1 second"),
        (timedelta(seconds=59), "59 seconds", "59 seconds"),
        (timedelta(hours=2, minutes=5, seconds=3), "2 hours", "2 hours 5 minutes"),
        (timedelta(days=1, minutes=5), "1 day", "1 day"),
        (timedelta(days=3, hours=1), "3 days", "3 days 1 hour"),
    ],
)
def test_duration_shows_its_largest_units(length: timedelta, one_unit: str, two_units: str) -> None:
    assert duration_in_words(length) == one_unit
    assert duration_in_words(length, units=2) == two_units


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (120, "2 min")])
def test_short_duration_leaves_out_zero_units(seconds: int, text: str) -> None:
    assert short_duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (3 * 10**12, "3.0 TB")]
)
def test_bytes_have_decimal_prefixes(count: int, text: str) -> None:
    assert bytes_in_words(count) == text


def test_only_a_count_of_one_is_singular() -> None:
    assert [count_of(count, "time") for count in (0, 1, 2)] == ["0 times", "1 time", "2 times"]
