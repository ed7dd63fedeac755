"""Duration of pages and health probes of the web server, without and with attackers that try to block it."""

import http.client
import os
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import cycle, islice

from django.urls import reverse

from diagnostics.evaluation.bench.attackers import BODIES, HEADERS, READERS, attack
from diagnostics.evaluation.bench.history_rows import fill, settle
from diagnostics.evaluation.bench.own_database import own_database
from diagnostics.evaluation.bench.pages import p95, sign_in, timed
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow

RUNS = 5_000  # with 25 findings each: an export of about 50 MB
PAGE_MS, PROBE_MS = 500, 100
PEOPLE = 6  # users that read exports slowly
WARM_UPS = 18
ROUNDS = 5  # times `times` requests of each kind, so that the attack lasts long enough
SETTLE_SECONDS = 5.0  # until the attackers are connected


def web(options: BenchOptions) -> list[BenchRow]:
    with own_database("web"):
        return measure(options, min(options.runs, RUNS))


def measure(options: BenchOptions, runs: int) -> list[BenchRow]:
    """Fills the current database, which must be a separate one."""
    filled = fill(runs)
    settle()
    reader = sign_in("reader")
    attackers = [sign_in(f"attacker{number}") for number in range(PEOPLE)]
    pages = ["/", reverse("runs"), reverse("run", args=[filled.last]), reverse("orgs")]
    export = f"{reverse('runs-export', args=['jsonl'])}?findings=1"
    with options.web_server() as port:
        site = _Site(port, reader)
        site.ask_all(islice(cycle([*pages, "/health/live", "/health/ready"]), WARM_UPS))
        quiet = site.measure(pages, options.times)
        with attack(port, export, attackers) as others:
            time.sleep(SETTLE_SECONDS)
            busy = site.measure(pages, options.times)
            connected, reading = others.connected, others.reading
    return [*_rows("nobody else", quiet), *_rows("attackers", busy), *_about(connected, reading)]


class _Site:
    def __init__(self, port: int, session: str) -> None:
        self.port, self.session = port, session

    def ask(self, path: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("GET", path, headers={"Host": "localhost", "Cookie": f"sessionid={self.session}"})
            response = connection.getresponse()
            response.read()
            if response.status not in (200, 503 if path.startswith("/health/") else 200):
                raise RuntimeError(f"{path} answered {response.status}.")
        finally:
            connection.close()

    def ask_all(self, paths: Iterator[str]) -> None:
        for path in paths:
            self.ask(path)

    def measure(self, pages: Sequence[str], times: int) -> dict[str, list[float]]:
        """Kind of request -> durations in milliseconds."""
        milliseconds: dict[str, list[float]] = {"pages": [], "probe, alive": [], "probe, ready": []}
        for number in range(times * ROUNDS):
            for name, path in (
                ("pages", pages[number % len(pages)]),
                ("probe, alive", "/health/live"),
                ("probe, ready", "/health/ready"),
            ):
                milliseconds[name].append(timed(partial(self.ask, path)))
        return milliseconds


def _rows(load: str, milliseconds: dict[str, list[float]]) -> Iterator[BenchRow]:
    for name, figures in milliseconds.items():
        most = PAGE_MS if name == "pages" else PROBE_MS
        value = round(p95(figures), 1)
        yield BenchRow(f"{name}, p95, {load}", value, "ms", f"under {most} ms", value < most)
    yield BenchRow(
        f"pages, median, {load}", round(sorted(milliseconds["pages"])[len(milliseconds["pages"]) // 2], 1), "ms"
    )


def _about(connected: int, reading: int) -> Iterator[BenchRow]:
    yield BenchRow("attackers: slow bodies", BODIES, "")
    yield BenchRow("attackers: slow headers", HEADERS, "")
    yield BenchRow("attackers: slow readers of exports", READERS, "")
    yield BenchRow("attackers that were connected at the end", connected, "")
    yield BenchRow("exports that were read slowly at the end", reading, "")
    yield BenchRow("load of this machine in the last minute", round(os.getloadavg()[0], 1), "")
