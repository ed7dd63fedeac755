"""A preview of a timetable: its description, its next times, and the zone's next clock change. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from diagnostics.monitoring.timetable import (
    ClockChange,
    Timetable,
    UpcomingTime,
    describe_timetable,
    next_clock_change,
    time_before,
    upcoming_times,
)
from diagnostics.web.format import duration_in_words

TIMES_SHOWN = 5
TIMES_AROUND_CHANGE = 2  # before the clock change, and after it


@dataclass(frozen=True)
class PreviewTime:
    """One time in the schedule's zone and in the reader's. `note` is the effect of a clock change, "" for none."""

    at: datetime
    in_zone: str
    for_reader: str
    note: str = ""


@dataclass(frozen=True)
class ClockShift:
    """The next clock change in the schedule's zone, and the times just before and after it."""

    sentence: str
    around: tuple[PreviewTime, ...]


@dataclass(frozen=True)
class SchedulePreview:
    """`zone` is the schedule's zone."""

    description: str
    zone: str
    reader_zone: str
    times: tuple[PreviewTime, ...]
    change: ClockShift | None

    @property
    def is_one_zone(self) -> bool:
        return self.zone == self.reader_zone


def preview_of(plan: Timetable, reader: ZoneInfo, now: datetime) -> SchedulePreview:
    times = tuple(_shown(time, plan.tz, reader) for time in upcoming_times(plan, now, TIMES_SHOWN))
    return SchedulePreview(describe_timetable(plan), plan.zone, reader.key, times, _change(plan, reader, now, times))


def _change(plan: Timetable, reader: ZoneInfo, now: datetime, times: tuple[PreviewTime, ...]) -> ClockShift | None:
    """`around` is empty if the next times already include the change."""
    change = next_clock_change(plan.zone, now)
    if change is None:
        return None
    if times and change.at <= times[-1].at:
        return ClockShift(_sentence(change, plan), ())
    start = change.at
    for _ in range(TIMES_AROUND_CHANGE):
        start = time_before(plan, start) or start
    around = upcoming_times(plan, max(start - timedelta(seconds=1), now), 2 * TIMES_AROUND_CHANGE)
    return ClockShift(_sentence(change, plan), tuple(_shown(time, plan.tz, reader) for time in around))


def _sentence(change: ClockChange, plan: Timetable) -> str:
    wall = change.at.astimezone(plan.tz) - change.by  # what the clock would show without the change
    way = "forward" if change.by > timedelta() else "back"
    length = duration_in_words(abs(change.by), units=2)
    return f"On {wall:%a} {wall.day} {wall:%b %Y} at {wall:%H:%M} clocks in {plan.zone} go {way} by {length}."


def _shown(time: UpcomingTime, zone: ZoneInfo, reader_zone: ZoneInfo) -> PreviewTime:
    return PreviewTime(time.at, format_in_zone(time.at, zone), format_in_zone(time.at, reader_zone), time.note)


def format_in_zone(at: datetime, zone: ZoneInfo) -> str:
    """For example "Sat 28 Nov 2026, 06:17 CET"."""
    local = at.astimezone(zone)
    seconds = f":{local:%S}" if local.second else ""
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}{seconds} {_offset_name(local)}"


def _offset_name(local: datetime) -> str:
    name = local.tzname() or ""
    return f"UTC{name}" if name[:1] in "+-" and name else name
