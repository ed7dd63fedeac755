"""Counts by cause over time: stretches, series and bars, from (moment, cause, count). Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from diagnostics.engine import causes

MOST_SERIES = 5
OTHERS: Final = "others"
UNTOLD: Final = ""  # no verdict yet, or cut short before there was one
WIDTH, HEIGHT = 1000.0, 200.0  # of the drawing; the page stretches it
GAP = 0.2  # of a stretch's width

Counted = tuple[datetime, str, int]


@dataclass(frozen=True)
class Series:
    """One colour of the chart. `place` tells which; the calm and the undetermined keep theirs."""

    cause: str
    title: str
    place: str
    total: int


@dataclass(frozen=True)
class CauseBar:
    series: Series
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Period:
    """One hour, day, week or month: from `start` until just before `end`, with a count for each series."""

    start: datetime
    end: datetime
    counts: list[tuple[Series, int]]

    @property
    def total(self) -> int:
        return sum(count for _, count in self.counts)


@dataclass(frozen=True)
class Chart:
    unit: str
    series: list[Series]
    stretches: list[Period]
    bars: list[CauseBar]
    top: int

    @property
    def total(self) -> int:
        return sum(each.total for each in self.series)


def unit_for(since: datetime, until: datetime) -> str:
    """How long one stretch is, so that there are neither two bars nor two thousand."""
    span = until - since
    if span <= timedelta(days=2):
        return "hour"
    if span <= timedelta(days=100):
        return "day"
    return "week" if span <= timedelta(days=730) else "month"


def starts_between(unit: str, since: datetime, until: datetime, zone: ZoneInfo) -> list[datetime]:
    """The start of each stretch that touches the range, in the zone's own days. An hour that comes twice is one."""
    start = _floor(unit, since.astimezone(zone))
    found: list[datetime] = []
    while start < until:
        if not found or start.replace(tzinfo=None) != found[-1].replace(tzinfo=None):
            found.append(start)
        start = _next(unit, start)
    return found


def draw(counted: Iterable[Counted], unit: str, since: datetime, until: datetime, zone: ZoneInfo) -> Chart:
    """`counted` names each stretch by any moment in it."""
    counts: dict[datetime, Counter[str]] = {}
    totals: Counter[str] = Counter()
    for moment, cause, count in counted:
        counts.setdefault(_floor(unit, moment.astimezone(zone)), Counter())[cause] += count
        totals[cause] += count
    series = _series(totals)
    alone = {each.cause for each in series}
    starts = starts_between(unit, since, until, zone)
    ends = [*starts[1:], _next(unit, starts[-1])] if starts else []
    stretches = [
        Period(start, end, _counts_of(counts.get(start, Counter()), series, alone))
        for start, end in zip(starts, ends, strict=True)
    ]
    top = max((each.total for each in stretches), default=0)
    return Chart(unit, series, stretches, list(_bars(stretches, top)), top)


def _series(totals: Counter[str]) -> list[Series]:
    """Nothing wrong first, then the causes by how often, then what is left and what could not be told."""
    calm = {causes.NONE, causes.UNDETERMINED, UNTOLD}
    ranked = [cause for cause, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0])) if cause not in calm]
    found = [Series(causes.NONE, causes.title_of(causes.NONE), "none", totals[causes.NONE])]
    for number, cause in enumerate(ranked[:MOST_SERIES], 1):
        found.append(Series(cause, causes.title_of(cause), str(number), totals[cause]))
    found.append(Series(OTHERS, "Other causes", "others", sum(totals[cause] for cause in ranked[MOST_SERIES:])))
    found.append(
        Series(causes.UNDETERMINED, causes.title_of(causes.UNDETERMINED), "undetermined", totals["undetermined"])
    )
    found.append(Series(UNTOLD, "No verdict", "untold", totals[UNTOLD]))
    return [each for each in found if each.total]


def _counts_of(counts: Counter[str], series: list[Series], alone: set[str]) -> list[tuple[Series, int]]:
    others = sum(count for cause, count in counts.items() if cause not in alone)
    return [(each, others if each.cause == OTHERS else counts[each.cause]) for each in series]


def _bars(stretches: list[Period], top: int) -> Iterable[CauseBar]:
    width = WIDTH / max(len(stretches), 1)
    for index, stretch in enumerate(stretches):
        y = HEIGHT
        for series, count in stretch.counts:
            height = HEIGHT * count / top if top else 0.0
            y -= height
            if count:
                x = width * (index + GAP / 2)
                yield CauseBar(series, count, round(x, 2), round(y, 2), round(width * (1 - GAP), 2), round(height, 2))


def _floor(unit: str, moment: datetime) -> datetime:
    if unit == "hour":
        return moment.replace(minute=0, second=0, microsecond=0, fold=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def _next(unit: str, start: datetime) -> datetime:
    if unit == "hour":  # in real time: summer time takes an hour away, or gives one twice
        return (start.astimezone(UTC) + timedelta(hours=1)).astimezone(start.tzinfo)
    if unit == "month":
        return (start + timedelta(days=32)).replace(day=1)
    return start + timedelta(days=7 if unit == "week" else 1)
