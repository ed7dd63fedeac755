"""A fleet of health schedules on the workers of one machine: does each run start in time?"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg
from django.utils import timezone

from diagnostics.evaluation.bench.healthy_org import healthy_org, make_clients
from diagnostics.evaluation.bench.own_database import own_database
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow
from diagnostics.monitoring.models import MissedTime, Schedule
from diagnostics.runs.models import Run

WHOLE, WHOLE_MINUTES = 2_000, 5
TICK_SECONDS = 10.0
# So many schedules are due in a second with the whole fleet; the short measurement keeps that, with a fifth of them.
SHORT, SHORT_MINUTES = 400, 1
WARM_UP = timedelta(seconds=20)
PROCESSES = 4


@dataclass(frozen=True)
class Start:
    """A run and how long after its due time, spread included, it began."""

    late_s: float


def fleet(options: BenchOptions) -> list[BenchRow]:
    """Real beat, broker and workers on a database of its own. Each schedule is measured over one of its steps."""
    many, minutes = (WHOLE, WHOLE_MINUTES) if options.is_whole else (SHORT, SHORT_MINUTES)
    with own_database("fleet"), healthy_org(options.latency_ms) as endpoints:
        _make_schedules(many, minutes)
        with options.crew(PROCESSES, endpoints, ticks=True):
            begun = timezone.now() + WARM_UP
            ends = begun + timedelta(minutes=minutes)
            while timezone.now() < ends + timedelta(seconds=3 * TICK_SECONDS):
                time.sleep(1)
        return _rows(many, minutes, begun, ends)


def _make_schedules(many: int, minutes: int) -> None:
    """As the form makes them: spread over the whole step."""
    clients = make_clients(many)
    made = Schedule.objects.bulk_create(
        Schedule(name=each.name, client=each, minutes=minutes, jitter_seconds=minutes * 60 - 1) for each in clients
    )
    now = timezone.now()
    for each in made:
        step = minutes * 60
        planned = (now - each.starts_after).timestamp() // step * step + step
        each.due_at = datetime.fromtimestamp(planned, tz=now.tzinfo)
        each.next_run_at = each.due_at + each.starts_after
    Schedule.objects.bulk_update(made, ["due_at", "next_run_at"], batch_size=500)


def _rows(many: int, minutes: int, begun: datetime, ends: datetime) -> list[BenchRow]:
    runs = (
        Run.objects.filter(schedule__isnull=False).select_related("schedule").defer("inputs", "verdict", "environment")
    )
    late = sorted(each for run in runs if (each := _late_s(run, minutes, begun, ends)) is not None)
    unfinished = Run.objects.exclude(status=Run.Status.FINISHED).filter(created_at__lt=ends).count()
    took = Run.objects.filter(status=Run.Status.FINISHED).aggregate(ms=Avg("duration_ms"))["ms"] or 0
    missed = MissedTime.objects.count()
    whole = many * WHOLE_MINUTES // minutes
    note = "" if many == WHOLE else f", as many a second as {whole} every {WHOLE_MINUTES} min"
    return [
        BenchRow(f"health schedules every {minutes} min{note}", many, ""),
        BenchRow("runs measured over one step", len(late), "runs", f"at least {many}", len(late) >= many),
        BenchRow(
            "from due to begun, most",
            _at(late, 1.0),
            "s",
            f"at most one tick, {TICK_SECONDS:.0f} s",
            late != [] and late[-1] <= TICK_SECONDS,
        ),
        BenchRow("from due to begun, p95", _at(late, 0.95), "s"),
        BenchRow("from due to begun, median", _at(late, 0.5), "s"),
        BenchRow("times missed", missed, "", "none", missed == 0),
        BenchRow("runs not finished at the end", unfinished, "", "none", unfinished == 0),
        BenchRow("a run took, mean", round(took), "ms"),
        BenchRow("worker processes", PROCESSES, ""),
    ]


def _late_s(run: Run, minutes: int, begun: datetime, ends: datetime) -> float | None:
    """None for what was due outside the time that is measured, and infinite for what never began."""
    schedule = run.schedule
    if schedule is None:
        return None
    step = minutes * 60
    planned = (run.created_at - schedule.starts_after).timestamp() // step * step
    due = datetime.fromtimestamp(planned, tz=run.created_at.tzinfo) + schedule.starts_after
    if not begun <= due < ends:
        return None
    return (run.started_at - due).total_seconds() if run.started_at else float("inf")


def _at(late: list[float], share: float) -> float:
    return round(late[min(len(late) - 1, int(len(late) * share))], 2) if late else 0.0
