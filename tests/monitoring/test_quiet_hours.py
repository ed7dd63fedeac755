"""Quiet hours in a zone: over midnight, whole days, and the two days on which the clocks are changed."""

from datetime import datetime, time

import pytest

from diagnostics.monitoring.quiet_hours import QuietHours, quiet_until

NIGHT = QuietHours(time(22), time(7), zone="Europe/Berlin")
NOON = QuietHours(time(12), time(13), zone="Europe/Berlin")
WEEKEND = QuietHours(days=frozenset({5, 6}), zone="Europe/Berlin")
NIGHTS_AND_WEEKEND = QuietHours(time(22), time(7), frozenset({5, 6}), "Europe/Berlin")


@pytest.mark.parametrize(
    ("quiet", "now", "until"),
    [
        (QuietHours(), "2026-11-02T03:00:00+00:00", None),
        (NIGHT, "2026-11-02T20:59:59+00:00", None),
        (NIGHT, "2026-11-02T21:00:00+00:00", "2026-11-03T06:00:00+00:00"),
        (NIGHT, "2026-11-03T05:59:59+00:00", "2026-11-03T06:00:00+00:00"),
        (NIGHT, "2026-11-03T06:00:00+00:00", None),
        (NOON, "2026-11-02T11:30:00+00:00", "2026-11-02T12:00:00+00:00"),
        (NOON, "2026-11-02T12:00:00+00:00", None),
        (QuietHours(time(7), time(7)), "2026-11-02T07:00:00+00:00", None),  # no length
        (WEEKEND, "2026-11-06T22:59:00+00:00", None),
        (WEEKEND, "2026-11-06T23:00:00+00:00", "2026-11-08T23:00:00+00:00"),  # both days, as one stretch
        (NIGHTS_AND_WEEKEND, "2026-11-06T21:30:00+00:00", "2026-11-09T06:00:00+00:00"),  # night, weekend, night
        (QuietHours(days=frozenset(range(7))), "2026-11-02T03:00:00+00:00", None),  # for ever is no quiet that ends
        # The night in which the clocks go back is an hour longer, the one in which they go forward shorter.
        (NIGHT, "2026-10-24T20:00:00+00:00", "2026-10-25T06:00:00+00:00"),
        (NIGHT, "2026-03-28T21:00:00+00:00", "2026-03-29T05:00:00+00:00"),
        # 02:30 is skipped on that day: the quiet ends as far after midnight as on any other.
        (
            QuietHours(time(1), time(2, 30), zone="Europe/Berlin"),
            "2026-03-29T00:30:00+00:00",
            "2026-03-29T01:30:00+00:00",
        ),
        # 02:30 comes twice on that day: the first one ends it.
        (
            QuietHours(time(1), time(2, 30), zone="Europe/Berlin"),
            "2026-10-24T23:30:00+00:00",
            "2026-10-25T00:30:00+00:00",
        ),
    ],
)
def test_when_it_ends(quiet: QuietHours, now: str, until: str | None) -> None:
    assert quiet_until(datetime.fromisoformat(now), quiet) == (datetime.fromisoformat(until) if until else None)
