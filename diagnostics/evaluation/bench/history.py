"""A long history: how long its pages take on the server, how often they ask, and whether an export stays small."""

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
from diagnostics.evaluation.bench.pages import Paced, name_static_files, p95, pace, timed, visitor
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow

USUAL = 100_000  # the size that the promises speak of
PAGE_MS, COMPARISON_MS = 100, 200
EXPORTED = 10_000
QUERIES, MOST_QUERIES = "queries of a page, most", 15
MOST_GROWTH = 1.5  # of memory, from a tenth of an export to the whole
MIB = 1024 * 1024


def history(options: BenchOptions) -> list[BenchRow]:
    """At a hundred thousand runs, and again at as many as were asked for where these are more, with the growth."""
    name_static_files()
    usual = _measure(min(USUAL, options.runs), options.times)
    if options.runs <= USUAL:
        return usual
    large = _measure(options.runs, options.times)
    before = {row.name: row.value for row in usual if row.unit == "ms"}
    growth = [
        BenchRow(f"growth: {row.name}", round(row.value / before[row.name], 2), "x")
        for row in large
        if row.name in before
    ]
    return [*_sized(usual, USUAL), *_sized(large, options.runs), *growth]


def _sized(rows: list[BenchRow], runs: int) -> list[BenchRow]:
    return [BenchRow(f"{runs:,}: {row.name}", row.value, row.unit, row.goal, row.holds) for row in rows]


def _measure(runs: int, times: int) -> list[BenchRow]:
    with own_database("history"):
        started = time.perf_counter()
        made = fill(runs)
        filled = time.perf_counter() - started
        settle()
        browser = visitor()
        paced = [pace(browser, name, list(places), times) for name, places in _pages(made)]
        most = max(max(each.queries) for each in paced)
        return [
            BenchRow(f"filling {runs:,} runs with {FINDINGS} findings each", round(filled, 1), "s"),
            BenchRow("size of the database", round(_size() / MIB), "MiB"),
            *(_row(each) for each in paced),
            BenchRow(QUERIES, most, "", f"at most {MOST_QUERIES}, at any size", most <= MOST_QUERIES),
            *_export(browser, runs, times),
        ]


def _row(paced: Paced) -> BenchRow:
    goal = COMPARISON_MS if paced.name == "comparison" else PAGE_MS
    return BenchRow(f"{paced.name}, p95", round(paced.p95_ms, 1), "ms", f"under {goal} ms", paced.p95_ms < goal)


def _pages(made: FilledHistory) -> Iterator[tuple[str, list[str]]]:
    """Name and addresses of each page that is measured."""
    for name, query in LISTS.items():
        yield f"list: {name}", [_list(**query)]
    long_ago = {"from": _day(330), "to": _day(300)}
    yield "list: a month long ago", [_list(**long_ago)]
    yield "list: last page of a month long ago", [_list(page="last", **long_ago)]
    numbers = [made.last - step * (made.last - made.first) // 23 for step in range(20)]
    yield "run page", [reverse("run", args=[pk]) for pk in numbers]
    yield "comparison", [f"{reverse('comparison')}?a={pk}&b={pk + 1}" for pk in numbers[1:]]
    yield "history of a run", [reverse("run-history", args=[pk]) for pk in numbers]
    yield "matrix", [reverse("run-matrix"), f"{reverse('run-matrix')}?cause=wrong"]
    yield "chart of 30 days", [reverse("run-causes")]


LISTS: dict[str, dict[str, str]] = {
    "all": {},
    "a client": {"client": "3"},
    "a client, 30 days": {"client": "3", "when": "30d"},
    "a cause": {"cause": "conv.ended"},
    "a cause of long ago": {"cause": LONG_PAST},
    "anything wrong, 7 days": {"cause": "wrong", "when": "7d"},
    "an org": {"org": "org-7"},
    "a tier and a kind": {"tier": "sandbox", "kind": "diagnosis"},
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
    """As many rows as are promised, and a tenth of them: time for the whole, memory for both."""
    few, many = (_exported(min(count, runs) / runs) for count in (EXPORTED // 10, EXPORTED))
    took = p95([timed(lambda: _read(browser, many)) for _ in range(max(2, times // 10))])
    small, large = (_peak(browser, place) for place in (few, many))
    return [
        BenchRow(f"export of {min(EXPORTED, runs):,} runs, p95", round(took / 1000, 2), "s"),
        BenchRow(
            "memory of the export, ten times the rows over once",
            round(large / small, 2),
            "x",
            f"at most {MOST_GROWTH}",
            large / small <= MOST_GROWTH,
        ),
    ]


def _exported(share: float) -> str:
    since = timezone.now() - timedelta(days=DAYS) * share
    query = {"from": since.isoformat(timespec="minutes")}
    return f"{reverse('runs-export', args=['jsonl'])}?{urlencode(query)}"


def _read(browser: Client, place: str) -> int:
    """How many bytes came; none of them is kept."""
    answer = browser.get(place)
    if answer.status_code != 200:
        raise RuntimeError(f"{place} answered {answer.status_code}.")
    return sum(len(part) for part in answer)


def _peak(browser: Client, place: str) -> int:
    tracemalloc.start()
    try:
        _read(browser, place)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _size() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])
