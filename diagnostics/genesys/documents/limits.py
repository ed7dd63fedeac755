"""The rate limit and the wait by a response's headers, and `GET /api/v2/organizations/limits/namespaces/{namespace}`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fractions import Fraction
from typing import Self

from diagnostics.genesys.fields import items, mappings, number, text
from diagnostics.genesys.response import OrgResponse, UnreadableResponse

MOST_LIMITS = 200
DEFAULT_RESET_S = 60
UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


@dataclass(frozen=True)
class RateLimit:
    """The rate limit by the `inin-ratelimit-*` headers: calls used and allowed, and seconds until the reset."""

    used: int
    allowed: int
    reset_s: int

    @classmethod
    def parse(cls, response: OrgResponse) -> Self | None:
        """None if the response doesn't have the headers."""
        used, allowed, reset = (
            number_in(response.header(f"inin-ratelimit-{name}")) for name in ("count", "allowed", "reset")
        )
        if used is None or not allowed:
            return None
        return cls(used, allowed, reset if reset is not None else DEFAULT_RESET_S)

    @property
    def remaining(self) -> int:
        return max(0, self.allowed - self.used)

    @property
    def fraction(self) -> Fraction:
        """The remaining fraction of the limit, 0 to 1."""
        return Fraction(self.remaining, self.allowed)

    @property
    def is_low(self) -> bool:
        """True below one fifth, which background reads leave to interactive use."""
        return self.remaining * 5 < self.allowed


def wait_seconds(refusal: OrgResponse, now: datetime) -> int | None:
    """The wait after a 429: Retry-After, else the reset of the limit."""
    wait = parse_retry_after(refusal.header("Retry-After"), now)
    return wait if wait is not None else number_in(refusal.header("inin-ratelimit-reset"))


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


@dataclass(frozen=True)
class Limits:
    """The org's limits of one namespace, by key."""

    values: dict[str, int]

    @classmethod
    def parse(cls, response: OrgResponse) -> Self | UnreadableResponse:
        if not response.ok or items(response.data, "entities") is None:
            return UnreadableResponse(response)
        entries = mappings(response.data, "entities")[:MOST_LIMITS]
        found = {text(entry, "key", limit=100): number(entry, "value") for entry in entries}
        return cls({key: value for key, value in found.items() if value is not None})
