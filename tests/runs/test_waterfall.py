"""The waterfall of a run's requests."""

from datetime import UTC, datetime, timedelta

import pytest

from diagnostics.runs.models import Exchange
from diagnostics.runs.waterfall import Waterfall, waterfall_of

BEGAN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def waterfall(*times: tuple[float, float], critical_ms: float | None = None) -> Waterfall:
    """Each request is (start, duration) in ms."""
    exchanges = [
        Exchange(position=position, method="GET", url="/", ms=ms, started_at=BEGAN + timedelta(milliseconds=start))
        for position, (start, ms) in enumerate(times)
    ]
    drawn = waterfall_of(exchanges, critical_ms)
    assert drawn is not None
    return drawn


def test_axis_spans_from_the_first_request_to_the_last_response() -> None:
    bars = waterfall((100, 50), (0, 100), (150, 50)).bars
    assert [(bar.start, bar.width) for bar in bars] == [(50, 25), (0, 50), (75, 25)]


@pytest.mark.parametrize("times", [[(0, 0)], [(0, 0), (0, 0)], [(0, 0.01), (10_000, 1)]])
def test_every_bar_is_visible_and_inside_the_drawing(times: list[tuple[float, float]]) -> None:
    for bar in waterfall(*times).bars:
        assert bar.start >= 0
        assert bar.width > 0
        assert bar.start + bar.width <= 100


def test_critical_path_is_the_chain_of_requests_that_waited_for_each_other() -> None:
    bars = waterfall((0, 100), (0, 30), (100, 20), (101, 200)).bars
    assert [bar.is_critical for bar in bars] == [True, False, False, True]


def test_critical_path_is_drawn_on_the_same_axis() -> None:
    assert waterfall((0, 200), critical_ms=100).critical_width == 50


def test_run_without_requests_has_no_waterfall() -> None:
    assert waterfall_of([], 10) is None
