"""What a receiver's reply proves, and whether to try again after it. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

# Between attempts; after the last one the delivery is given up.
RETRY_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 1800, 7200))
MAX_RETRY_AFTER = timedelta(hours=6)
# Deliveries given up in a row until the channel is disabled.
MAX_FAILURES = 3
RETRYABLE_STATUSES = frozenset({408, 409, 423, 425, 429})

PROOFS = {
    "email": "The mail server took the message, for all recipients unless its words say otherwise. Whether it reached an "
    "inbox, and was read, it does not say.",
    "slack": "Slack took the message for the channel of this hook. Whether anybody read it, it does not say.",
    "teams": "The workflow was started with the message. Whether it then posted the card stands in the workflow's own run "
    "history.",
    "pagerduty": "PagerDuty took the event for the service of this key. Whom it notifies is decided there.",
    "webhook": "The receiver answered that it has the message. What it does with it, and whether it checked the "
    "signature, it does not say.",
}


class AttemptResult(StrEnum):
    """The result of one attempt. GONE: the receiver asked not to be called again (410)."""

    DELIVERED = "taken"
    RETRY = "later"
    REJECTED = "never"
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


def retry_delay(attempts: int, retry_after: float | None = None) -> timedelta | None:
    """The delay before the next attempt, at least what the receiver asks for; None if the delivery is given up."""
    if not 0 < attempts <= len(RETRY_DELAYS):
        return None
    requested = timedelta(seconds=min(max(retry_after or 0, 0), MAX_RETRY_AFTER.total_seconds()))
    return max(RETRY_DELAYS[attempts - 1], requested)


def proof_of(kind: str, reply: Reply) -> str:
    """One sentence that claims no more than the reply shows."""
    if reply.is_accepted:
        return PROOFS[kind]
    if reply.error:
        return f"Nothing was handed over. {reply.text}"
    if reply.status is not None and 300 <= reply.status < 400:
        return f"The far end answered {reply.status} and points elsewhere. A redirect is never followed: enter the final address."
    return f"The far end was reached and did not take the message: it answered {reply.status}."
