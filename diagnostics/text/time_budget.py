"""A time budget for parsing one pasted text, checked by every loop that runs per line, candidate or claim.

The budget is cooperative: long-running code calls `check()`, which raises TimeBudgetExceeded once the time is used up.
The top level (`calls.parse`, `claims.checker`) turns that into a partial result. Without a budget `check()` does
nothing. A single regular expression match can't be interrupted, so every pattern must be linear in its input.

Masking checks the budget too. If it doesn't finish in time, only the beginning of the text is masked and kept; that runs
outside the budget (`unlimited()`), because unmasked text must never be stored or shown.
"""

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")

SECONDS = 0.8  # of the thread's CPU time, so a busy machine doesn't cut a result short
GRACE_SECONDS = 0.3  # for parsing the beginning once the budget is used up
PARTIAL = (
    "This text took too long to read. Here is what was understood in the first second; "
    "paste only the failing call to get the rest."
)

# Characters at which a text may be cut: a cut inside a word could leave half of a secret, which no rule would recognize.
CUT = re.compile(r"[\s,;&\"'`<>{}]")
LONGEST_WORD = 4_000


class TimeBudgetExceeded(Exception):
    """The budget is used up."""


class TimeBudget:
    """A deadline. `checks` counts the calls of `check()`; `exceeded` is true once the time ran out.

    `clock` returns seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._deadline = clock() + seconds
        # CPU time never passes faster than real time, and reading it takes a system call.
        self._earliest = time.monotonic() + seconds if clock is time.thread_time else -math.inf
        self.checks = 0
        self.exceeded = False

    def check(self) -> None:
        """Raise TimeBudgetExceeded once the time is used up, and on every later call."""
        self.checks += 1
        if (now := time.monotonic()) < self._earliest:
            return
        remaining = self._deadline - self._clock()
        if remaining < 0:
            self.exceeded = True
            raise TimeBudgetExceeded
        if self._earliest > 0:
            self._earliest = now + remaining

    def extend(self, seconds: float) -> None:
        """Move the deadline to at least `seconds` from now, to finish with the results so far."""
        self._deadline = max(self._deadline, self._clock() + seconds)


_current: ContextVar[TimeBudget | None] = ContextVar("time_budget", default=None)


def check() -> None:
    """Call this in every loop over a text. Raises TimeBudgetExceeded if the current budget is used up."""
    budget = _current.get()
    if budget is not None:
        budget.check()


def checked(items: Iterable[Item]) -> Iterator[Item]:
    """Iterate over matches or lines and check the budget before the first, between them and after the last."""
    budget = _current.get()
    return iter(items) if budget is None else _checked(items, budget)


def _checked(items: Iterable[Item], budget: TimeBudget) -> Iterator[Item]:
    budget.check()
    for item in items:
        yield item
        budget.check()


@contextmanager
def limited(seconds: float = SECONDS, clock: Callable[[], float] = time.thread_time) -> Iterator[TimeBudget]:
    """Set a budget. Within another budget the outer one stays in force, so one budget can cover several texts."""
    current = _current.get()
    if current is not None:
        yield current
        return
    with _set(budget := TimeBudget(seconds, clock)):
        yield budget


@contextmanager
def unlimited() -> Iterator[None]:
    """Suspend the budget, to mask the beginning of a text, which must finish."""
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
    """At most the first `size` characters, cut before the word that would be split."""
    if len(text) <= size:
        return text
    for position in range(size - 1, max(0, size - LONGEST_WORD), -1):
        if CUT.match(text, position):
            return text[:position]
    return text[: size - LONGEST_WORD]
