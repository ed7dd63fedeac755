"""The time that the requests of each check took in the latest runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from statistics import median

from django.db.models import Sum

from diagnostics.runs.filters import RunFilter
from diagnostics.runs.models import Exchange, Run
from diagnostics.web.charts import Scale, Tick, time_ticks

MAX_RUNS = 100


@dataclass(frozen=True)
class LatencyPoint:
    """The requests of one check in one run. Positions are percentages, `y` from the top."""

    run: int
    at: datetime
    ms: float
    x: float
    y: float


@dataclass(frozen=True)
class CheckLatency:
    """One check over the runs. `points` are oldest first."""

    check: str
    title: str
    points: tuple[LatencyPoint, ...]
    median_ms: float
    slowest: LatencyPoint

    @property
    def latest(self) -> LatencyPoint:
        return self.points[-1]

    @property
    def line(self) -> str:
        """The points of an SVG polyline in a drawing of 100 by 100."""
        return " ".join(f"{point.x:g},{point.y:g}" for point in self.points)


@dataclass(frozen=True)
class LatencyChart:
    """Checks with the largest median first; each has its own vertical scale, up to its slowest run."""

    checks: tuple[CheckLatency, ...]
    ticks: tuple[Tick, ...]
    runs: int


def latency_chart(filters: RunFilter, zone: tzinfo, titles: Mapping[str, str]) -> LatencyChart:
    newest = filters.apply(Run.objects.all()).order_by("-created_at", "-id").values_list("pk", "created_at")[:MAX_RUNS]
    times = dict(newest)
    if not times:
        return LatencyChart((), (), 0)
    since, until = min(times.values()), max(times.values())
    scale = Scale.of_times(since, until)
    totals: dict[str, list[tuple[datetime, int, float]]] = {}
    rows = Exchange.objects.filter(run_id__in=times).exclude(check_id="").order_by()
    for run, check, ms in rows.values_list("run_id", "check_id").annotate(total=Sum("ms")):
        totals.setdefault(check, []).append((times[run], run, ms))
    found = [_check_latency(check, titles.get(check, check), sorted(each), scale) for check, each in totals.items()]
    ordered = tuple(sorted(found, key=lambda each: (-each.median_ms, each.check)))
    return LatencyChart(ordered, tuple(time_ticks(since, until, zone)), len(times))


def _check_latency(check: str, title: str, totals: list[tuple[datetime, int, float]], scale: Scale) -> CheckLatency:
    height = Scale(0, max(ms for _, _, ms in totals))
    points = tuple(LatencyPoint(run, at, ms, scale.at(at), round(100 - height.at(ms), 2)) for at, run, ms in totals)
    return CheckLatency(
        check=check,
        title=title,
        points=points,
        median_ms=median(point.ms for point in points),
        slowest=max(points, key=lambda point: point.ms),
    )
