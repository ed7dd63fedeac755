"""What follows a receiver's reply, and that we claim no more than it shows."""

import pytest

from diagnostics.monitoring.channels.responses import (
    AttemptResult,
    Reply,
    explain_reply,
    result_of,
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


@pytest.mark.parametrize("kind", ["email", "slack", "teams", "pagerduty", "webhook"])
def test_no_channel_claims_that_anybody_read_it(kind: str) -> None:
    assert "read" not in explain_reply(kind, Reply(200))
    assert explain_reply(kind, Reply(404)).startswith("Not delivered")
    assert "redirects (302)" in explain_reply(kind, Reply(302))
    assert explain_reply(kind, Reply(error="dns", text="No such name.")) == "Not delivered. No such name."
