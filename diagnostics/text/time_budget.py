"""A time budget for reading one pasted text, checked by every loop that runs per line, candidate or claim.

A budget is cooperative: code that may run long calls `check()`, which raises TimeBudgetExceeded once the budget is used
up. The top level (`calls.parse`, `claims.checker`) turns that into a partial result. Outside a budget `check()` does
nothing. One call of a regular expression can't be interrupted, so each must be linear in its input.

Masking checks the budget too. Where it isn't finished in time only the beginning of a text is masked and kept, which runs
outside the budget (`unlimited()`): text that wasn't masked is never stored or shown.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")

SECONDS = 0.8  # of the thread's own processor time, so a busy machine doesn't cut a result short
GRACE_SECONDS = 0.3  # for reading the beginning once the budget is used up
PARTIAL = (
    "This text took too long to read. Here is what was understood in the first second; "
    "paste only the failing call to get the rest."
)


# Where a text may be cut without leaving half of a secret, which no rule would recognize.
CUT = re.compile(r"[\s,;&\"'`<>{}]")
LONGEST_WORD = 4_000


class TimeBudgetExceeded(Exception):
    """The time for reading is used up."""


class TimeBudget:
    """`checks` counts how often the budget was asked; `exceeded` is true once it ran out. `clock` gives seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._deadline = clock() + seconds
        self.checks = 0
        self.exceeded = False

    def check(self) -> None:
        """Raises TimeBudgetExceeded once the time is used up, and on every later call."""
        self.checks += 1
        if self._clock() > self._deadline:
            self.exceeded = True
            raise TimeBudgetExceeded

    def extend(self, seconds: float) -> None:
        """Gives a budget that ran out some time to finish with what was found."""
        self._deadline = max(self._deadline, self._clock() + seconds)


_current: ContextVar[TimeBudget | None] = ContextVar("time_budget", default=None)


def check() -> None:
    """Call this in every loop over a text. Raises TimeBudgetExceeded where the budget in force is used up."""
    budget = _current.get()
    if budget is not None:
        budget.check()


def checked(items: Iterable[Item]) -> Iterator[Item]:
    """The items, with a check before the first, between them and after the last: for matches of a pattern, and lines."""
    check()
    for item in items:
        yield item
        check()


@contextmanager
def limited(seconds: float = SECONDS, clock: Callable[[], float] = time.thread_time) -> Iterator[TimeBudget]:
    """Reads within a budget. Inside another budget that one stays in force, so one budget can cover several texts."""
    current = _current.get()
    if current is not None:
        yield current
        return
    with _set(budget := TimeBudget(seconds, clock)):
        yield budget


@contextmanager
def unlimited() -> Iterator[None]:
    """For masking the beginning of a text, which has to finish."""
    with _set(None):
        yield


@contextmanager
def _set(budget: TimeBudget | None) -> Iterator[None]:
    token = _current.set(budget)
    try:
        yield
    finally:
        _current.reset(token)


def beginning(text: str, size: int) -> str:
    """At most the first `size` characters, without the word that the cut would go through."""
    if len(text) <= size:
        return text
    for place in range(size - 1, max(0, size - LONGEST_WORD), -1):
        if CUT.match(text, place):
            return text[:place]
    return text[: size - LONGEST_WORD]
