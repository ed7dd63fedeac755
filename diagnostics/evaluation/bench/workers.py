"""Throughput of four worker processes compared to one, with an org that delays its responses."""

import time

from django.db.models import Max, Min

from diagnostics.evaluation.bench.healthy_org import HealthyOrg, healthy_org, queue_health_run
from diagnostics.evaluation.bench.own_database import own_database
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run

FEW, MANY = 1, 4
LEAST = 3.5
PATIENCE = 600.0


def workers(options: BenchOptions) -> list[BenchRow]:
    """Runs the same health checks on one and on four processes, after a warm-up."""
    with own_database("workers"), healthy_org(options.latency_ms) as org:
        few, many = (_runs_a_second(options, processes, org) for processes in (FEW, MANY))
    ratio = many / few if few else 0.0
    return [
        BenchRow(
            f"throughput of {MANY} processes over {FEW}", round(ratio, 2), "x", f"at least {LEAST}", ratio >= LEAST
        ),
        BenchRow(f"runs with {FEW} process", round(few, 2), "/s"),
        BenchRow(f"runs with {MANY} processes", round(many, 2), "/s"),
        BenchRow("latency of each answer of the org", options.latency_ms, "ms"),
    ]


def _runs_a_second(options: BenchOptions, processes: int, org: HealthyOrg) -> float:
    with options.crew(processes, org.endpoints, ticks=False) as link:
        _work_off(org.make_clients(processes * 3, f"Warm {processes}"), link)
        first, last, done = _work_off(org.make_clients(options.times * 4, f"Measured {processes}"), link)
    return done / (last - first) if last > first else 0.0


def _work_off(clients: list[OAuthClient], link: str) -> tuple[float, float, int]:
    """The start of the first run and the end of the last, as timestamps, and the number of finished runs."""
    runs = [queue_health_run(client, link) for client in clients]
    mine = Run.objects.filter(pk__in=[run.pk for run in runs])
    deadline = time.monotonic() + PATIENCE
    while mine.filter(status__in=[Run.Status.QUEUED, Run.Status.RUNNING]).exists():
        if time.monotonic() > deadline:
            break
        time.sleep(0.2)
    found = mine.filter(status=Run.Status.FINISHED).aggregate(first=Min("started_at"), last=Max("finished_at"))
    if found["first"] is None or found["last"] is None:
        return 0.0, 0.0, 0
    return found["first"].timestamp(), found["last"].timestamp(), mine.filter(status=Run.Status.FINISHED).count()
