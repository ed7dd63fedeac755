"""What a receiver's reply proves, whether another attempt can succeed, and when it is made."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

# Failed deliveries in a row until the channel is disabled.
MAX_FAILURES = 3
# Between attempts; after the last one the delivery has failed.
RETRY_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 1800, 7200))
MAX_RETRY_AFTER = timedelta(hours=6)
RETRYABLE_STATUSES = frozenset({408, 409, 423, 425, 429})

EXPLANATIONS = {
    "email": "The mail server accepted the message, for all recipients unless its response says otherwise. It doesn't say "
    "whether the message reached an inbox.",
    "slack": "Slack accepted the message for this webhook's channel.",
    "teams": "Teams started the workflow with the message. The workflow's run history shows whether it posted the card.",
    "pagerduty": "PagerDuty accepted the event for this key's service, which decides whom to notify.",
    "webhook": "The receiver accepted the message. It doesn't say whether it verified the signature.",
}


class AttemptResult(StrEnum):
    """The result of one attempt. GONE: the receiver asked not to be called again (410)."""

    DELIVERED = "delivered"
    RETRY = "retry"
    REJECTED = "rejected"
    GONE = "gone"


@dataclass(frozen=True)
class Reply:
    """The reply to one attempt. `error` is a code, "" if there was a reply; `text` is the reply's text or the error's."""

    status: int | None = None
    text: str = ""
    retry_after: float | None = None
    error: str = ""

    @property
    def is_accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300 and not self.error


# Another attempt can't succeed: the address or our configuration is wrong.
FINAL_ERRORS = frozenset({"refused_address", "malformed", "not_set_up", "rejected"})


def result_of(reply: Reply) -> AttemptResult:
    if reply.error:
        return AttemptResult.REJECTED if reply.error in FINAL_ERRORS else AttemptResult.RETRY
    if reply.is_accepted:
        return AttemptResult.DELIVERED
    if reply.status == 410:
        return AttemptResult.GONE
    if reply.status is None or reply.status in RETRYABLE_STATUSES or reply.status >= 500:
        return AttemptResult.RETRY
    return AttemptResult.REJECTED


def explain_reply(kind: str, reply: Reply) -> str:
    """One sentence that claims no more than the reply shows."""
    if reply.is_accepted:
        return EXPLANATIONS[kind]
    if reply.error:
        return f"Not delivered. {reply.text}"
    if reply.status is not None and 300 <= reply.status < 400:
        return f"Not delivered: the receiver redirects ({reply.status}), which we don't follow. Use the final URL."
    return f"Not delivered: the receiver responded with {reply.status}."


def retry_delay(attempts: int, retry_after: float | None = None) -> timedelta | None:
    """The delay before the next attempt, at least what the receiver asks for; None if there is none."""
    if not 0 < attempts <= len(RETRY_DELAYS):
        return None
    requested = timedelta(seconds=min(max(retry_after or 0, 0), MAX_RETRY_AFTER.total_seconds()))
    return max(RETRY_DELAYS[attempts - 1], requested)
