"""Whether the runs of thousands of health schedules start on time on the workers of one machine."""

import time
from datetime import datetime, timedelta

from django.db.models import Avg
from django.utils import timezone

from diagnostics.evaluation.bench.healthy_org import healthy_org
from diagnostics.evaluation.bench.own_database import own_database
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow
from diagnostics.monitoring.models import MissedTime, Schedule
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run

WHOLE, WHOLE_MINUTES = 2_000, 5
TICK_SECONDS = 10.0
# The short measurement has a fifth of the schedules at five times the frequency: the same number of runs per second.
SHORT, SHORT_MINUTES = 400, 1
WARM_UP = timedelta(seconds=20)
PROCESSES = 4


def fleet(options: BenchOptions) -> list[BenchRow]:
    """Uses a real scheduler, broker and workers on a separate database. Measures each schedule over one interval."""
    many, minutes = (WHOLE, WHOLE_MINUTES) if options.is_whole else (SHORT, SHORT_MINUTES)
    with own_database("fleet"), healthy_org(options.latency_ms) as org:
        _make_schedules(org.make_clients(many), minutes)
        with options.crew(PROCESSES, org.endpoints, ticks=True):
            begin = timezone.now() + WARM_UP
            end = begin + timedelta(minutes=minutes)
            while timezone.now() < end + timedelta(seconds=3 * TICK_SECONDS):
                time.sleep(1)
        return _rows(many, minutes, begin, end)


def _make_schedules(clients: list[OAuthClient], minutes: int) -> None:
    """Schedules with a random delay of up to their whole interval."""
    schedules = Schedule.objects.bulk_create(
        Schedule(name=client.name, client=client, minutes=minutes, jitter_seconds=minutes * 60 - 1)
        for client in clients
    )
    now = timezone.now()
    for schedule in schedules:
        step = minutes * 60
        planned = (now - schedule.starts_after).timestamp() // step * step + step
        schedule.due_at = datetime.fromtimestamp(planned, tz=now.tzinfo)
        schedule.next_run_at = schedule.due_at + schedule.starts_after
    Schedule.objects.bulk_update(schedules, ["due_at", "next_run_at"], batch_size=500)


def _rows(many: int, minutes: int, begin: datetime, end: datetime) -> list[BenchRow]:
    runs = Run.objects.filter(schedule__isnull=False).select_related("schedule")
    runs = runs.defer("inputs", "verdict", "environment")
    late = sorted(seconds for run in runs if (seconds := _late_s(run, minutes, begin, end)) is not None)
    unfinished = Run.objects.exclude(status=Run.Status.FINISHED).filter(created_at__lt=end).count()
    mean = Run.objects.filter(status=Run.Status.FINISHED).aggregate(ms=Avg("duration_ms"))["ms"] or 0
    missed = MissedTime.objects.count()
    whole = many * WHOLE_MINUTES // minutes
    note = "" if many == WHOLE else f", as many a second as {whole} every {WHOLE_MINUTES} min"
    goal = f"at most one tick, {TICK_SECONDS:.0f} s"
    return [
        BenchRow(f"health schedules every {minutes} min{note}", many, ""),
        BenchRow("runs measured over one step", len(late), "runs", f"at least {many}", len(late) >= many),
        BenchRow("from due to begun, most", _quantile(late, 1.0), "s", goal, late != [] and late[-1] <= TICK_SECONDS),
        BenchRow("from due to begun, p95", _quantile(late, 0.95), "s"),
        BenchRow("from due to begun, median", _quantile(late, 0.5), "s"),
        BenchRow("times missed", missed, "", "none", missed == 0),
        BenchRow("runs not finished at the end", unfinished, "", "none", unfinished == 0),
        BenchRow("a run took, mean", round(mean), "ms"),
        BenchRow("worker processes", PROCESSES, ""),
    ]


def _late_s(run: Run, minutes: int, begin: datetime, end: datetime) -> float | None:
    """The delay in seconds; None if the run was due outside the measured time, infinity if it never started."""
    schedule = run.schedule
    if schedule is None:
        return None
    step = minutes * 60
    planned = (run.created_at - schedule.starts_after).timestamp() // step * step
    due = datetime.fromtimestamp(planned, tz=run.created_at.tzinfo) + schedule.starts_after
    if not begin <= due < end:
        return None
    return (run.started_at - due).total_seconds() if run.started_at else float("inf")


def _quantile(late: list[float], share: float) -> float:
    return round(late[min(len(late) - 1, int(len(late) * share))], 2) if late else 0.0
