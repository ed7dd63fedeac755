"""Failures over time: periods in the viewer's time zone, few series, stacked bars."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from diagnostics.runs.filters import RunFilter
from diagnostics.runs.queries.failure_chart import CauseCount, FailureChart, draw, unit_for
from diagnostics.web.charts import period_starts

ZONE = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "unit"), [(0, "hour"), (2, "hour"), (3, "day"), (62, "day"), (63, "week"), (730, "week"), (731, "month")]
)
def test_period_fits_the_range(days: int, unit: str) -> None:
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
def test_periods_are_those_of_the_time_zone(unit: str, since: datetime, until: datetime, count: int) -> None:
    starts = period_starts(unit, since, until, ZONE)
    assert len(starts) == count
    assert starts == sorted(set(starts))


def drawn(counts: list[CauseCount], days: int = 2) -> FailureChart:
    return draw(counts, "day", NOON - timedelta(days=days), NOON, RunFilter(), ZONE)


def test_only_failures_are_drawn_and_all_runs_are_counted() -> None:
    chart = drawn([(NOON, "none", 30), (NOON, "", 1), (NOON, "conv.ended", 2)])
    assert (chart.failures, chart.runs) == (2, 33)
    assert [(each.cause, each.total) for each in chart.series] == [("conv.ended", 2)]
    assert [period.failures for period in chart.periods] == [0, 0, 2]


def test_segments_of_a_period_are_stacked_from_the_axis() -> None:
    low, high = drawn([(NOON, "conv.ended", 3), (NOON, "env.dns", 1)]).periods[-1].segments
    assert low.y + low.height == 100
    assert high.y + high.height == low.y
    assert high.y >= 0


def test_bar_leads_to_the_failures_of_its_period() -> None:
    period = drawn([(NOON, "conv.ended", 3)]).periods[-1]
    assert "cause=wrong" in period.query
    assert "from=2026-11-10&to=2026-11-10" in period.query
    assert "cause=conv.ended" in period.segments[0].query


def test_few_causes_have_a_series_and_no_failure_is_lost() -> None:
    counted = [(NOON, f"area.cause_{number}", number) for number in range(1, 9)]
    chart = drawn([*counted, (NOON, "undetermined", 4)])
    assert [each.cause for each in chart.series[:5]] == [f"area.cause_{number}" for number in (8, 7, 6, 5, 4)]
    assert [(each.cause, each.total) for each in chart.series[5:]] == [("others", 6), ("undetermined", 4)]
    assert chart.failures == sum(count for count, _ in chart.periods[-1].cells) == 40


def test_chart_without_runs_is_empty() -> None:
    assert draw([], "day", NOON, NOON - timedelta(days=1), RunFilter(), ZONE).periods == []
    assert drawn([]).failures == 0
