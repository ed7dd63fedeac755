"""Processor time to read texts with many calls, group the failing ones and judge each group by its call."""

import time

from diagnostics.engine.batch_review import review_batch
from diagnostics.evaluation.bench.many_calls import texts_with_many_calls
from diagnostics.evaluation.bench.parsing import MOST_SECONDS
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow
from diagnostics.evaluation.bench.slow_texts import slow_texts
from diagnostics.genesys.contract import Contract, bundled
from diagnostics.genesys.regions import Region

SLOW_SIZE = 1_000_000  # characters


def batch(options: BenchOptions) -> list[BenchRow]:
    """The three texts, the worst of `times` each, and with `is_whole` also the texts that are made to be slow."""
    review_batch("POST /api/v2/conversations/x/cobrowse -> 404", _contract)  # loads the API reference
    rows = []
    for name, text in texts_with_many_calls().items():
        rows.append(_row(name, max(_seconds(text) for _ in range(options.times))))
        rows.append(BenchRow(f"{name}: groups", len(review_batch(text, _contract).groups), ""))
    if options.is_whole:
        worst = max((_seconds(text), name) for name, text in slow_texts(SLOW_SIZE).items())
        rows.append(_row(f"text made to be slow, the worst: {worst[1]}", worst[0]))
    return rows


def _row(name: str, seconds: float) -> BenchRow:
    goal = f"under {MOST_SECONDS:.0f} s of a thread"
    return BenchRow(name, round(seconds, 3), "s", goal, seconds < MOST_SECONDS)


def _seconds(text: str) -> float:
    started = time.thread_time()
    review_batch(text, _contract)
    return time.thread_time() - started


def _contract(region: Region | None) -> Contract:
    return bundled()
