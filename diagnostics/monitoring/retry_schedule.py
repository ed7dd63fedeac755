"""When an alert that could not be delivered is sent again."""

from datetime import timedelta

# Between attempts; after the last one the delivery has failed.
RETRY_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 1800, 7200))
MAX_RETRY_AFTER = timedelta(hours=6)


def retry_delay(attempts: int, retry_after: float | None = None) -> timedelta | None:
    """The delay before the next attempt, at least what the receiver asks for; None if there is none."""
    if not 0 < attempts <= len(RETRY_DELAYS):
        return None
    requested = timedelta(seconds=min(max(retry_after or 0, 0), MAX_RETRY_AFTER.total_seconds()))
    return max(RETRY_DELAYS[attempts - 1], requested)
