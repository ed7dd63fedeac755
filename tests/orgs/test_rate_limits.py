"""The arithmetic of the rate limit of one org and client, by value."""

from datetime import UTC, datetime, timedelta

import pytest

from diagnostics.genesys.documents.limits import RateLimit
from diagnostics.orgs.models import ClientRateLimit
from diagnostics.orgs.rate_limits import AT_ONCE, Refusal, end_of, is_own_load, reserve, see, wait_of

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def row(used: int = 0, allowed: int | None = 300, **values: object) -> ClientRateLimit:
    known = {"window_started_at": NOW, "window_ends_at": later(61) if allowed else None}
    return ClientRateLimit(used=used, allowed=allowed, **{**known, **values})


def test_one_run_at_a_time_sends_while_the_limit_is_unknown() -> None:
    limit = row(allowed=None)
    assert reserve(limit, NOW, "one", is_background=False) == (AT_ONCE, 0.0)
    granted, wait = reserve(limit, NOW, "two", is_background=False)
    assert granted == 0
    assert wait > 0
    see(limit, NOW, RateLimit(1, 300, 60))
    assert reserve(limit, NOW, "two", is_background=False) == (AT_ONCE, 0.0)


def test_scheduled_runs_leave_a_fifth_to_people() -> None:
    limit = row(used=230)
    assert reserve(limit, NOW, "schedule", is_background=True)[0] == 0
    assert reserve(limit, NOW, "person", is_background=False)[0] == AT_ONCE
    assert wait_of(row(used=226), NOW, is_background=True) == 0.0


def test_what_is_reserved_is_not_given_twice() -> None:
    limit, granted = row(allowed=30), 0
    while count := reserve(limit, NOW, "", is_background=False)[0]:
        granted += count
    assert granted == 2 * AT_ONCE
    assert wait_of(limit, NOW, is_background=False) == 61.0


def test_an_allowance_smaller_than_a_run_is_given_whole() -> None:
    assert reserve(row(allowed=5), NOW, "", is_background=False) == (5, 0.0)
    assert reserve(row(allowed=5), NOW, "", is_background=True) == (4, 0.0)


def test_the_end_of_a_window_and_the_start_of_the_next_do_not_add_up() -> None:
    limit = row(used=300, window_s=60, recent=[[later(-5).timestamp(), 100], [later(50).timestamp(), 200]])
    assert wait_of(limit, later(61), is_background=False) == 0.0  # 200 in the last minute
    assert wait_of(limit, later(61), is_background=True) == 0.0
    limit.recent.append([later(60).timestamp(), 90])
    assert wait_of(limit, later(61), is_background=False) == 49.0


def test_a_window_that_is_over_is_forgotten() -> None:
    limit = row(used=300, reserved=20, uncounted=3)
    assert wait_of(limit, later(60), is_background=False) == 1.0
    assert reserve(limit, later(61), "", is_background=False) == (AT_ONCE, 0.0)
    assert (limit.used, limit.uncounted, limit.reserved) == (0, 0, AT_ONCE)


@pytest.mark.parametrize(
    ("at", "observed", "used", "allowed", "end"),
    [
        (10, RateLimit(40, 300, 50), 40, 300, 61),  # the same window
        (10, RateLimit(5, 300, 50), 20, 300, 61),  # an earlier response of it
        (10, RateLimit(30, 180, 50), 30, 180, 61),  # a resource with a lower limit
        (63, RateLimit(3, 300, 59), 3, 300, 123),  # a newer window
        (10, RateLimit(290, 300, 5), 20, 300, 61),  # an older window
    ],
)
def test_headers_count_for_their_own_window(at: int, observed: RateLimit, used: int, allowed: int, end: int) -> None:
    limit = row(used=20)
    see(limit, later(at), observed)
    assert (limit.used, limit.allowed, end_of(limit)) == (used, allowed, later(end))


def test_a_response_of_the_window_before_does_not_fill_the_new_one() -> None:
    limit = row(used=0, window_ends_at=None)
    see(limit, later(-1), RateLimit(300, 300, 1))
    assert (limit.used, limit.window_ends_at) == (0, None)


def test_a_429_stops_everybody_and_then_one_run_tries() -> None:
    limit = row(used=10, blocked_until=later(20), refusals=1)
    assert wait_of(limit, NOW, is_background=False) == 20.0
    assert reserve(limit, later(20), "one", is_background=False)[0] == AT_ONCE
    assert reserve(limit, later(20), "two", is_background=False)[0] == 0


@pytest.mark.parametrize(
    ("limit", "is_own"),
    [
        (row(used=301, sent=290, accepted_at=later(-3)), True),
        (row(used=301, sent=14, accepted_at=later(-3)), False),  # another program uses the client
        (row(allowed=None, sent=14, accepted_at=later(-3)), True),  # nobody tells: we sent something
        (row(allowed=None, sent=0, accepted_at=later(-100)), False),
        (row(allowed=None, accepted_at=None), False),
    ],
)
def test_whose_load_a_429_is(limit: ClientRateLimit, is_own: bool) -> None:
    assert is_own_load(limit, NOW) is is_own


@pytest.mark.parametrize(
    ("refusal", "waits", "is_waited_for"),
    [
        (Refusal(20, is_own_load=True), 3, True),
        (Refusal(600, is_own_load=True), 0, True),
        (Refusal(20, is_own_load=False), 0, True),
        (Refusal(20, is_own_load=False), 1, False),
        (Refusal(14_400, is_own_load=False), 0, False),
        (Refusal(20, is_own_load=True), 10, False),
    ],
)
def test_a_refusal_becomes_a_verdict_only_if_it_persists_without_us(
    refusal: Refusal, waits: int, is_waited_for: bool
) -> None:
    assert refusal.is_waited_for(waits) is is_waited_for
