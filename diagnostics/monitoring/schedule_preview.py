"""What a plan will do, before anybody relies on it: in words, its next times, and the next change of the clock; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from diagnostics.monitoring.timetable import (
    ClockChange,
    Coming,
    Timetable,
    coming,
    describe,
    next_clock_change,
    time_before,
)
from diagnostics.web.format import duration_in_words

SHOWN = 5
AROUND = 2  # times before the change of a clock, and after it


@dataclass(frozen=True)
class Shown:
    """One time by the schedule's clock and by the reader's; `note` is what a change of the clock does to it."""

    at: datetime
    there: str
    here: str
    note: str = ""


@dataclass(frozen=True)
class ClockShift:
    """The next change of the schedule's clock, and the times just before and after it."""

    sentence: str
    around: tuple[Shown, ...]


@dataclass(frozen=True)
class SchedulePreview:
    """`there` and `here` are the schedule's zone and the reader's."""

    words: str
    there: str
    here: str
    times: tuple[Shown, ...]
    change: ClockShift | None

    @property
    def is_one_zone(self) -> bool:
        return self.there == self.here


def preview_of(plan: Timetable, reader: ZoneInfo, now: datetime) -> SchedulePreview:
    times = tuple(_shown(each, plan.tz, reader) for each in coming(plan, now, SHOWN))
    return SchedulePreview(describe(plan), plan.zone, reader.key, times, _change(plan, reader, now, times))


def _change(plan: Timetable, reader: ZoneInfo, now: datetime, times: tuple[Shown, ...]) -> ClockShift | None:
    """Without times of its own where the next five show it already."""
    change = next_clock_change(plan.zone, now)
    if change is None:
        return None
    if times and change.at <= times[-1].at:
        return ClockShift(_sentence(change, plan), ())
    start = change.at
    for _ in range(AROUND):
        start = time_before(plan, start) or start
    around = coming(plan, max(start - timedelta(seconds=1), now), 2 * AROUND)
    return ClockShift(_sentence(change, plan), tuple(_shown(each, plan.tz, reader) for each in around))


def _sentence(change: ClockChange, plan: Timetable) -> str:
    wall = change.at.astimezone(plan.tz) - change.by  # what the clock would show, had it been left alone
    way = "forward" if change.by > timedelta() else "back"
    length = duration_in_words(abs(change.by), units=2)
    return f"On {wall:%a} {wall.day} {wall:%b %Y} at {wall:%H:%M} the clock in {plan.zone} is put {way} by {length}."


def _shown(each: Coming, there: ZoneInfo, here: ZoneInfo) -> Shown:
    return Shown(each.at, describe_schedule(each.at, there), describe_schedule(each.at, here), each.note)


def describe_schedule(at: datetime, zone: ZoneInfo) -> str:
    """A moment by a zone's clock, with the name of its offset."""
    local = at.astimezone(zone)
    seconds = f":{local:%S}" if local.second else ""
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}{seconds} {_offset_name(local)}"


def _offset_name(local: datetime) -> str:
    name = local.tzname() or ""
    return f"UTC{name}" if name[:1] in "+-" and name else name
