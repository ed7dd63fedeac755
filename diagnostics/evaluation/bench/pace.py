"""Whether many runs at once keep to the rate limit of their org, and end with the right verdict."""

import time
from collections import Counter

from django.utils import timezone

from diagnostics.demo.log import LoggedRequest, RequestLog
from diagnostics.demo.tokens import Allowance
from diagnostics.evaluation.bench.healthy_org import healthy_org, queue_health_run
from diagnostics.evaluation.bench.own_database import own_database
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow
from diagnostics.issues.models import Incident
from diagnostics.runs.models import Run

RUNS, PROCESSES = 300, 4
ALLOWANCE = Allowance(300, 60.0)
PATIENCE = 1_200.0


class TimedLog(RequestLog):
    """When each request arrived, those for tokens included."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def add(self, request: LoggedRequest) -> None:
        self.times.append(time.monotonic())
        super().add(request)

    def most_in(self, seconds: float) -> int:
        """The most requests in any such time."""
        times, most, first = sorted(self.times), 0, 0
        for last, at in enumerate(times):
            while times[first] <= at - seconds:
                first += 1
            most = max(most, last - first + 1)
        return most


def pace(options: BenchOptions) -> list[BenchRow]:
    """300 scheduled health checks of one client, and one of another, on real workers. A client may send 300 requests a minute."""
    log = TimedLog()
    with own_database("pace"), healthy_org(options.latency_ms, allowance=ALLOWANCE, log=log) as org:
        crowded, other = org.make_clients(2, "Pace")
        with options.crew(PROCESSES, org.endpoints, ticks=True) as link:
            started = time.monotonic()
            runs = [queue_health_run(crowded, link) for _ in range(RUNS)]
            time.sleep(10)  # until the limit is used up
            single = queue_health_run(other, link)
            mine = Run.objects.filter(pk__in=[run.pk for run in (*runs, single)])
            while mine.exclude(status=Run.Status.FINISHED).exists() and time.monotonic() - started < PATIENCE:
                time.sleep(0.5)
            seconds = time.monotonic() - started
        right = mine.filter(status=Run.Status.FINISHED, cause="none").count()
        single.refresh_from_db()
        waited_s = ((single.started_at or timezone.now()) - single.created_at).total_seconds()
        incidents = Incident.objects.count()
    most, refused = log.most_in(ALLOWANCE.seconds), Counter(request.status for request in log.requests)[429]
    return [
        BenchRow("requests in any minute, most", most, "", "at most 300", most <= ALLOWANCE.requests),
        BenchRow("responses with 429", refused, "", "none", refused == 0),
        BenchRow("runs with the right verdict", right, f"of {RUNS + 1}", "all", right == RUNS + 1),
        BenchRow("incidents", incidents, "", "none", incidents == 0),
        BenchRow("another client waited meanwhile", round(waited_s, 2), "s", "at most 1", waited_s <= 1),
        BenchRow("requests", log.total, ""),
        BenchRow("all runs took", round(seconds), "s"),
        BenchRow("worker processes", PROCESSES, ""),
    ]
