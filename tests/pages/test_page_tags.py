"""Times and durations as a person reads them."""

from datetime import UTC, datetime, timedelta

import pytest

from diagnostics.web.templatetags import page


@pytest.mark.parametrize(
    ("passed", "reported"),
    [
        (timedelta(seconds=-30), "just now"),
        (timedelta(seconds=4), "just now"),
        (timedelta(seconds=59), "59 seconds ago"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=13), "13 days ago"),
        (timedelta(days=14), ""),
    ],
)
def test_a_distance_in_time(passed: timedelta, reported: str) -> None:
    assert page.distance(passed) == reported


@pytest.mark.parametrize(
    ("ms", "reported"),
    [(None, ""), (0, "0 ms"), (999.4, "999 ms"), (1000, "1.0 s"), (59_900, "59.9 s"), (61_000, "1 min 1 s")],
)
def test_a_duration(ms: float | None, reported: str) -> None:
    assert page.duration(ms) == reported


def test_a_distant_time_is_a_date_with_the_exact_time_next_to_it() -> None:
    shown = page.ago(datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC))
    assert "3 Feb 2020" in shown
    assert "04:05:06 UTC" in shown


@pytest.mark.parametrize("text", ["<b>no json</b>", "", "[" * 100_000, '{"a": NaN}'])
def test_a_body_that_is_no_json_stays_as_it_is(text: str) -> None:
    assert isinstance(page.pretty(text), str)


@pytest.mark.parametrize(
    ("passed", "reported"),
    [
        (timedelta(days=3, minutes=1), ">for 3 days<"),
        (timedelta(seconds=0), ">since just now<"),
        (timedelta(days=40), ">since "),
    ],
)
def test_how_long_something_has_been_so(passed: timedelta, reported: str) -> None:
    assert reported in page.lasting(datetime.now(UTC) - passed)
