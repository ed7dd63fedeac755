"""Stretches of time as a query string says them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from diagnostics.web.time_ranges import QUICK_RANGES, InvalidFilterValue, TimeRange, parse_moment, parse_zone

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-01", datetime(2026, 11, 1, 4, tzinfo=UTC)),
        ("2026-11-02", datetime(2026, 11, 2, 5, tzinfo=UTC)),  # summer time has ended
        ("2026-11-02T14:30", datetime(2026, 11, 2, 19, 30, tzinfo=UTC)),
        ("2026-11-02T14:30+00:00", datetime(2026, 11, 2, 14, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_in_the_given_zone_unless_it_names_another(text: str, moment: datetime) -> None:
    assert parse_moment(text, ZONE) == moment


def test_a_day_that_ends_a_range_is_part_of_it() -> None:
    assert parse_moment("2026-11-01", ZONE, ends=True) == datetime(2026, 11, 2, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-02-30", "1999-12-31", "2200-01-01", "9999-12-31", "0001-01-01T00:00"]
)
def test_what_is_no_moment_of_ours_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilterValue):
        parse_moment(text, ZONE)


@pytest.mark.parametrize("name", ["", "Nowhere", "../UTC", "/etc/passwd", "Europe", "x" * 5000, "a\x00b"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidFilterValue):
        parse_zone(name)


def test_quick_ranges_go_on_until_now() -> None:
    ranges = {name: TimeRange.quick(name, NOW, ZONE) for name in QUICK_RANGES}
    assert all(each.until is None for each in ranges.values())
    assert ranges["today"].since == datetime(2026, 11, 21, 5, tzinfo=UTC)
    assert ranges["24h"].since == datetime(2026, 11, 21, 3, tzinfo=UTC)
