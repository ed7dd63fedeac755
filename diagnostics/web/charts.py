"""Scales and axis ticks of charts that the server draws as SVG. Pure.

Positions are percentages of the drawing, so that a page can stretch it while text keeps its size.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

MAX_TICKS = 6
# Units of time with the strides that make readable ticks.
STRIDES = {"minute": (1, 5, 15, 30), "hour": (1, 2, 3, 6, 12), "day": (1, 2, 7, 14), "month": (1, 2, 3, 6, 12)}
LENGTHS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1), "month": timedelta(28)}


@dataclass(frozen=True)
class Tick:
    """A mark on an axis. `at` is its position in percent."""

    at: float
    label: str

    @property
    def from_top(self) -> float:
        """The position on a vertical axis."""
        return round(100 - self.at, 2)

    @property
    def anchor(self) -> str:
        """The SVG text anchor that keeps the label within the drawing."""
        if self.at < 6:
            return "start"
        return "end" if self.at > 94 else "middle"


@dataclass(frozen=True)
class Scale:
    """Maps the values from `low` to `high` to 0 to 100 percent; values outside are moved to the nearest end."""

    low: float
    high: float

    @classmethod
    def of_times(cls, since: datetime, until: datetime) -> "Scale":
        return cls(since.timestamp(), until.timestamp())

    def at(self, value: float | datetime) -> float:
        number = value.timestamp() if isinstance(value, datetime) else value
        length = self.high - self.low
        share = (number - self.low) / length if length > 0 else 0.0
        return round(100 * min(max(share, 0.0), 1.0), 2)


def nice_top(value: float, ticks: int = 4) -> float:
    """The smallest multiple of a readable step that is at least `value`, so that an axis ends on a tick."""
    step = _nice_step(value, ticks)
    return step * max(math.ceil(value / step - 1e-9), 1)


def number_ticks(top: float, ticks: int = 4) -> list[Tick]:
    """Whole numbers from 0 to `top`, with the position 0 at the start of the axis."""
    step = max(_nice_step(top, ticks), 1)
    return [Tick(Scale(0, top).at(value), f"{value:,.0f}") for value in _multiples(step, top)]


def duration_ticks(top_ms: float, ticks: int = 4) -> list[Tick]:
    """Durations from 0 to `top_ms`: milliseconds below one second, then seconds."""
    step = _nice_step(top_ms, ticks)
    return [Tick(Scale(0, top_ms).at(ms), _duration(ms, step)) for ms in _multiples(step, top_ms)]


def time_ticks(since: datetime, until: datetime, zone: tzinfo, ticks: int = MAX_TICKS) -> list[Tick]:
    """Minutes, hours, days or months within the range, on the zone's clock and calendar."""
    scale = Scale.of_times(since, until)
    starts: list[datetime] = []
    for unit, strides in STRIDES.items():
        if unit != "month" and until - since > LENGTHS[unit] * (ticks + 1) * strides[-1]:
            continue
        starts = [start for start in period_starts(unit, since, until, zone) if start >= since]
        for stride in strides:
            found = [start for start in starts if _number(unit, start) % stride == 0]
            if len(found) <= ticks:
                return [Tick(scale.at(start), _time_label(unit, start)) for start in found]
    years = [start for start in starts if start.month == 1]
    few = years[:: math.ceil(len(years) / ticks)]
    return [Tick(scale.at(start), str(start.year)) for start in few]


def period_starts(unit: str, since: datetime, until: datetime, zone: tzinfo) -> list[datetime]:
    """The starts of the minutes, hours, days, weeks or months in the range, the first at or before `since`.

    They are those of the zone. A repeated hour, when clocks go back, is one period.
    """
    start = period_start(unit, since.astimezone(zone))
    found: list[datetime] = []
    while start < until:
        if not found or start.replace(tzinfo=None) != found[-1].replace(tzinfo=None):
            found.append(start)
        start = next_start(unit, start)
    return found


def period_start(unit: str, moment: datetime) -> datetime:
    if unit == "minute":
        return moment.replace(second=0, microsecond=0, fold=0)
    if unit == "hour":
        return moment.replace(minute=0, second=0, microsecond=0, fold=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def next_start(unit: str, start: datetime) -> datetime:
    if unit in ("minute", "hour"):  # in UTC: daylight saving time skips an hour or repeats one
        return (start.astimezone(UTC) + LENGTHS[unit]).astimezone(start.tzinfo)
    if unit == "month":
        return (start + timedelta(days=32)).replace(day=1)
    return start + timedelta(days=7 if unit == "week" else 1)


def _nice_step(top: float, ticks: int) -> float:
    """1, 2 or 5 times a power of ten."""
    rough = max(top, 1e-9) / max(ticks, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= rough * (1 - 1e-9)), 10 * power)


def _multiples(step: float, top: float) -> Iterable[float]:
    return (step * index for index in range(int(top / step + 1e-9) + 1))


def _duration(ms: float, step: float) -> str:
    if ms == 0:
        return "0"
    return f"{ms / 1000:g} s" if step >= 500 or ms >= 10_000 else f"{ms:g} ms"


def _number(unit: str, start: datetime) -> int:
    if unit == "minute":
        return start.minute
    if unit == "hour":
        return start.hour
    return start.toordinal() if unit == "day" else start.month - 1


def _time_label(unit: str, start: datetime) -> str:
    if unit == "minute" or (unit == "hour" and start.hour):
        return f"{start:%H:%M}"
    return f"{start:%b %Y}" if unit == "month" else f"{start.day} {start:%b}"
