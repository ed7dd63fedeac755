"""Texts made to be slow: reading them takes work in proportion to their length, and ends within its budget.

No test measures time. Every loop over a text checks the time budget, so the number of checks counts its work, and is the
same on every machine: a text of four times the length may take about four times as many, where a reader that starts over
at each candidate takes sixteen times as many. What one call of a regular expression does isn't counted here; `bench
parsing` measures that over the same texts.

For the budget the clock is a counter that goes on with every check: once a quarter of the checks that a text needs are
used up, reading has to end with the sentence that says so.
"""

import itertools
from collections.abc import Callable
from functools import cache

import pytest

from diagnostics.claims.checker import check_text
from diagnostics.evaluation.bench.slow_texts import slow_texts
from diagnostics.genesys.contract import bundled
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.parse import PastedCall, parse_response
from diagnostics.text import time_budget

SHORT = 800
FACTOR = 4
MOST = 6.0  # times the work for FACTOR times the text
FIXED = 300  # checks that any text takes
TEXTS, LONG_TEXTS = slow_texts(SHORT), slow_texts(FACTOR * SHORT)
NAMES = list(TEXTS)[::6]  # a sample that is fast; the bench reads all of them


def read_call(text: str) -> str:
    try:
        return " ".join(note.what for note in PastedCall(text).parsed().notes)
    except Unreadable as error:
        return str(error)


def show(text: str) -> str:
    return PastedCall(text).shown()


def read_answer(text: str) -> str:
    try:
        return " ".join(note.what for note in parse_response(text).notes)
    except Unreadable as problem:
        return str(problem)


def read_claims(text: str) -> str:
    return check_text(text, bundled()).partial


READERS: dict[str, Callable[[str], str]] = {"call": read_call, "answer": read_answer, "claims": read_claims}


@cache
def checks(read: Callable[[str], str], text: str) -> int:
    with time_budget.limited(1_000_000) as budget:
        read(text)
    return budget.checks


@pytest.mark.parametrize("name", NAMES)
def test_work_grows_with_the_text_and_not_faster(name: str) -> None:
    for reader, read in {**READERS, "show": show}.items():
        few, many = checks(read, TEXTS[name]), checks(read, LONG_TEXTS[name])
        assert many <= MOST * few + FIXED, f"{reader}: {few} -> {many}"


@pytest.mark.parametrize("name", NAMES)
def test_budget_that_runs_out_ends_in_the_sentence(name: str) -> None:
    for reader, read in READERS.items():
        needed = checks(read, TEXTS[name])
        ticks = itertools.count()
        with time_budget.limited(needed // 4, lambda ticks=ticks: float(next(ticks))) as short:  # type: ignore[misc]
            expected = read(TEXTS[name])
        assert short.exceeded or not needed, reader
        # The call that was taken can be complete when the time ends while the other calls are being named.
        is_other_call = reader == "call" and "calls in the text" in expected
        assert "took too long" in expected or is_other_call or not needed, f"{reader}: {expected}"
