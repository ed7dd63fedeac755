"""Pages of a long run history: server time, number of queries, and memory of an export."""

import time
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from diagnostics.evaluation.bench.history_rows import DAYS, FINDINGS, LONG_PAST, FilledHistory, fill, settle
from diagnostics.evaluation.bench.own_database import own_database
from diagnostics.evaluation.bench.pages import MeasuredPage, measure_page, name_static_files, p95, timed, visitor
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow

USUAL = 100_000  # the number of runs that the goals are about
PAGE_MS, COMPARISON_MS = 100, 200
EXPORTED = 10_000
QUERIES, MOST_QUERIES = "queries of a page, most", 15
MOST_GROWTH = 1.5  # of memory, from a tenth of the export to all of it
MIB = 1024 * 1024


def history(options: BenchOptions) -> list[BenchRow]:
    """Measures with USUAL runs, and if more are requested also with those, adding rows for the growth."""
    name_static_files()
    usual = _measure(min(USUAL, options.runs), options.times)
    if options.runs <= USUAL:
        return usual
    large = _measure(options.runs, options.times)
    before = {row.name: row.value for row in usual if row.unit == "ms"}
    grown = [(row.name, row.value / before[row.name]) for row in large if row.name in before]
    growth = [BenchRow(f"growth: {name}", round(ratio, 2), "x") for name, ratio in grown]
    return [*_sized(usual, USUAL), *_sized(large, options.runs), *growth]


def _sized(rows: list[BenchRow], runs: int) -> list[BenchRow]:
    return [BenchRow(f"{runs:,}: {row.name}", row.value, row.unit, row.goal, row.holds) for row in rows]


def _measure(runs: int, times: int) -> list[BenchRow]:
    with own_database("history"):
        started = time.perf_counter()
        filled = fill(runs)
        seconds = time.perf_counter() - started
        settle()
        browser = visitor()
        pages = [measure_page(browser, name, list(paths), times) for name, paths in _pages(filled)]
        most = max(max(page.queries) for page in pages)
        return [
            BenchRow(f"filling {runs:,} runs with {FINDINGS} findings each", round(seconds, 1), "s"),
            BenchRow("size of the database", round(_size() / MIB), "MiB"),
            *(_row(page) for page in pages),
            BenchRow(QUERIES, most, "", f"at most {MOST_QUERIES}, at any size", most <= MOST_QUERIES),
            *_export(browser, runs, times),
        ]


def _row(pages: MeasuredPage) -> BenchRow:
    goal = COMPARISON_MS if pages.name == "comparison" else PAGE_MS
    return BenchRow(f"{pages.name}, p95", round(pages.p95_ms, 1), "ms", f"under {goal} ms", pages.p95_ms < goal)


def _pages(filled: FilledHistory) -> Iterator[tuple[str, list[str]]]:
    """The name and the paths of each page to measure."""
    for name, query in LISTS.items():
        yield f"list: {name}", [_list(**query)]
    long_ago = {"from": _day(330), "to": _day(300)}
    yield "list: a month long ago", [_list(**long_ago)]
    yield "list: last page of a month long ago", [_list(page="last", **long_ago)]
    numbers = [filled.last - step * (filled.last - filled.first) // 23 for step in range(20)]
    yield "run page", [reverse("run", args=[pk]) for pk in numbers]
    yield "comparison", [f"{reverse('comparison')}?a={pk}&b={pk + 1}" for pk in numbers[1:]]
    yield "list of issues", [reverse("issues")]
    yield "matrix", [reverse("run-matrix"), f"{reverse('run-matrix')}?cause=wrong"]
    yield "charts of 30 days", [reverse("run-causes"), reverse("run-latency")]


LISTS: dict[str, dict[str, str]] = {
    "all": {},
    "a client": {"client": "3"},
    "a client, 30 days": {"client": "3", "when": "30d"},
    "a cause": {"cause": "conv.ended"},
    "a cause of long ago": {"cause": LONG_PAST},
    "anything wrong, 7 days": {"cause": "wrong", "when": "7d"},
    "an org": {"org": "org-7"},
    "an environment and a kind": {"environment": "sandbox", "kind": "diagnosis"},
    "what a check said": {"check": "oauth.token", "outcome": "fail"},
    "a deployment": {"deployment": "d17"},
    "a permission, rare client": {"permission": "conversation:cobrowse:add", "client": "100"},
    "a person": {"who": "person5"},
    "interrupted": {"status": "interrupted"},
    "not ended": {"status": "open"},
    "pinned": {"pinned": "yes"},
    "how started": {"source": "cli"},
    "a target": {"target": "health:1"},
    "no such conversation": {"conversation": "none"},
    "slowest": {"sort": "slowest"},
    "slowest of 30 days": {"sort": "slowest", "when": "30d"},
    "last page": {"page": "last"},
    "last page of a client": {"page": "last", "client": "3"},
    "last page of 30 days": {"page": "last", "when": "30d"},
    "last page of the slowest": {"page": "last", "sort": "slowest"},
}


def _list(**query: str) -> str:
    return f"{reverse('runs')}?{urlencode(query)}"


def _day(days_ago: int) -> str:
    return f"{timezone.now() - timedelta(days=days_ago):%Y-%m-%d}"


def _export(browser: Client, runs: int, times: int) -> list[BenchRow]:
    """Time of an export of EXPORTED runs, and its memory compared to that of a tenth of them."""
    few, many = (_exported(min(count, runs) / runs) for count in (EXPORTED // 10, EXPORTED))
    milliseconds = p95([timed(lambda: _read(browser, many)) for _ in range(max(2, times // 10))])
    small, large = (_peak(browser, path) for path in (few, many))
    ratio, goal = large / small, f"at most {MOST_GROWTH}"
    return [
        BenchRow(f"export of {min(EXPORTED, runs):,} runs, p95", round(milliseconds / 1000, 2), "s"),
        BenchRow(
            "memory of the export, ten times the rows over once", round(ratio, 2), "x", goal, ratio <= MOST_GROWTH
        ),
    ]


def _exported(share: float) -> str:
    since = timezone.now() - timedelta(days=DAYS) * share
    query = {"from": since.isoformat(timespec="minutes")}
    return f"{reverse('runs-export', args=['jsonl'])}?{urlencode(query)}"


def _read(browser: Client, path: str) -> int:
    """Reads the whole response without storing it. Returns its length in bytes."""
    response = browser.get(path)
    if response.status_code != 200:
        raise RuntimeError(f"{path} answered {response.status_code}.")
    return sum(len(part) for part in response)


def _peak(browser: Client, path: str) -> int:
    tracemalloc.start()
    try:
        _read(browser, path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _size() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])
