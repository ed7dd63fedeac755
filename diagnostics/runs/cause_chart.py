"""A bar chart of runs by cause over time, from (moment, cause, count). Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from diagnostics.engine import causes
from diagnostics.web.charts import next_start, period_start, period_starts

MAX_SERIES = 5
OTHERS: Final = "others"
NO_VERDICT: Final = ""  # the run has no verdict
WIDTH, HEIGHT = 1000.0, 200.0  # of the drawing; the page scales it
GAP = 0.2  # share of a period's width

CauseCount = tuple[datetime, str, int]


@dataclass(frozen=True)
class Series:
    """One color of the chart. `style` is its CSS suffix; "no issue" and "undetermined" always have the same one."""

    cause: str
    title: str
    style: str
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
    """One hour, day, week or month: from `start` up to but not including `end`, with a count for each series."""

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
    periods: list[Period]
    bars: list[CauseBar]
    top: int

    @property
    def total(self) -> int:
        return sum(series.total for series in self.series)


def unit_for(since: datetime, until: datetime) -> str:
    """The length of a period, chosen so that the chart has a readable number of bars."""
    span = until - since
    if span <= timedelta(days=2):
        return "hour"
    if span <= timedelta(days=100):
        return "day"
    return "week" if span <= timedelta(days=730) else "month"


def draw(counts_by_moment: Iterable[CauseCount], unit: str, since: datetime, until: datetime, zone: ZoneInfo) -> Chart:
    """Each moment in `counts_by_moment` may be any time within its period."""
    counts: dict[datetime, Counter[str]] = {}
    totals: Counter[str] = Counter()
    for moment, cause, count in counts_by_moment:
        counts.setdefault(period_start(unit, moment.astimezone(zone)), Counter())[cause] += count
        totals[cause] += count
    series = _series(totals)
    shown_causes = {item.cause for item in series}
    starts = period_starts(unit, since, until, zone)
    ends = [*starts[1:], next_start(unit, starts[-1])] if starts else []
    periods = [
        Period(start, end, _series_counts(counts.get(start, Counter()), series, shown_causes))
        for start, end in zip(starts, ends, strict=True)
    ]
    top = max((period.total for period in periods), default=0)
    return Chart(unit, series, periods, list(_bars(periods, top)), top)


def _series(totals: Counter[str]) -> list[Series]:
    """No issue first, then the most frequent causes, then all others, then undetermined and no verdict."""
    fixed_series = {causes.NONE, causes.UNDETERMINED, NO_VERDICT}
    ranked = [
        cause for cause, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0])) if cause not in fixed_series
    ]
    found = [Series(causes.NONE, causes.title_of(causes.NONE), "none", totals[causes.NONE])]
    for rank, cause in enumerate(ranked[:MAX_SERIES], 1):
        found.append(Series(cause, causes.title_of(cause), str(rank), totals[cause]))
    found.append(Series(OTHERS, "Other causes", "others", sum(totals[cause] for cause in ranked[MAX_SERIES:])))
    found.append(
        Series(causes.UNDETERMINED, causes.title_of(causes.UNDETERMINED), "undetermined", totals["undetermined"])
    )
    found.append(Series(NO_VERDICT, "No verdict", "untold", totals[NO_VERDICT]))
    return [series for series in found if series.total]


def _series_counts(counts: Counter[str], series: list[Series], shown_causes: set[str]) -> list[tuple[Series, int]]:
    others = sum(count for cause, count in counts.items() if cause not in shown_causes)
    return [(item, others if item.cause == OTHERS else counts[item.cause]) for item in series]


def _bars(periods: list[Period], top: int) -> Iterable[CauseBar]:
    width = WIDTH / max(len(periods), 1)
    for index, period in enumerate(periods):
        y = HEIGHT
        for series, count in period.counts:
            height = HEIGHT * count / top if top else 0.0
            y -= height
            if count:
                x = width * (index + GAP / 2)
                yield CauseBar(series, count, round(x, 2), round(y, 2), round(width * (1 - GAP), 2), round(height, 2))
