"""Stretches of time as a query string says them: a quick range, or two dates in the reader's zone. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

QUICK: Final = {"today": "Today", "24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days"}
LENGTHS: Final = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
# Beyond these, a moment moved to another zone may be no moment any more.
FIRST_YEAR, LAST_YEAR = 2000, 2199


class NotUnderstood(ValueError):
    """The text is why, in words that follow the name and the value."""


@dataclass(frozen=True)
class TimeRange:
    """From `since` until just before `until`; None is open."""

    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def quick(cls, name: str, now: datetime, zone: tzinfo) -> "TimeRange":
        """One of QUICK, until now and on."""
        if name == "today":
            return cls(since=_midnight(now.astimezone(zone).date(), zone))
        return cls(since=now - LENGTHS[name])

    @property
    def is_open(self) -> bool:
        return self.since is None and self.until is None


def read_moment(text: str, zone: tzinfo, *, ends: bool = False) -> datetime:
    """A date, or a date with a time; without an offset it is of `zone`. A date that `ends` a range is part of it."""
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            _check_year(day.year)
            return _midnight(day + timedelta(days=1) if ends else day, zone)
        moment = datetime.fromisoformat(text)
    except NotUnderstood:
        raise
    except ValueError:
        raise NotUnderstood("is no date: write 2026-11-22, or 2026-11-22T14:30") from None
    _check_year(moment.year)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def read_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise NotUnderstood("is no time zone: write Europe/Berlin, or UTC") from None


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotUnderstood(f"lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
