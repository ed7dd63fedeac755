"""Quiet hours, during which alerts wait, in the time zone of their rule. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MIDNIGHT = time(0, 0)


@dataclass(frozen=True)
class QuietHours:
    """From `starts` to `ends`, over midnight if `ends` is earlier, and the whole of `days`, where 0 is Monday."""

    starts: time | None = None
    ends: time | None = None
    days: frozenset[int] = frozenset()
    zone: str = "UTC"


def quiet_until(now: datetime, quiet: QuietHours) -> datetime | None:
    """When the current quiet time ends; None if there is none now, or if it never ends."""
    zone = ZoneInfo(quiet.zone)
    end = now
    for _ in range(16):  # quiet hours and quiet days may follow one another; more than a week of them never ends
        quiet_end = _end_of(end, quiet, zone)
        if quiet_end is None:
            return end if end > now else None
        end = quiet_end
    return None


def _end_of(now: datetime, quiet: QuietHours, zone: ZoneInfo) -> datetime | None:
    """The end of the quiet day or quiet hours that include this moment."""
    local = now.astimezone(zone)
    if local.weekday() in quiet.days:
        return _moment(local.date() + timedelta(days=1), MIDNIGHT, zone)
    for day in (local.date() - timedelta(days=1), local.date()):
        interval = _hours_from(day, quiet, zone)
        if interval is not None and interval[0] <= now < interval[1]:
            return interval[1]
    return None


def _hours_from(day: date, quiet: QuietHours, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    if quiet.starts is None or quiet.ends is None or quiet.starts == quiet.ends:
        return None
    last = day if quiet.starts < quiet.ends else day + timedelta(days=1)
    return _moment(day, quiet.starts, zone), _moment(last, quiet.ends, zone)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A wall-clock time that is skipped counts as if it weren't; of one that occurs twice, the first."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
