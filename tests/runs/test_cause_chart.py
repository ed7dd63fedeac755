"""Counts by cause over time: stretches in the reader's zone, few series, bars that stand on one another."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from diagnostics.runs.cause_chart import HEIGHT, WIDTH, draw, unit_for
from diagnostics.web.charts import period_starts

ZONE = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "unit"), [(0, "hour"), (2, "hour"), (3, "day"), (100, "day"), (101, "week"), (730, "week"), (731, "month")]
)
def test_stretches_are_neither_two_nor_two_thousand(days: int, unit: str) -> None:
    assert unit_for(NOON, NOON + timedelta(days=days)) == unit


@pytest.mark.parametrize(
    ("unit", "since", "until", "count"),
    [
        ("hour", datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC), 24),  # one comes twice
        ("hour", datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC), 23),  # one is left out
        ("day", datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 26, 22, tzinfo=UTC), 2),
        ("week", NOON, NOON + timedelta(days=7), 2),
        ("month", datetime(2026, 1, 31, 12, tzinfo=UTC), datetime(2026, 12, 31, 12, tzinfo=UTC), 12),
        ("day", NOON, NOON - timedelta(days=1), 0),
    ],
)
def test_stretches_are_the_zones_own(unit: str, since: datetime, until: datetime, count: int) -> None:
    starts = period_starts(unit, since, until, ZONE)
    assert len(starts) == count
    assert starts == sorted(set(starts))


def test_a_count_falls_into_its_stretch_and_gaps_stay() -> None:
    chart = draw([(NOON, "none", 3), (NOON, "conv.ended", 2)], "day", NOON - timedelta(days=2), NOON, ZONE)
    assert [each.total for each in chart.periods] == [0, 0, 5]
    assert (chart.total, chart.top) == (5, 5)
    assert [(each.cause, each.total) for each in chart.series] == [("none", 3), ("conv.ended", 2)]


def test_bars_fill_the_highest_stretch_and_never_leave_the_drawing() -> None:
    chart = draw([(NOON, "none", 3), (NOON, "conv.ended", 2)], "day", NOON - timedelta(days=2), NOON, ZONE)
    low, high = chart.bars
    assert (low.y + low.height, high.y) == (HEIGHT, 0)
    assert high.y + high.height == low.y
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH for bar in chart.bars)


def test_few_causes_have_a_series_and_none_is_lost() -> None:
    counted = [(NOON, f"area.cause_{number}", number) for number in range(1, 9)]
    chart = draw([*counted, (NOON, "undetermined", 4), (NOON, "", 1)], "day", NOON, NOON + timedelta(hours=1), ZONE)
    assert [each.cause for each in chart.series[:5]] == [f"area.cause_{number}" for number in (8, 7, 6, 5, 4)]
    assert [(each.cause, each.total) for each in chart.series[5:]] == [("others", 6), ("undetermined", 4), ("", 1)]
    assert chart.total == chart.periods[0].total == 41


def test_nothing_counted_draws_nothing() -> None:
    chart = draw([], "day", NOON, NOON, ZONE)
    assert (chart.series, chart.bars, chart.total, chart.top) == ([], [], 0, 0)
