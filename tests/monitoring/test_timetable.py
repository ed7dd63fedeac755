"""The timetable: what is due when, across every change of the clock, told in words."""

from datetime import UTC, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.monitoring.timetable import (
    InvalidTimetable,
    Timetable,
    default_spread,
    describe_timetable,
    due_times,
    next_clock_change,
    next_time,
    next_times,
    shortest_gap,
    spread,
    times,
    upcoming_times,
)

BERLIN, NEW_YORK, LORD_HOWE, SANTIAGO = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"
HALF_PAST_TWO = time(2, 30)


def daily(zone: str, at: time = HALF_PAST_TWO) -> Timetable:
    return Timetable("daily", zone, at=at)


def weekly(zone: str, *weekdays: int, at: time = HALF_PAST_TWO) -> Timetable:
    return Timetable("weekly", zone, at=at, weekdays=weekdays)


def cron(zone: str, text: str) -> Timetable:
    return Timetable("cron", zone, cron=text)


def reported(plan: Timetable, after: str, count: int = 3) -> list[str]:
    """As the plan's own clock shows them, with its offset."""
    start = datetime.fromisoformat(after).replace(tzinfo=UTC)
    return [f"{each.astimezone(plan.tz):%m-%d %H:%M%z}" for each in next_times(plan, start, count)]


@pytest.mark.parametrize(
    ("plan", "after", "expected"),
    [
        # Berlin goes forward on 29 March 2026 at 02:00 and back on 25 October at 03:00.
        (daily(BERLIN), "2026-03-27T12:00", ["03-28 02:30+0100", "03-29 03:00+0200", "03-30 02:30+0200"]),
        (daily(BERLIN, time(2, 0)), "2026-03-28T12:00", ["03-29 03:00+0200", "03-30 02:00+0200", "03-31 02:00+0200"]),
        (daily(BERLIN, time(3, 0)), "2026-03-28T12:00", ["03-29 03:00+0200", "03-30 03:00+0200", "03-31 03:00+0200"]),
        (daily(BERLIN, time(1, 59)), "2026-03-28T12:00", ["03-29 01:59+0100", "03-30 01:59+0200", "03-31 01:59+0200"]),
        (daily(BERLIN), "2026-10-24T12:00", ["10-25 02:30+0200", "10-26 02:30+0100", "10-27 02:30+0100"]),
        (daily(BERLIN, time(3, 0)), "2026-10-24T12:00", ["10-25 03:00+0100", "10-26 03:00+0100", "10-27 03:00+0100"]),
        # Just after the first 02:30 of the long night there is no second one.
        (daily(BERLIN), "2026-10-25T00:30", ["10-26 02:30+0100", "10-27 02:30+0100", "10-28 02:30+0100"]),
        (daily(BERLIN), "2026-10-25T01:29", ["10-26 02:30+0100", "10-27 02:30+0100", "10-28 02:30+0100"]),
        # New York: 8 March and 1 November 2026.
        (daily(NEW_YORK), "2026-03-07T12:00", ["03-08 03:00-0400", "03-09 02:30-0400", "03-10 02:30-0400"]),
        (
            daily(NEW_YORK, time(1, 30)),
            "2026-10-31T12:00",
            ["11-01 01:30-0400", "11-02 01:30-0500", "11-03 01:30-0500"],
        ),
        # Lord Howe moves by half an hour only: 5 April back, 4 October forward.
        (
            daily(LORD_HOWE, time(2, 15)),
            "2026-10-03T00:00",
            ["10-04 02:30+1100", "10-05 02:15+1100", "10-06 02:15+1100"],
        ),
        (
            daily(LORD_HOWE, time(1, 45)),
            "2026-04-04T00:00",
            ["04-05 01:45+1100", "04-06 01:45+1030", "04-07 01:45+1030"],
        ),
        # Santiago's midnight does not exist on 6 September 2026.
        (daily(SANTIAGO, time(0, 0)), "2026-09-05T12:00", ["09-06 01:00-0300", "09-07 00:00-0300", "09-08 00:00-0300"]),
        (daily("UTC"), "2026-03-28T12:00", ["03-29 02:30+0000", "03-30 02:30+0000", "03-31 02:30+0000"]),
        (daily("Asia/Kolkata"), "2026-03-28T12:00", ["03-29 02:30+0530", "03-30 02:30+0530", "03-31 02:30+0530"]),
        (weekly(BERLIN, 6), "2026-03-23T12:00", ["03-29 03:00+0200", "04-05 02:30+0200", "04-12 02:30+0200"]),
        (weekly(BERLIN, 6, 0), "2026-10-24T12:00", ["10-25 02:30+0200", "10-26 02:30+0100", "11-01 02:30+0100"]),
        (cron(BERLIN, "30 2 * * *"), "2026-03-28T12:00", ["03-29 03:00+0200", "03-30 02:30+0200", "03-31 02:30+0200"]),
        (cron(BERLIN, "30 2 * * *"), "2026-10-24T12:00", ["10-25 02:30+0200", "10-26 02:30+0100", "10-27 02:30+0100"]),
        # Four times that do not exist are one at the next moment that does; twice four that do are four.
        (
            cron(BERLIN, "*/15 2 * * *"),
            "2026-03-28T12:00",
            ["03-29 03:00+0200", "03-30 02:00+0200", "03-30 02:15+0200"],
        ),
        (
            cron(BERLIN, "*/30 2,3 * * *"),
            "2026-10-24T12:00",
            ["10-25 02:00+0200", "10-25 02:30+0200", "10-25 03:00+0100"],
        ),
        (cron(BERLIN, "0 */2 * * *"), "2026-10-24T22:30", ["10-25 02:00+0200", "10-25 04:00+0100", "10-25 06:00+0100"]),
        # What is meant for every hour goes on evenly: nothing is left out, and the hour that comes twice has two.
        (cron(BERLIN, "30 * * * *"), "2026-03-29T00:00", ["03-29 01:30+0100", "03-29 03:30+0200", "03-29 04:30+0200"]),
        (cron(BERLIN, "30 * * * *"), "2026-10-25T00:00", ["10-25 02:30+0200", "10-25 02:30+0100", "10-25 03:30+0100"]),
        (cron(BERLIN, "0 9 * * 1-5"), "2026-03-27T12:00", ["03-30 09:00+0200", "03-31 09:00+0200", "04-01 09:00+0200"]),
        (cron("UTC", "0 0 29 2 *"), "2026-01-01T00:00", ["02-29 00:00+0000"] * 3),
        (
            Timetable("minutes", BERLIN, 90),
            "2026-03-29T00:00",
            ["03-29 03:30+0200", "03-29 05:00+0200", "03-29 06:30+0200"],
        ),
        (
            Timetable("minutes", "UTC", 5),
            "2026-03-29T00:04",
            ["03-29 00:05+0000", "03-29 00:10+0000", "03-29 00:15+0000"],
        ),
        (
            Timetable("minutes", "UTC", 60),
            "2026-03-29T00:00",
            ["03-29 01:00+0000", "03-29 02:00+0000", "03-29 03:00+0000"],
        ),
    ],
    ids=lambda value: describe_timetable(value) if isinstance(value, Timetable) else None,
)
def test_what_is_due(plan: Timetable, after: str, expected: list[str]) -> None:
    assert reported(plan, after, len(expected)) == expected


zones = st.sampled_from(sorted(available_timezones() - {"localtime"}))
moments = st.datetimes(datetime(2024, 1, 1), datetime(2034, 1, 1)).map(lambda each: each.replace(tzinfo=UTC))
plans = st.one_of(
    st.builds(lambda zone, at: Timetable("daily", zone, at=at.replace(second=0, microsecond=0)), zones, st.times()),
    st.builds(
        lambda zone, at, days: Timetable("weekly", zone, at=at.replace(second=0, microsecond=0), weekdays=tuple(days)),
        zones,
        st.times(),
        st.sets(st.integers(0, 6), min_size=1),
    ),
    st.builds(lambda zone, minutes: Timetable("minutes", zone, minutes), zones, st.integers(1, 10080)),
    st.builds(
        lambda zone, minute, hour: Timetable("cron", zone, cron=f"{minute} {hour} * * *"),
        zones,
        st.sampled_from(["0", "30", "*/15", "5-7"]),
        st.sampled_from(["*", "2", "0,1,2,3", "*/3", "0-3"]),
    ),
)


@given(plans, moments)
@settings(max_examples=150)
def test_times_continue_and_none_is_repeated_or_lost(plan: Timetable, after: datetime) -> None:
    found = next_times(plan, after, 8)
    assert found[0] > after
    assert found == sorted(set(found))
    assert found[1:] == next_times(plan, found[0], 7), "whoever goes on from a time finds the same ones"
    between = after + (found[0] - after) / 2
    assert next_time(plan, between) == found[0], "where one starts to look changes nothing"


@given(zones, st.times(), moments)
@settings(max_examples=150)
def test_a_daily_plan_comes_once_on_each_day_of_its_zone(zone: str, at: time, after: datetime) -> None:
    plan = Timetable("daily", zone, at=at.replace(second=0, microsecond=0))
    days = [each.astimezone(plan.tz).date() for each in islice(times(plan, after), 30)]
    assert [later - sooner for sooner, later in pairwise(days)] == [timedelta(days=1)] * 29


@pytest.mark.parametrize(
    ("plan", "after", "words"),
    [
        (daily(BERLIN), "2026-03-28T12:00", "02:30 is skipped"),
        (cron(BERLIN, "30 2 * * *"), "2026-03-28T12:00", "02:30 is skipped"),
        (daily(BERLIN), "2026-10-24T12:00", "02:30 occurs twice"),
        (daily(BERLIN, time(9, 0)), "2026-03-28T12:00", ""),
        (cron(BERLIN, "30 * * * *"), "2026-10-25T00:00", ""),
        (Timetable("minutes", BERLIN, 30), "2026-10-25T00:00", ""),
    ],
)
def test_the_effect_of_a_clock_change_is_described(plan: Timetable, after: str, words: str) -> None:
    note = upcoming_times(plan, datetime.fromisoformat(after).replace(tzinfo=UTC), 1)[0].note
    assert words in note
    assert bool(note) == bool(words)


@pytest.mark.parametrize(
    ("zone", "expected", "hours"),
    [
        (BERLIN, datetime(2026, 3, 29, 1, tzinfo=UTC), 1),
        (NEW_YORK, datetime(2026, 3, 8, 7, tzinfo=UTC), 1),
        (LORD_HOWE, datetime(2026, 4, 4, 15, tzinfo=UTC), -0.5),
        ("UTC", None, 0),
        ("Asia/Kolkata", None, 0),
    ],
)
def test_the_next_change_of_the_clock(zone: str, expected: datetime | None, hours: float) -> None:
    change = next_clock_change(zone, datetime(2026, 1, 15, 12, 34, tzinfo=UTC))
    if expected is None:
        assert change is None
    else:
        assert change is not None
        assert (change.at, change.by) == (expected, timedelta(hours=hours))


@pytest.mark.parametrize(
    ("plan", "down", "before"),
    [
        (Timetable("minutes", "UTC", 5), timedelta(minutes=4), 0),
        (Timetable("minutes", "UTC", 5), timedelta(minutes=5), 1),
        (Timetable("minutes", "UTC", 5), timedelta(days=2), 576),
        (daily(BERLIN), timedelta(hours=23), 0),
        (daily(BERLIN), timedelta(days=10), 10),
        (weekly(BERLIN, 0), timedelta(days=21), 3),
        (cron(BERLIN, "0 * * * *"), timedelta(days=3), 72),
    ],
)
def test_what_has_passed_is_the_newest_and_the_count_of_those_before(
    plan: Timetable, down: timedelta, before: int
) -> None:
    due = next_time(plan, datetime(2026, 5, 1, tzinfo=UTC))
    assert due is not None
    found = due_times(plan, due, due + down)
    assert (found.before, found.is_more) == (before, False)
    assert found.latest == next_times(plan, due - timedelta(seconds=1), before + 1)[-1]
    assert found.first == (due if before else None)
    assert found.last_before == (next_times(plan, due - timedelta(seconds=1), before)[-1] if before else None)


def test_a_very_long_outage_is_counted_up_to_a_limit_and_marked() -> None:
    plan = cron(BERLIN, "* * * * *")
    due = datetime(2025, 5, 1, tzinfo=UTC)
    found = due_times(plan, due, due + timedelta(days=365))
    assert (found.before, found.is_more) == (10_000, True)
    assert found.latest == due + timedelta(days=365)
    assert found.last_before == found.latest - timedelta(minutes=1)


@pytest.mark.parametrize(
    "values",
    [
        {"every": "minutes", "minutes": 0},
        {"every": "minutes", "minutes": 10081},
        {"every": "daily"},
        {"every": "weekly", "at": HALF_PAST_TWO},
        {"every": "weekly", "at": HALF_PAST_TWO, "weekdays": (7,)},
        {"every": "cron", "cron": ""},
        {"every": "cron", "cron": "* * * * * *"},
        {"every": "cron", "cron": "61 * * * *"},
        {"every": "cron", "cron": "0 0 30 2 *"},
        {"every": "cron", "cron": "0 9 * * " + "1," * 80 + "1"},
        {"every": "cron", "cron": "\0 * * * *"},
        {"every": "cron", "cron": "٣ * * * *"},
        {"every": "daily", "at": HALF_PAST_TWO, "zone": "Europe/Atlantis"},
        {"every": "daily", "at": HALF_PAST_TWO, "zone": "../etc/passwd"},
        {"every": "daily", "at": HALF_PAST_TWO, "zone": ""},
        {"every": "daily", "at": HALF_PAST_TWO, "zone": "\0"},
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_with_a_sentence(values: dict[str, object]) -> None:
    with pytest.raises(InvalidTimetable) as refused:
        Timetable(**values)  # type: ignore[arg-type]
    assert str(refused.value).endswith(".")


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_nonsense_for_a_cron_expression_is_a_plan_or_refused(text: str) -> None:
    try:
        plan = Timetable("cron", cron=text)
    except InvalidTimetable:
        return
    assert next_time(plan, datetime(2026, 1, 1, tzinfo=UTC)) is not None
    assert describe_timetable(plan)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Timetable("minutes", minutes=1), "Every minute"),
        (Timetable("minutes", minutes=5), "Every 5 minutes"),
        (Timetable("minutes", minutes=60), "Every hour"),
        (Timetable("minutes", minutes=120), "Every 2 hours"),
        (Timetable("minutes", minutes=1440), "Every day"),
        (Timetable("minutes", minutes=90), "Every 90 minutes"),
        (daily(BERLIN), "Every day at 02:30, Europe/Berlin time"),
        (weekly(BERLIN, 4, 0), "Every Monday and Friday at 02:30, Europe/Berlin time"),
        (weekly(BERLIN, 0, 2, 4), "Every Monday, Wednesday and Friday at 02:30, Europe/Berlin time"),
        (cron(BERLIN, "0 9 * * 1-5"), "At 09:00 on Monday through Friday, Europe/Berlin time"),
    ],
)
def test_a_schedule_is_described_in_words(plan: Timetable, words: str) -> None:
    assert describe_timetable(plan) == words


def test_schedules_due_at_once_start_apart_each_always_at_its_own_time() -> None:
    starts = [spread(key, 299) for key in range(1, 301)]
    assert all(timedelta() <= each <= timedelta(seconds=299) for each in starts)
    assert starts == [spread(key, 299) for key in range(1, 301)]
    busiest = max(sum(minute <= each < minute + timedelta(seconds=10) for each in starts) for minute in starts)
    assert busiest <= 15, "300 starts over 300 seconds are about ten in ten seconds"
    assert spread(7, 0) == timedelta()


def test_the_usual_spread_is_shorter_than_a_step() -> None:
    for plan in (
        Timetable("minutes", minutes=1),
        Timetable("minutes", minutes=5),
        Timetable("minutes", minutes=600),
        daily(BERLIN),
    ):
        assert timedelta(seconds=default_spread(plan)) < shortest_gap(plan, datetime(2026, 1, 1, tzinfo=UTC))


def test_the_shortest_gap_of_an_uneven_plan() -> None:
    assert shortest_gap(cron("UTC", "0,10 9 * * *"), datetime(2026, 1, 1, tzinfo=UTC)) == timedelta(minutes=10)
