"""What follows on an answer, how long to wait, and that no more is claimed than was shown."""

from datetime import timedelta

import pytest

from diagnostics.monitoring.channels.responses import LONGEST_WAIT, WAITS, Next, Reply, next_after, proved, wait_after


@pytest.mark.parametrize(
    ("reply", "follows"),
    [
        (Reply(200), Next.TAKEN),
        (Reply(202), Next.TAKEN),
        (Reply(301), Next.NEVER),
        (Reply(400), Next.NEVER),
        (Reply(404), Next.NEVER),
        (Reply(408), Next.LATER),
        (Reply(410), Next.GONE),
        (Reply(429), Next.LATER),
        (Reply(500), Next.LATER),
        (Reply(503), Next.LATER),
        (Reply(error="timeout"), Next.LATER),
        (Reply(error="dns"), Next.LATER),
        (Reply(error="tls"), Next.LATER),
        (Reply(error="refused_address"), Next.NEVER),
        (Reply(550, error="rejected"), Next.NEVER),
        (Reply(451, error="later"), Next.LATER),
        (Reply(250), Next.TAKEN),
    ],
)
def test_what_follows(reply: Reply, follows: Next) -> None:
    assert next_after(reply) is follows


def test_pauses_grow_and_end() -> None:
    waits = [wait_after(attempts) for attempts in range(1, len(WAITS) + 2)]
    assert waits[-1] is None
    grown = [each for each in waits if each is not None]
    assert grown == sorted(set(grown))


@pytest.mark.parametrize(
    ("asked", "waits"),
    [(None, WAITS[0]), (1.0, WAITS[0]), (-5.0, WAITS[0]), (300.0, timedelta(seconds=300)), (1e12, LONGEST_WAIT)],
)
def test_a_pause_that_is_asked_for_is_granted(asked: float | None, waits: timedelta) -> None:
    assert wait_after(1, asked) == waits


@pytest.mark.parametrize("kind", ["email", "slack", "teams", "pagerduty", "webhook"])
def test_no_channel_claims_that_anybody_read_it(kind: str) -> None:
    assert any(word in proved(kind, Reply(200)) for word in ("does not say", "run history", "decided there"))
    assert "did not take" in proved(kind, Reply(404))
    assert "redirect" in proved(kind, Reply(302))
    assert proved(kind, Reply(error="dns", words="No such name.")).startswith("Nothing was handed over")
