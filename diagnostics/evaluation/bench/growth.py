"""The same pages over a tenth of the runs and over all of them, and the first page with many clients."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from time import perf_counter

from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from diagnostics.checks.outcomes import Outcome
from diagnostics.evaluation.bench.filled_orgs import Sizes, fill_orgs
from diagnostics.evaluation.bench.history_rows import FINDINGS, fill, filled_quickly, settle
from diagnostics.evaluation.bench.own_database import own_database
from diagnostics.evaluation.bench.pages import get_page, name_static_files, p95, timed, visitor
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow
from diagnostics.issues.models import Issue
from diagnostics.runs.models import Exchange, Finding, Run

PAGE_MS, MOST_GROWTH = 100, 1.3
FIRST_PAGE_MS = 150
MANY_CLIENTS = Sizes(clients=10_000, deployments=20_000, in_one_org=1_000, changes=10_000)
RUNS_AN_ISSUE = 40
AT_A_TIME = 10  # requests to one database before the other's turn


@dataclass(frozen=True)
class GrowthSide:
    """A filled database, and a browser that is signed in there."""

    database: str
    browser: Client
    pages: dict[str, list[str]]
    seconds: float

    def enter(self) -> None:
        """Make the next request one of this database. It reconnects, which isn't part of what is measured."""
        if connection.settings_dict["NAME"] != self.database:
            connection.close()
            connection.settings_dict["NAME"] = self.database
            connection.ensure_connection()


def growth(options: BenchOptions) -> list[BenchRow]:
    name_static_files()
    return [*_runs(options.runs, options.times), *first_page(MANY_CLIENTS, options.times)]


def _runs(runs: int, times: int) -> Iterator[BenchRow]:
    """Both databases exist at once and are measured in turn, so that what else the machine does is the same for both."""
    with ExitStack() as stack:
        sides = [_fill(stack, name, count) for name, count in (("small", runs // 10), ("large", runs))]
        for side, count in zip(sides, (runs // 10, runs), strict=True):
            yield BenchRow(f"{count * FINDINGS:,} findings: filling", round(side.seconds, 1), "s")
        for name in sides[0].pages:
            small, large = _in_turn(sides, name, times)
            yield BenchRow(f"{runs // 10 * FINDINGS:,} findings: {name}, p95", round(small, 1), "ms")
            goal = f"under {PAGE_MS} ms"
            yield BenchRow(f"{runs * FINDINGS:,} findings: {name}, p95", round(large, 1), "ms", goal, large < PAGE_MS)
            ratio = round(large / small, 2)
            yield BenchRow(f"growth: {name}", ratio, "x", f"at most {MOST_GROWTH}", ratio <= MOST_GROWTH)
        sides[-1].enter()


def first_page(sizes: Sizes, times: int) -> Iterator[BenchRow]:
    with own_database("clients"):
        fill_orgs(sizes)
        browser = visitor()
        get_page(browser, reverse("home"))
        figure = p95([timed(partial(get_page, browser, reverse("home"))) for _ in range(times)])
    goal = f"at most {FIRST_PAGE_MS} ms"
    yield BenchRow(f"first page, {sizes.clients:,} clients, p95", round(figure, 1), "ms", goal, figure <= FIRST_PAGE_MS)


def _fill(stack: ExitStack, name: str, runs: int) -> GrowthSide:
    stack.enter_context(own_database(name))
    started = perf_counter()
    with filled_quickly(Run, Finding, Exchange):
        filled = fill(runs)
    issues = _fill_issues()
    settle()
    numbers = [filled.last - step * (filled.last - filled.first) // 23 for step in range(20)]
    runs_page = reverse("runs")
    pages = {
        "list": [runs_page, *(f"{runs_page}?{query}" for query in ("client=3", "cause=wrong", "page=last"))],
        "run": [reverse("run", args=[pk]) for pk in numbers],
        "issue": [reverse("issues"), *(reverse("issue", args=[pk]) for pk in issues)],
        "comparison": [f"{reverse('comparison')}?a={pk}&b={pk - 1}" for pk in numbers],
    }
    return GrowthSide(str(connection.settings_dict["NAME"]), visitor(), pages, perf_counter() - started)


def _in_turn(sides: list[GrowthSide], name: str, times: int) -> list[float]:
    """The p95 of each side. After a change of sides, one request that isn't counted fills the connection's caches."""
    figures: list[list[float]] = [[] for _ in sides]
    for start in range(0, times, AT_A_TIME):
        for side, measured in zip(sides, figures, strict=True):
            paths = side.pages[name]
            side.enter()
            get_page(side.browser, paths[start % len(paths)])
            for number in range(start, min(start + AT_A_TIME, times)):
                measured.append(timed(partial(get_page, side.browser, paths[number % len(paths)])))
    return [p95(measured) for measured in figures]


def _fill_issues() -> list[int]:
    """An issue for each conversation of every RUNS_AN_ISSUE-th run with a cause. Returns some of their IDs."""
    runs = Run.objects.exclude(cause="none").filter(kind="diagnosis").order_by("pk").values_list(
        "pk", "client_id", "client__org_id", "cause", "conversation_id", "created_at"
    )  # fmt: skip
    rows = (
        Issue(
            org=org, cause=cause, target=f"conversation:{conversation}", client_id=client, outcome=Outcome.FAIL,
            sentence="This path isn't in the Genesys Cloud API.", first_run_id=pk, last_run_id=pk, first_seen_at=at,
            last_seen_at=at, resolved_at=timezone.now() if pk % 3 else None,
        )
        for pk, client, org, cause, conversation, at in islice(runs.iterator(), 0, None, RUNS_AN_ISSUE)
    )  # fmt: skip
    stored = Issue.objects.bulk_create(rows, batch_size=5_000, ignore_conflicts=True)
    assert stored  # noqa: S101 - each database has runs with a cause
    return list(Issue.objects.order_by("-pk").values_list("pk", flat=True)[:19])
