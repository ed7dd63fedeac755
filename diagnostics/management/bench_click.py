"""How soon a run starts and ends after a click, with the real web server, broker and workers."""

import os
import statistics
import time

import requests
from django.urls import resolve, reverse

from config.embedded.processes import HOST
from diagnostics.demo.scenarios import scenario
from diagnostics.demo.tokens import Allowance
from diagnostics.evaluation.bench.healthy_org import healthy_org
from diagnostics.evaluation.bench.own_database import own_database
from diagnostics.evaluation.bench.pages import sign_in
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow
from diagnostics.management.bench_processes import site
from diagnostics.runs.models import Run

CSRF_TOKEN = "c" * 32
WARM_UPS = 12  # so that the threads of the web server and the worker processes have their connections
PATIENCE = 60.0
UNLIMITED = Allowance(1_000_000, 60.0)  # requests a minute: the clicks don't wait for the org's rate limit
MEDIAN_MS, P99_MS, END_MS = 10, 50, 270
END_LATENCY_MS = 100.0  # END_MS is the limit for this latency of the org


def click(options: BenchOptions) -> list[BenchRow]:
    """Starts one diagnosis after another as the first page does, each when the one before has ended."""
    org_of_many = healthy_org(options.latency_ms, allowance=UNLIMITED)
    with own_database("click"), org_of_many as org, site(org.endpoints, options.broker) as port:
        [client] = org.make_clients(1, "Click")
        form = {"client": str(client.pk), "conversation_id": scenario("healthy-web").conversation_id}
        browser = requests.Session()
        browser.cookies.update({"sessionid": sign_in("click"), "csrftoken": CSRF_TOKEN})
        milliseconds = [_click(browser, port, form) for _ in range(WARM_UPS + options.times)][WARM_UPS:]
    starts, ends = ([pair[position] for pair in milliseconds] for position in (0, 1))
    median, end = statistics.median(starts), statistics.median(ends)
    p99 = sorted(starts)[int(len(starts) * 0.99)]
    is_usual = options.latency_ms == END_LATENCY_MS
    return [
        BenchRow("queued to started, median", round(median, 1), "ms", f"at most {MEDIAN_MS}", median <= MEDIAN_MS),
        BenchRow("queued to started, p99", round(p99, 1), "ms", f"at most {P99_MS}", p99 <= P99_MS),
        BenchRow(
            "click to stored verdict, median",
            round(end, 1),
            "ms",
            f"at most {END_MS}" if is_usual else "",
            end <= END_MS if is_usual else None,
        ),
        BenchRow("latency of each answer of the org", options.latency_ms, "ms"),
        BenchRow("load of this machine in the last minute", round(os.getloadavg()[0], 1), ""),
    ]


def _click(browser: requests.Session, port: int, form: dict[str, str]) -> tuple[float, float]:
    """Milliseconds from the stored run to its start by a worker, and from the click to the stored verdict."""
    clicked = time.time()
    response = browser.post(
        f"http://{HOST}:{port}{reverse('start')}",
        data=form,
        headers={"Host": "localhost", "X-CSRFToken": CSRF_TOKEN},
        allow_redirects=False,
        timeout=PATIENCE,
    )
    response.raise_for_status()
    pk = resolve(response.headers["Location"]).kwargs["pk"]
    while time.time() < clicked + PATIENCE:
        run = Run.objects.get(pk=pk)
        if run.status == Run.Status.FINISHED and run.started_at and run.finished_at:
            start = (run.started_at - run.created_at).total_seconds()
            return start * 1000, (run.finished_at.timestamp() - clicked) * 1000
        time.sleep(0.01)
    raise RuntimeError(f"The run has the status {run.status} after {PATIENCE:.0f} s.")
