"""When something is due again and again, in a time zone, across its daylight-saving changes; pure.

A time that the clock jumps over comes at the next moment that exists, and one that the clock shows twice comes once.
What is due every so many minutes, or in every hour of a cron expression, goes on evenly through both.
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
MOST_MINUTES = 7 * 24 * 60
LONGEST_CRON = 120
MOST_COUNTED = 10_000  # times that were missed in a row; beyond, "at least so many"
LONGEST_BACKLOG = (timedelta(hours=1), timedelta(days=1), timedelta(days=8), timedelta(days=32), timedelta(days=366))
MINUTE = timedelta(minutes=1)
GOLDEN = 0.6180339887498949


class BadPlan(ValueError):
    """The plan cannot be followed. str() is the sentence for the screen."""


@dataclass(frozen=True)
class Timetable:
    """What a schedule's row says of time. `weekdays` count from Monday, 0. Raises BadPlan where it makes no sense."""

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
            raise BadPlan(f"{self.zone[:64]!r} is no time zone. Write a name such as Europe/Berlin, or UTC.") from None
        if self.every == MINUTES and not 1 <= self.minutes <= MOST_MINUTES:
            raise BadPlan(f"Every so many minutes needs a number from 1 to {MOST_MINUTES}, which is a week.")
        if self.every in (DAILY, WEEKLY) and self.at is None:
            raise BadPlan("Give the time of day, such as 09:00.")
        if self.every == WEEKLY and (not self.weekdays or not set(self.weekdays) <= set(range(7))):
            raise BadPlan("Choose at least one day of the week.")
        if self.every == CRON:
            _check_cron(self.cron)

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def is_even(self) -> bool:
        """Whether it goes on evenly, so that no wall clock's hour is meant."""
        return self.every == MINUTES or (self.every == CRON and _has_every_hour(self.cron))


@dataclass(frozen=True)
class Passed:
    """The newest time that has come, and how many came before it that nobody ran. `is_more`: there were even more."""

    latest: datetime
    before: int = 0
    first: datetime | None = None
    last_before: datetime | None = None
    is_more: bool = False


@dataclass(frozen=True)
class ClockChange:
    """From `at` on the zone's clock is `by` ahead of where it was; less than nothing is back."""

    at: datetime
    by: timedelta


@dataclass(frozen=True)
class Coming:
    """A time to come, in UTC, and what the clock does to it, "" for nothing."""

    at: datetime
    note: str = ""


def next_times(plan: Timetable, after: datetime, count: int) -> list[datetime]:
    """The first `count` times later than `after`, in UTC; fewer where there are no more."""
    return list(islice(times(plan, after), count))


def next_time(plan: Timetable, after: datetime) -> datetime | None:
    return next(times(plan, after), None)


def times(plan: Timetable, after: datetime) -> Iterator[datetime]:
    """Every time later than `after`, in UTC, in order, each once."""
    if plan.every == MINUTES:
        return _even_steps(plan.minutes, after)
    if plan.every == CRON and plan.is_even:
        local = after.astimezone(plan.tz)
        return (each.astimezone(UTC) for each in CronSim(plan.cron, local))
    return _on_the_wall(plan, after)


def passed(plan: Timetable, due: datetime, until: datetime) -> Passed:
    """What has come from `due`, which is a time of the plan, until `until`, both included."""
    latest = _newest(plan, due, until)
    if latest is None:
        return Passed(due)
    between = [due]
    for each in times(plan, due):
        if each >= latest or len(between) == MOST_COUNTED:
            break
        between.append(each)
    whole = next_time(plan, between[-1]) == latest
    return Passed(latest, len(between), due, between[-1] if whole else time_before(plan, latest), not whole)


def _newest(plan: Timetable, due: datetime, until: datetime) -> datetime | None:
    """The last time after `due` that is not later than `until`, without counting all that lie between."""
    for back in (*LONGEST_BACKLOG, None):
        since = max(due, until - back) if back is not None else due
        newest = None
        for each in times(plan, since):
            if each > until:
                break
            newest = each
        if newest is not None or since == due:
            return newest
    return None


def time_before(plan: Timetable, moment: datetime) -> datetime | None:
    """The last time before `moment`, None where there was none in a year."""
    for back in LONGEST_BACKLOG:
        found = deque(_until(times(plan, moment - back), moment), maxlen=1)
        if found:
            return found[0]
    return None


def _until(moments: Iterable[datetime], end: datetime) -> Iterator[datetime]:
    for each in moments:
        if each >= end:
            return
        yield each


def _even_steps(minutes: int, after: datetime) -> Iterator[datetime]:
    """Counted from one fixed moment, so that a plan of 60 minutes comes at each full hour of UTC."""
    step = minutes * 60
    at = (int(after.timestamp()) // step + 1) * step
    while True:
        yield datetime.fromtimestamp(at, UTC)
        at += step


def _on_the_wall(plan: Timetable, after: datetime) -> Iterator[datetime]:
    """Times that a clock on the wall shows: each is looked up in the zone, and none comes a second time."""
    tz, newest = plan.tz, after
    for wall in _walls(plan, after.astimezone(tz).replace(tzinfo=None)):
        at = existing(wall, tz).astimezone(UTC)
        if at > newest:
            newest = at
            yield at


def _walls(plan: Timetable, after: datetime) -> Iterator[datetime]:
    """Readings of the clock on the wall, without a zone. Those just before `after` are in doubt, and told too."""
    if plan.every == CRON:
        yield from CronSim(plan.cron, after - timedelta(hours=3))
        return
    day = after.date() - timedelta(days=1)
    while True:
        if plan.at is not None and (plan.every == DAILY or day.weekday() in plan.weekdays):
            yield datetime.combine(day, plan.at)
        day += timedelta(days=1)


def existing(wall: datetime, tz: ZoneInfo) -> datetime:
    """The moment at which the zone's clock shows this: the first where it does so twice; where it never does, the
    first moment after the jump."""
    while not _exists(wall, tz):
        wall += MINUTE
    return wall.replace(tzinfo=tz)


def _exists(wall: datetime, tz: ZoneInfo) -> bool:
    return wall.replace(tzinfo=tz).astimezone(UTC).astimezone(tz).replace(tzinfo=None) == wall


def _comes_twice(wall: datetime, tz: ZoneInfo) -> bool:
    return _exists(wall, tz) and wall.replace(tzinfo=tz).utcoffset() != wall.replace(tzinfo=tz, fold=1).utcoffset()


def coming(plan: Timetable, after: datetime, count: int) -> list[Coming]:
    """The next times, each with what the clock does to it."""
    return [Coming(each, _note(plan, each)) for each in next_times(plan, after, count)]


def _note(plan: Timetable, at: datetime) -> str:
    if plan.is_even:
        return ""
    wall = at.astimezone(plan.tz).replace(tzinfo=None)
    if _comes_twice(wall, plan.tz):
        return f"The clock shows {wall:%H:%M} twice that day. It runs at the first."
    meant = next((each for each in _walls(plan, wall) if existing(each, plan.tz).astimezone(UTC) == at), wall)
    if meant != wall:
        return f"The clock jumps over {meant:%H:%M} that day. It runs at the next moment that exists."
    return ""


def next_clock_change(zone: str, after: datetime, within: timedelta = timedelta(days=366)) -> ClockChange | None:
    """The next time at which the zone's clock is put forward or back, None where it is not within so long."""
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
    """How much later than planned this one starts: always the same for one key, far from its neighbours."""
    return timedelta(seconds=int(key * GOLDEN % 1 * (seconds + 1)))


def usual_spread(plan: Timetable) -> int:
    """Seconds over which schedules start that are due at once: a whole step of those that mean no hour of the day."""
    return min(plan.minutes * 60, 3600) - 1 if plan.every == MINUTES else 60


def shortest_gap(plan: Timetable, after: datetime) -> timedelta:
    """The shortest time between two of the next fifty times; a week for a plan with fewer than two."""
    coming = next_times(plan, after, 50)
    gaps = [later - sooner for sooner, later in pairwise(coming)]
    return min(gaps, default=timedelta(days=7))


def describe(plan: Timetable) -> str:
    """The plan as a person says it, zone included."""
    if plan.every == MINUTES:
        return _describe_minutes(plan.minutes)
    at = f"{plan.at:%H:%M}" if plan.at else ""
    if plan.every == DAILY:
        return f"Every day at {at}, {plan.zone} time"
    if plan.every == WEEKLY:
        days = [WEEKDAYS[each] for each in sorted(set(plan.weekdays))]
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
    if len(text) > LONGEST_CRON or len(text.split()) != 5:
        raise BadPlan(f"A cron expression has {shape}.")
    try:
        sim = CronSim(text, datetime(2026, 1, 1))
        sim.explain()
    except (CronSimError, ValueError, IndexError) as trouble:
        raise BadPlan(f"This is no cron expression ({str(trouble) or 'not readable'}). It has {shape}.") from None
    if next(sim, None) is None:
        raise BadPlan("This cron expression names a day that never comes.")


def _has_every_hour(cron: str) -> bool:
    hours = cron.split()[1]
    return hours in ("*", "*/1", "0-23") or CronSim(cron, datetime(2026, 1, 1)).hours == set(range(24))
