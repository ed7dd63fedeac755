"""What a far end's answer proves, and what to do after it. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

# From one attempt to the next; after the last one it is given up.
WAITS = tuple(timedelta(seconds=each) for each in (30, 120, 600, 1800, 7200))
LONGEST_WAIT = timedelta(hours=6)
# So many deliveries given up in a row, and the channel is no longer tried.
GIVES_UP_AFTER = 3
WORTH_ANOTHER_TRY = frozenset({408, 409, 423, 425, 429})

PROVED = {
    "email": "The mail server took the message, for all recipients unless its words say otherwise. Whether it reached an "
    "inbox, and was read, it does not say.",
    "slack": "Slack took the message for the channel of this hook. Whether anybody read it, it does not say.",
    "teams": "The workflow was started with the message. Whether it then posted the card stands in the workflow's own run "
    "history.",
    "pagerduty": "PagerDuty took the event for the service of this key. Whom it notifies is decided there.",
    "webhook": "The receiver answered that it has the message. What it does with it, and whether it checked the "
    "signature, it does not say.",
}


class Next(StrEnum):
    """What follows on an attempt. GONE: the far end asked not to be called again."""

    TAKEN = "taken"
    LATER = "later"
    NEVER = "never"
    GONE = "gone"


@dataclass(frozen=True)
class Reply:
    """What one attempt brought. `error` is "" or one word where there was no answer; `words` are the far end's own, or
    what went wrong on the way."""

    status: int | None = None
    words: str = ""
    retry_after: float | None = None
    error: str = ""

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300 and not self.error


# No later attempt can go better: the address itself is the trouble, or what is set up here.
FINAL_ERRORS = frozenset({"refused_address", "malformed", "not_set_up", "rejected"})


def next_after(reply: Reply) -> Next:
    if reply.error:
        return Next.NEVER if reply.error in FINAL_ERRORS else Next.LATER
    if reply.is_taken:
        return Next.TAKEN
    if reply.status == 410:
        return Next.GONE
    if reply.status is None or reply.status in WORTH_ANOTHER_TRY or reply.status >= 500:
        return Next.LATER
    return Next.NEVER


def wait_after(attempts: int, retry_after: float | None = None) -> timedelta | None:
    """How long to wait after so many attempts; None where it is given up. What the far end asks for is granted."""
    if not 0 < attempts <= len(WAITS):
        return None
    asked = timedelta(seconds=min(max(retry_after or 0, 0), LONGEST_WAIT.total_seconds()))
    return max(WAITS[attempts - 1], asked)


def proved(kind: str, reply: Reply) -> str:
    """One sentence that claims no more than the answer shows."""
    if reply.is_taken:
        return PROVED[kind]
    if reply.error:
        return f"Nothing was handed over. {reply.words}"
    if reply.status is not None and 300 <= reply.status < 400:
        return f"The far end answered {reply.status} and points elsewhere. A redirect is never followed: enter the final address."
    return f"The far end was reached and did not take the message: it answered {reply.status}."
