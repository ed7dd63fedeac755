"""What follows on an answer, how long to wait, and that no more is claimed than was shown."""

from datetime import timedelta

import pytest

from diagnostics.monitoring.channels.responses import (
    MAX_RETRY_AFTER,
    RETRY_DELAYS,
    AttemptResult,
    Reply,
    explain_reply,
    result_of,
    retry_delay,
)


@pytest.mark.parametrize(
    ("reply", "follows"),
    [
        (Reply(200), AttemptResult.DELIVERED),
        (Reply(202), AttemptResult.DELIVERED),
        (Reply(301), AttemptResult.REJECTED),
        (Reply(400), AttemptResult.REJECTED),
        (Reply(404), AttemptResult.REJECTED),
        (Reply(408), AttemptResult.RETRY),
        (Reply(410), AttemptResult.GONE),
        (Reply(429), AttemptResult.RETRY),
        (Reply(500), AttemptResult.RETRY),
        (Reply(503), AttemptResult.RETRY),
        (Reply(error="timeout"), AttemptResult.RETRY),
        (Reply(error="dns"), AttemptResult.RETRY),
        (Reply(error="tls"), AttemptResult.RETRY),
        (Reply(error="refused_address"), AttemptResult.REJECTED),
        (Reply(550, error="rejected"), AttemptResult.REJECTED),
        (Reply(451, error="later"), AttemptResult.RETRY),
        (Reply(250), AttemptResult.DELIVERED),
    ],
)
def test_what_follows(reply: Reply, follows: AttemptResult) -> None:
    assert result_of(reply) is follows


def test_pauses_grow_and_end() -> None:
    waits = [retry_delay(attempts) for attempts in range(1, len(RETRY_DELAYS) + 2)]
    assert waits[-1] is None
    grown = [each for each in waits if each is not None]
    assert grown == sorted(set(grown))


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        (None, RETRY_DELAYS[0]),
        (1.0, RETRY_DELAYS[0]),
        (-5.0, RETRY_DELAYS[0]),
        (300.0, timedelta(seconds=300)),
        (1e12, MAX_RETRY_AFTER),
    ],
)
def test_a_pause_that_is_asked_for_is_granted(asked: float | None, waits: timedelta) -> None:
    assert retry_delay(1, asked) == waits


@pytest.mark.parametrize("kind", ["email", "slack", "teams", "pagerduty", "webhook"])
def test_no_channel_claims_that_anybody_read_it(kind: str) -> None:
    assert "read" not in explain_reply(kind, Reply(200))
    assert explain_reply(kind, Reply(404)).startswith("Not delivered")
    assert "redirects (302)" in explain_reply(kind, Reply(302))
    assert explain_reply(kind, Reply(error="dns", text="No such name.")) == "Not delivered. No such name."
