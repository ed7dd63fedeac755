"""Failed runs by cause over time as stacked bars, from (moment, cause, count). Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import Trunc

from diagnostics.engine import causes
from diagnostics.runs.filters import WRONG, RunFilter
from diagnostics.runs.models import Run
from diagnostics.web.charts import (
    Scale,
    Tick,
    next_start,
    nice_top,
    number_ticks,
    period_start,
    period_starts,
    time_ticks,
)
from diagnostics.web.format import count_of

MAX_SERIES = 5
OTHERS: Final = "others"
NOT_FAILED: Final = frozenset({causes.NONE, ""})  # causes of runs that found nothing wrong or have no verdict
GAP = 0.2  # share of a period's width

CauseCount = tuple[datetime, str, int]


@dataclass(frozen=True)
class Series:
    """One color of the chart. `style` is its CSS suffix. `query` lists its runs, "" for several causes."""

    cause: str
    title: str
    style: str
    total: int
    query: str


@dataclass(frozen=True)
class Segment:
    """One cause in one period. Positions are percentages, from the top left."""

    series: Series
    count: int
    y: float
    height: float
    query: str


@dataclass(frozen=True)
class Period:
    """One hour, day, week or month: from `start` up to but not including `end`.

    `runs` counts all runs, `failures` those with a problem, and `query` lists the latter. `cells` are the count and the
    query of each series.
    """

    start: datetime
    end: datetime
    runs: int
    failures: int
    x: float
    width: float
    segments: list[Segment]
    cells: list[tuple[int, str]]
    query: str
    label: str

    @property
    def text(self) -> str:
        """The period with its counts, for a tooltip."""
        by_cause = ", ".join(f"{segment.series.title} {segment.count}" for segment in self.segments)
        return f"{self.label}: {self.failures} of {count_of(self.runs, 'run')} failed. {by_cause}"


@dataclass(frozen=True)
class FailureChart:
    unit: str
    series: list[Series]
    periods: list[Period]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    runs: int
    failures: int

    @property
    def newest_first(self) -> list[Period]:
        return self.periods[::-1]


def unit_for(since: datetime, until: datetime) -> str:
    """The length of a period, chosen so that the chart has a readable number of bars."""
    span = until - since
    if span <= timedelta(days=2):
        return "hour"
    if span <= timedelta(days=62):
        return "day"
    return "week" if span <= timedelta(days=730) else "month"


def draw(
    counts_by_moment: Iterable[CauseCount],
    unit: str,
    since: datetime,
    until: datetime,
    filters: RunFilter,
    zone: ZoneInfo,
) -> FailureChart:
    """Each moment in `counts_by_moment` may be any time within its period."""
    counts: dict[datetime, Counter[str]] = {}
    totals: Counter[str] = Counter()
    for moment, cause, count in counts_by_moment:
        counts.setdefault(period_start(unit, moment.astimezone(zone)), Counter())[cause] += count
        totals[cause] += count
    starts = period_starts(unit, since, until, zone)
    if not starts:
        return FailureChart(unit, [], [], [], [], 0, 0)
    ends = [*starts[1:], next_start(unit, starts[-1])]
    links = PeriodLinks(filters, zone, starts[0], ends[-1])
    series = _series(totals, links)
    top = nice_top(max(_failures(counts.get(start, Counter())) for start in starts))
    width = 100 / len(starts)
    periods = []
    for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
        found = counts.get(start, Counter())
        segments = list(_segments(found, series, Scale(0, top), links, start, end))
        by_series = {segment.series: (segment.count, segment.query) for segment in segments}
        periods.append(
            Period(
                start=start,
                end=end,
                runs=found.total(),
                failures=_failures(found),
                x=round(width * (index + GAP / 2), 2),
                width=round(width * (1 - GAP), 2),
                segments=segments,
                cells=[by_series.get(each, (0, "")) for each in series],
                query=links.query(WRONG, start, end),
                label=_label(unit, start),
            )
        )
    return FailureChart(
        unit=unit,
        series=series,
        periods=periods,
        x_ticks=time_ticks(starts[0], ends[-1], zone),
        y_ticks=number_ticks(top),
        runs=totals.total(),
        failures=_failures(totals),
    )


@dataclass(frozen=True)
class PeriodLinks:
    """Query strings of the run list for a cause and a period."""

    filters: RunFilter
    zone: ZoneInfo
    since: datetime
    until: datetime

    def query(self, cause: str, start: datetime | None = None, end: datetime | None = None) -> str:
        start, end = start or self.since, end or self.until
        if end - start < timedelta(hours=23):
            dates = {"from": f"{start:%Y-%m-%dT%H:%M}", "to": f"{end:%Y-%m-%dT%H:%M}"}
        else:
            dates = {"from": f"{start:%Y-%m-%d}", "to": f"{end.date() - timedelta(days=1):%Y-%m-%d}"}
        return self.filters.to_query(cause=cause, part="no", zone=self.zone.key, sort="", **dates)


def _failures(counts: Counter[str]) -> int:
    return sum(count for cause, count in counts.items() if cause not in NOT_FAILED)


def _series(totals: Counter[str], links: PeriodLinks) -> list[Series]:
    """The most frequent causes, then all others, then undetermined, which always has the same color."""
    ranked = [
        cause
        for cause, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))
        if cause not in NOT_FAILED and cause != causes.UNDETERMINED
    ]
    found = [
        Series(cause, causes.title_of(cause), str(rank), totals[cause], links.query(cause))
        for rank, cause in enumerate(ranked[:MAX_SERIES], 1)
    ]
    others = sum(totals[cause] for cause in ranked[MAX_SERIES:])
    found.append(Series(OTHERS, "Other causes", "others", others, ""))
    last = causes.UNDETERMINED
    found.append(Series(last, causes.title_of(last), last, totals[last], links.query(last)))
    return [series for series in found if series.total]


def _segments(
    counts: Counter[str], series: list[Series], scale: Scale, links: PeriodLinks, start: datetime, end: datetime
) -> Iterable[Segment]:
    shown = {each.cause for each in series}
    others = sum(count for cause, count in counts.items() if cause not in shown and cause not in NOT_FAILED)
    below = 0
    for each in series:
        count = others if each.cause == OTHERS else counts[each.cause]
        if count:
            y, base = 100 - scale.at(below + count), 100 - scale.at(below)
            query = "" if each.cause == OTHERS else links.query(each.cause, start, end)
            yield Segment(each, count, round(y, 2), round(base - y, 2), query)
            below += count


def _label(unit: str, start: datetime) -> str:
    if unit == "hour":
        return f"{start.day} {start:%b, %H:%M}"
    if unit == "month":
        return f"{start:%b %Y}"
    return f"{'Week of ' if unit == 'week' else ''}{start.day} {start:%b}"


def failure_chart(filters: RunFilter, now: datetime, zone: ZoneInfo) -> FailureChart:
    """Counts whole runs only, since a part does not check everything. Without a start, from the first run on."""
    runs = filters.apply(Run.objects.filter(branch=""))
    until = min(filters.times.until or now, now)
    first_run = runs.order_by("created_at", "id").values_list("created_at", flat=True)
    since = filters.times.since or first_run.first() or until
    unit = unit_for(since, until)
    counts = (
        runs.filter(created_at__lte=until)
        .order_by()
        .values_list(Trunc("created_at", unit, tzinfo=zone), "cause")
        .annotate(times=Count("*"))
    )
    return draw(counts, unit, since, until, filters, zone)
