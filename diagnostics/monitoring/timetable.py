"""Recurring times in a time zone, across its daylight-saving changes. Pure.

A wall-clock time that the clock skips moves to the next time that exists, and one that occurs twice counts once. A
timetable of minutes, or a cron expression that names every hour, continues evenly through both.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

MINUTES, DAILY, WEEKLY, CRON = "minutes", "daily", "weekly", "cron"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MAX_MINUTES = 7 * 24 * 60
MAX_CRON = 120
MAX_COUNTED = 10_000  # missed times in a row; beyond that, "at least"
BACKLOGS = (timedelta(hours=1), timedelta(days=1), timedelta(days=8), timedelta(days=32), timedelta(days=366))
MINUTE = timedelta(minutes=1)
GOLDEN = 0.6180339887498949


class InvalidTimetable(ValueError):
    """The timetable is invalid. str() is the message for the user."""


@dataclass(frozen=True)
class Timetable:
    """The times of a schedule. Weekday 0 is Monday. Raises InvalidTimetable."""

    every: str
    zone: str = "UTC"
    minutes: int = 0
    at: time | None = None
    weekdays: tuple[int, ...] = ()
    cron: str = ""

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            raise InvalidTimetable(
                f"{self.zone[:64]!r} isn't a time zone. Use a name such as Europe/Berlin, or UTC."
            ) from None
        if self.every == MINUTES and not 1 <= self.minutes <= MAX_MINUTES:
            raise InvalidTimetable(f"Enter 1 to {MAX_MINUTES} minutes (one week).")
        if self.every in (DAILY, WEEKLY) and self.at is None:
            raise InvalidTimetable("Enter a time of day, such as 09:00.")
        if self.every == WEEKLY and (not self.weekdays or not set(self.weekdays) <= set(range(7))):
            raise InvalidTimetable("Choose at least one day of the week.")
        if self.every == CRON:
            _check_cron(self.cron)

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def is_even(self) -> bool:
        """Whether its times don't depend on the wall clock."""
        return self.every == MINUTES or (self.every == CRON and _has_every_hour(self.cron))


@dataclass(frozen=True)
class DueTimes:
    """The newest due time, and the number of due times before it. `is_more` if not all of them were counted."""

    latest: datetime
    before: int = 0
    first: datetime | None = None
    last_before: datetime | None = None
    is_more: bool = False


@dataclass(frozen=True)
class ClockChange:
    """At `at` the zone's clock moves forward by `by`, or back if that is negative."""

    at: datetime
    by: timedelta


@dataclass(frozen=True)
class UpcomingTime:
    """A future time in UTC. `note` is the effect of a clock change on it, "" for none."""

    at: datetime
    note: str = ""


def next_times(plan: Timetable, after: datetime, count: int) -> list[datetime]:
    """The first `count` times after `after`, in UTC; fewer if the timetable ends."""
    return list(islice(times(plan, after), count))


def next_time(plan: Timetable, after: datetime) -> datetime | None:
    return next(times(plan, after), None)


def times(plan: Timetable, after: datetime) -> Iterator[datetime]:
    """All times after `after`, in UTC and in order."""
    if plan.every == MINUTES:
        return _even_steps(plan.minutes, after)
    if plan.every == CRON and plan.is_even:
        local = after.astimezone(plan.tz)
        return (moment.astimezone(UTC) for moment in CronSim(plan.cron, local))
    return _wall_clock_times(plan, after)


def due_times(plan: Timetable, due: datetime, until: datetime) -> DueTimes:
    """The times from `due`, which is one of the timetable, to `until`, both included."""
    latest = _newest(plan, due, until)
    if latest is None:
        return DueTimes(due)
    between = [due]
    for moment in times(plan, due):
        if moment >= latest or len(between) == MAX_COUNTED:
            break
        between.append(moment)
    whole = next_time(plan, between[-1]) == latest
    return DueTimes(latest, len(between), due, between[-1] if whole else time_before(plan, latest), not whole)


def _newest(plan: Timetable, due: datetime, until: datetime) -> datetime | None:
    """The last time after `due` and up to `until`, found without going through all times in between."""
    for back in (*BACKLOGS, None):
        since = max(due, until - back) if back is not None else due
        newest = None
        for moment in times(plan, since):
            if moment > until:
                break
            newest = moment
        if newest is not None or since == due:
            return newest
    return None


def time_before(plan: Timetable, moment: datetime) -> datetime | None:
    """The last time before `moment`, None if there was none in a year."""
    for back in BACKLOGS:
        found = deque(_until(times(plan, moment - back), moment), maxlen=1)
        if found:
            return found[0]
    return None


def _until(moments: Iterable[datetime], end: datetime) -> Iterator[datetime]:
    for moment in moments:
        if moment >= end:
            return
        yield moment


def _even_steps(minutes: int, after: datetime) -> Iterator[datetime]:
    """Counted from the epoch, so that 60 minutes means each full hour in UTC."""
    step = minutes * 60
    at = (int(after.timestamp()) // step + 1) * step
    while True:
        yield datetime.fromtimestamp(at, UTC)
        at += step


def _wall_clock_times(plan: Timetable, after: datetime) -> Iterator[datetime]:
    """Wall-clock times, converted to UTC, without repeats."""
    tz, newest = plan.tz, after
    for wall in _wall_clock_readings(plan, after.astimezone(tz).replace(tzinfo=None)):
        at = resolve_wall_time(wall, tz).astimezone(UTC)
        if at > newest:
            newest = at
            yield at


def _wall_clock_readings(plan: Timetable, after: datetime) -> Iterator[datetime]:
    """Naive wall-clock times. Starts a little before `after`, since a clock change may move earlier ones past it."""
    if plan.every == CRON:
        yield from CronSim(plan.cron, after - timedelta(hours=3))
        return
    day = after.date() - timedelta(days=1)
    while True:
        if plan.at is not None and (plan.every == DAILY or day.weekday() in plan.weekdays):
            yield datetime.combine(day, plan.at)
        day += timedelta(days=1)


def resolve_wall_time(wall: datetime, tz: ZoneInfo) -> datetime:
    """The time at which the zone's clock shows this: the first if it occurs twice, the next minute that exists if never."""
    while not _exists(wall, tz):
        wall += MINUTE
    return wall.replace(tzinfo=tz)


def _exists(wall: datetime, tz: ZoneInfo) -> bool:
    return wall.replace(tzinfo=tz).astimezone(UTC).astimezone(tz).replace(tzinfo=None) == wall


def _comes_twice(wall: datetime, tz: ZoneInfo) -> bool:
    return _exists(wall, tz) and wall.replace(tzinfo=tz).utcoffset() != wall.replace(tzinfo=tz, fold=1).utcoffset()


def upcoming_times(plan: Timetable, after: datetime, count: int) -> list[UpcomingTime]:
    return [UpcomingTime(moment, _note(plan, moment)) for moment in next_times(plan, after, count)]


def _note(plan: Timetable, at: datetime) -> str:
    if plan.is_even:
        return ""
    wall = at.astimezone(plan.tz).replace(tzinfo=None)
    if _comes_twice(wall, plan.tz):
        return f"{wall:%H:%M} occurs twice that day. Runs at the first."
    readings = _wall_clock_readings(plan, wall)
    meant = next((reading for reading in readings if resolve_wall_time(reading, plan.tz).astimezone(UTC) == at), wall)
    if meant != wall:
        return f"{meant:%H:%M} is skipped that day. Runs at the next time that exists."
    return ""


def next_clock_change(zone: str, after: datetime, within: timedelta = timedelta(days=366)) -> ClockChange | None:
    """The zone's next clock change, None if there is none within `within`."""
    tz = ZoneInfo(zone)
    early, end = after.astimezone(UTC), after.astimezone(UTC) + within
    while early < end:
        late = early + timedelta(days=1)
        if _offset(early, tz) != _offset(late, tz):
            while late - early > timedelta(seconds=1):
                middle = early + (late - early) / 2
                early, late = (middle, late) if _offset(middle, tz) == _offset(early, tz) else (early, middle)
            at = late.replace(microsecond=0)
            return ClockChange(at, _offset(late, tz) - _offset(early, tz))
        early = late
    return None


def _offset(at: datetime, tz: ZoneInfo) -> timedelta:
    return at.astimezone(tz).utcoffset() or timedelta()


def spread(key: int, seconds: int) -> timedelta:
    """A delay of at most `seconds` that is constant per key and far from those of neighboring keys (golden ratio)."""
    return timedelta(seconds=int(key * GOLDEN % 1 * (seconds + 1)))


def default_spread(plan: Timetable) -> int:
    """The default delay range in seconds: the whole interval of a minutes timetable, up to an hour, else one minute."""
    return min(plan.minutes * 60, 3600) - 1 if plan.every == MINUTES else 60


def shortest_gap(plan: Timetable, after: datetime) -> timedelta:
    """The shortest interval among the next fifty times; a week if there are fewer than two."""
    found = next_times(plan, after, 50)
    gaps = [later - sooner for sooner, later in pairwise(found)]
    return min(gaps, default=timedelta(days=7))


def describe_timetable(plan: Timetable) -> str:
    """One sentence, zone included."""
    if plan.every == MINUTES:
        return _describe_minutes(plan.minutes)
    at = f"{plan.at:%H:%M}" if plan.at else ""
    if plan.every == DAILY:
        return f"Every day at {at}, {plan.zone} time"
    if plan.every == WEEKLY:
        days = [WEEKDAYS[day] for day in sorted(set(plan.weekdays))]
        return f"Every {_list(days)} at {at}, {plan.zone} time"
    return f"{CronSim(plan.cron, datetime(2026, 1, 1)).explain()}, {plan.zone} time"


def _describe_minutes(minutes: int) -> str:
    for length, unit in ((24 * 60, "day"), (60, "hour")):
        count, rest = divmod(minutes, length)
        if count and not rest:
            return f"Every {unit}" if count == 1 else f"Every {count} {unit}s"
    return "Every minute" if minutes == 1 else f"Every {minutes} minutes"


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _check_cron(text: str) -> None:
    shape = "five fields: minute, hour, day of the month, month, day of the week, such as 0 9 * * 1-5"
    if len(text) > MAX_CRON or len(text.split()) != 5:
        raise InvalidTimetable(f"Enter {shape}.")
    try:
        sim = CronSim(text, datetime(2026, 1, 1))
        sim.explain()
    except (CronSimError, ValueError, IndexError) as error:
        raise InvalidTimetable(f"Invalid cron expression ({str(error) or 'unreadable'}). Enter {shape}.") from None
    if next(sim, None) is None:
        raise InvalidTimetable("No date matches this cron expression.")


def _has_every_hour(cron: str) -> bool:
    hours = cron.split()[1]
    return hours in ("*", "*/1", "0-23") or CronSim(cron, datetime(2026, 1, 1)).hours == set(range(24))
