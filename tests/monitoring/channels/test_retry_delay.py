"""The delays between the attempts of a delivery."""

from datetime import timedelta

import pytest

from diagnostics.monitoring.channels.responses import MAX_RETRY_AFTER, RETRY_DELAYS, retry_delay


def test_delays_grow_and_end() -> None:
    waits = [retry_delay(attempts) for attempts in range(1, len(RETRY_DELAYS) + 2)]
    assert waits[-1] is None
    grown = [each for each in waits if each is not None]
    assert grown == sorted(set(grown))


@pytest.mark.parametrize(
    ("requested", "waits"),
    [
        (None, RETRY_DELAYS[0]),
        (1.0, RETRY_DELAYS[0]),
        (-5.0, RETRY_DELAYS[0]),
        (300.0, timedelta(seconds=300)),
        (1e12, MAX_RETRY_AFTER),
    ],
)
def test_a_delay_that_the_receiver_asks_for_is_used_within_limits(requested: float | None, waits: timedelta) -> None:
    assert retry_delay(1, requested) == waits
