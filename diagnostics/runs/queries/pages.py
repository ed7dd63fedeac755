"""Pages of runs by key: forwards and back from any run, in any order, without counting and without end."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, FloatField, Q, QuerySet
from django.db.models.functions import Coalesce

from diagnostics.runs.filters import RunFilter
from diagnostics.runs.models import NO_DURATION, Run
from diagnostics.runs.queries.runs import runs_for_lists

PAGE_SIZE = 40
LAST = "last"
POSITION = re.compile(r"(after|before)~(-?[0-9.e+-]{1,30})~([0-9]{1,18})")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = 7_258_118_400_000_000  # microseconds, the year 2200


@dataclass(frozen=True)
class Order:
    """How a list is sorted: by `key`, then by id. The key of a run can be written into an address and read again."""

    key: str
    descends: bool
    write: Callable[[Run], str]
    read: Callable[[str], Any]

    def sorted(self, runs: QuerySet[Run], *, reverse: bool) -> QuerySet[Run]:
        sign = "-" if self.descends != reverse else ""
        return runs.order_by(f"{sign}{self.key}", f"{sign}id")

    def beyond(self, key: Any, pk: int, *, reverse: bool) -> Q:
        """What stands after this run, or before it. The first half alone bounds the index."""
        than = "lt" if self.descends != reverse else "gt"
        return Q(**{f"{self.key}__{than}e": key}) & (Q(**{f"{self.key}__{than}": key}) | Q(**{f"id__{than}": pk}))


@dataclass(frozen=True)
class PagePosition:
    """Where a page lies in its list: from the start, from the end, after a run or before one."""

    reverse: bool = False
    key: Any = None
    pk: int | None = None

    @property
    def is_start(self) -> bool:
        return not self.reverse and self.pk is None


@dataclass(frozen=True)
class RunPage:
    """One page of runs. `earlier` and `later` are places of the pages beside it in the order chosen, "" where none is."""

    runs: list[Run]
    earlier: str = ""
    later: str = ""


def _microseconds(run: Run) -> str:
    return str((run.created_at - EPOCH) // timedelta(microseconds=1))


def _moment(text: str) -> datetime:
    number = int(text)
    if not 0 <= number < LATEST:
        raise ValueError("no moment of ours")
    return EPOCH + timedelta(microseconds=number)


def _milliseconds(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("no duration")
    return number


def _duration(run: Run) -> str:
    return repr(float(NO_DURATION.value if run.duration_ms is None else run.duration_ms))


ORDERS = {
    "newest": Order("created_at", True, _microseconds, _moment),
    "oldest": Order("created_at", False, _microseconds, _moment),
    "slowest": Order("slow", True, _duration, _milliseconds),
}


def read_position(text: str, sort: str) -> PagePosition | None:
    """None where the text is no place in a list of this order; "" is its start."""
    if text in ("", LAST):
        return PagePosition(reverse=text == LAST)
    found = POSITION.fullmatch(text)
    if found is None:
        return None
    try:
        return PagePosition(found[1] == "before", ORDERS[sort].read(found[2]), int(found[3]))
    except (ValueError, OverflowError):
        return None


def run_page(
    narrowed: RunFilter, place: PagePosition | None = None, size: int | None = None, *, more: str = ""
) -> RunPage:
    """The runs of one page; `more` names a column that rows of lists leave out and this page needs."""
    size, place = size or PAGE_SIZE, place or PagePosition()
    order = ORDERS[narrowed.sort]
    runs = narrowed.apply(in_order(runs_for_lists(keep=more), narrowed.sort, reverse=place.reverse))
    if place.pk is not None:
        runs = runs.filter(order.beyond(place.key, place.pk, reverse=place.reverse))
    found = list(runs[: size + 1])
    goes_on = len(found) > size
    if place.reverse and place.pk is not None and not goes_on:  # the first page, whole
        return run_page(narrowed, None, size, more=more)
    found = found[:size]
    if place.reverse:
        found.reverse()
    if not found:
        return RunPage([])
    before, after = (
        f"{word}~{order.write(run)}~{run.pk}" for word, run in (("before", found[0]), ("after", found[-1]))
    )
    has_earlier = goes_on if place.reverse else not place.is_start
    has_later = place.pk is not None if place.reverse else goes_on
    return RunPage(found, before if has_earlier else "", after if has_later else "")


def in_order(runs: QuerySet[Run], sort: str, *, reverse: bool = False) -> QuerySet[Run]:
    """Runs sorted as a list of this order shows them, or the other way round."""
    if sort == "slowest":
        runs = runs.annotate(slow=Coalesce(F("duration_ms"), NO_DURATION, output_field=FloatField()))
    return ORDERS[sort].sorted(runs, reverse=reverse)
