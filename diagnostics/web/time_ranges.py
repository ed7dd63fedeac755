"""Time ranges in query strings: a quick range, or two dates in the viewer's time zone."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

QUICK_RANGES: Final = {"today": "Today", "24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days"}
QUICK_LENGTHS: Final = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
# Outside these years, converting a time to another zone can overflow.
FIRST_YEAR, LAST_YEAR = 2000, 2199


class InvalidFilterValue(ValueError):
    """A query string value can't be parsed. str() is a predicate that follows the field name and value."""


@dataclass(frozen=True)
class TimeRange:
    """The half-open interval from `since` to `until`; None means unbounded."""

    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def quick(cls, name: str, now: datetime, zone: tzinfo) -> "TimeRange":
        """Return the range of a QUICK_RANGES key, without an end."""
        if name == "today":
            return cls(since=_midnight(now.astimezone(zone).date(), zone))
        return cls(since=now - QUICK_LENGTHS[name])

    @property
    def is_open(self) -> bool:
        return self.since is None and self.until is None


def parse_moment(text: str, zone: tzinfo, *, ends: bool = False) -> datetime:
    """Parse an ISO date or datetime; without an offset it is in `zone`.

    A date that `ends` a range returns the following midnight, so that the day is included.
    """
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            _check_year(day.year)
            return _midnight(day + timedelta(days=1) if ends else day, zone)
        moment = datetime.fromisoformat(text)
    except InvalidFilterValue:
        raise
    except ValueError:
        raise InvalidFilterValue("isn't a date such as 2026-11-22 or 2026-11-22T14:30") from None
    _check_year(moment.year)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def parse_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidFilterValue("isn't a time zone such as America/Denver or UTC") from None


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InvalidFilterValue(f"isn't between the years {FIRST_YEAR} and {LAST_YEAR}")
