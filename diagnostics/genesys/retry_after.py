"""Parses the Retry-After header, and describes a duration in words."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def parse_retry_after(value: str, now: datetime) -> int | None:
    """The wait in seconds, for a number of seconds or an HTTP date; None for anything else."""
    seconds = number_in(value)
    if seconds is not None or not value.strip():
        return seconds
    try:
        date = parsedate_to_datetime(value.strip())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return max(0, round(((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()))


def describe_wait(seconds: int) -> str:
    """A duration in words: 59 seconds, 3 minutes, 4 hours, 1 day."""
    for size, unit in UNITS:
        if seconds >= 2 * size or seconds == size:
            amount = round(seconds / size)
            return f"{amount} {unit}{'' if amount == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"


def number_in(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
