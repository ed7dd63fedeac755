"""Quiet hours: when nobody is to be woken, in the zone of the people it is about. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MIDNIGHT = time(0, 0)


@dataclass(frozen=True)
class Quiet:
    """From one time of day until another, over midnight where that is the earlier one; and whole days, 0 is Monday."""

    starts: time | None = None
    ends: time | None = None
    days: frozenset[int] = frozenset()
    zone: str = "UTC"


def quiet_until(now: datetime, quiet: Quiet) -> datetime | None:
    """When the quiet that reigns now ends; None where it is not quiet, or would be so for ever."""
    zone = ZoneInfo(quiet.zone)
    end = now
    for _ in range(16):  # a quiet day may follow quiet hours, and those another day; a week of them never ends
        later = _end_of(end, quiet, zone)
        if later is None:
            return end if end > now else None
        end = later
    return None


def _end_of(now: datetime, quiet: Quiet, zone: ZoneInfo) -> datetime | None:
    """The end of the one stretch that holds this moment."""
    local = now.astimezone(zone)
    if local.weekday() in quiet.days:
        return _moment(local.date() + timedelta(days=1), MIDNIGHT, zone)
    for day in (local.date() - timedelta(days=1), local.date()):
        stretch = _hours_from(day, quiet, zone)
        if stretch is not None and stretch[0] <= now < stretch[1]:
            return stretch[1]
    return None


def _hours_from(day: date, quiet: Quiet, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    if quiet.starts is None or quiet.ends is None or quiet.starts == quiet.ends:
        return None
    last = day if quiet.starts < quiet.ends else day + timedelta(days=1)
    return _moment(day, quiet.starts, zone), _moment(last, quiet.ends, zone)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A time that the clocks skip is taken as if they had not; one that comes twice is the first of the two."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def in_order(days: Iterable[int]) -> list[int]:
    return sorted(set(days))
