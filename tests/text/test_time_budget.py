"""The time budget for reading a text: it is enforced, shared by nested readers, and never applies to masking."""

from collections.abc import Callable
from itertools import count

import pytest

from diagnostics.text import time_budget
from diagnostics.text.time_budget import TimeBudgetExceeded


def ticking() -> Callable[[], float]:
    """A clock that goes on by one second each time it is read."""
    seconds = count()
    return lambda: float(next(seconds))


def test_a_check_outside_a_budget_does_nothing() -> None:
    time_budget.check()


def test_a_budget_that_is_used_up_raises_on_every_later_check() -> None:
    with time_budget.limited(2, ticking()) as budget:
        time_budget.check()
        time_budget.check()
        for _ in range(2):
            with pytest.raises(TimeBudgetExceeded):
                time_budget.check()
    assert (budget.checks, budget.exceeded) == (4, True)


def test_an_inner_budget_is_the_outer_one() -> None:
    with time_budget.limited(1, ticking()) as outer, time_budget.limited(1_000) as inner:
        assert inner is outer


def test_masking_is_never_cut_short() -> None:
    with time_budget.limited(0, ticking()):
        with time_budget.unlimited():
            time_budget.check()
        with pytest.raises(TimeBudgetExceeded):
            time_budget.check()


def test_an_extended_budget_goes_on_for_that_long() -> None:
    with time_budget.limited(0, ticking()) as budget:
        with pytest.raises(TimeBudgetExceeded):
            time_budget.check()
        budget.extend(2)
        time_budget.check()
        time_budget.check()
        with pytest.raises(TimeBudgetExceeded):
            time_budget.check()
