"""Processor time to parse texts that are made to be slow, compared to the limit and to a plain pass over the text."""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from diagnostics.claims.checker import check_text
from diagnostics.evaluation.bench.pages import p95
from diagnostics.evaluation.bench.row import BenchOptions, BenchRow
from diagnostics.evaluation.bench.slow_texts import slow_texts
from diagnostics.genesys.contract import bundled
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.parse import PastedCall, parse_response
from diagnostics.text import time_budget

SIZE = 1_000_000  # characters
MOST_SECONDS = 2.0
SHOWN = 5
WORD = re.compile(r"\w+")


def parsing(options: BenchOptions) -> list[BenchRow]:
    """Runs the call parser (with masking), the response parser and the claim check over every slow text."""
    return measure(slow_texts(SIZE))


def measure(texts: Mapping[str, str]) -> list[BenchRow]:
    readers: dict[str, Callable[[str], object]] = {"call": _call, "response": _response, "claims": _claims}
    for read in readers.values():
        read("POST /api/v2/conversations/x/cobrowse")  # loads the API reference
    plain = p95([_seconds(_plain, text) for text in texts.values()])
    rows = [BenchRow("texts", len(texts), ""), BenchRow("plain pass over a text, p95", round(plain, 3), "s")]
    for reader, read in readers.items():
        times = sorted(((_seconds(read, text), name) for name, text in texts.items()), reverse=True)
        seconds = [duration for duration, _ in times]
        holds = seconds[0] < MOST_SECONDS
        rows += [
            BenchRow(f"{reader}: worst", round(seconds[0], 2), "s", f"under {MOST_SECONDS:.0f} s of a thread", holds),
            BenchRow(f"{reader}: p95", round(p95(seconds), 2), "s"),
            BenchRow(f"{reader}: p95 in plain passes", round(p95(seconds) / plain, 1), "times"),
            *(BenchRow(f"{reader}: {name}", round(duration, 2), "s") for duration, name in times[:SHOWN]),
        ]
    return rows


def _seconds(read: Callable[[str], object], text: str) -> float:
    started = time.thread_time()
    read(text)
    return time.thread_time() - started


def _call(text: str) -> None:
    with time_budget.limited():
        pasted = PastedCall(text)
        with suppress(Unreadable):
            pasted.parsed()
        pasted.shown()


def _response(text: str) -> None:
    with suppress(Unreadable):
        parse_response(text)


def _claims(text: str) -> None:
    check_text(text, bundled())


def _plain(text: str) -> None:
    """The least work of any reader: one pass over all words."""
    for _ in WORD.finditer(text):
        pass
