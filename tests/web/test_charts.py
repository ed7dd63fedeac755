"""Scales and axis ticks of charts."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from diagnostics.web.charts import Scale, duration_ticks, nice_top, number_ticks, period_starts, time_ticks

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_scale_maps_its_range_to_percent_and_keeps_other_values_inside() -> None:
    scale = Scale(0, 200)
    assert [scale.at(value) for value in (-5, 0, 50, 200, 900)] == [0, 0, 25, 100, 100]


def test_scale_without_length_has_one_position() -> None:
    assert Scale(3, 3).at(3) == 0


@pytest.mark.parametrize(("value", "top"), [(0, 0), (1, 1), (7, 8), (33, 40), (100, 100), (101, 150)])
def test_axis_ends_on_a_readable_number_at_or_above_the_largest_value(value: float, top: float) -> None:
    assert nice_top(value) == pytest.approx(top, abs=1e-6)


def test_number_axis_has_whole_numbers_only() -> None:
    assert [tick.label for tick in number_ticks(3)] == ["0", "1", "2", "3"]
    assert [tick.label for tick in number_ticks(40)] == ["0", "10", "20", "30", "40"]


def test_duration_axis_names_its_unit() -> None:
    assert [tick.label for tick in duration_ticks(200)] == ["0", "50 ms", "100 ms", "150 ms", "200 ms"]
    assert [tick.label for tick in duration_ticks(4000)] == ["0", "1 s", "2 s", "3 s", "4 s"]


@pytest.mark.parametrize("days", [0.01, 0.1, 0.5, 1, 3, 10, 40, 200, 900, 9000])
def test_time_axis_has_a_few_ticks_in_order_for_any_range(days: float) -> None:
    ticks = time_ticks(NOON - timedelta(days=days), NOON, ZoneInfo("Europe/Berlin"))
    assert 1 <= len(ticks) <= 6
    assert [tick.at for tick in ticks] == sorted(tick.at for tick in ticks)


def test_time_axis_of_days_starts_each_at_midnight_of_the_zone() -> None:
    zone = ZoneInfo("America/Denver")
    [tick] = time_ticks(NOON - timedelta(hours=24), NOON, zone, ticks=1)
    assert tick.label == "28 Nov"
    assert period_starts("day", NOON, NOON + timedelta(minutes=1), zone)[0].hour == 0


def test_empty_range_has_no_ticks() -> None:
    assert time_ticks(NOON, NOON, UTC) == []
