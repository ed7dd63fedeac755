"""Keyset pages of runs: forwards and backwards from any run, in any order, without counting."""

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
COUNTED = 1_000  # runs of a list that are counted at most
LAST = "last"
POSITION = re.compile(r"(after|before)~(-?[0-9.e+-]{1,30})~([0-9]{1,18})")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = 7_258_118_400_000_000  # microseconds, the year 2200


@dataclass(frozen=True)
class Order:
    """A sort order: by `key`, then by ID. `write` and `read` convert a run's key to text for a URL and back."""

    key: str
    descends: bool
    write: Callable[[Run], str]
    read: Callable[[str], Any]

    def sorted(self, runs: QuerySet[Run], *, reverse: bool) -> QuerySet[Run]:
        sign = "-" if self.descends != reverse else ""
        return runs.order_by(f"{sign}{self.key}", f"{sign}id")

    def beyond(self, key: Any, pk: int, *, reverse: bool) -> Q:
        """Runs after this one, or before it. The first half alone bounds the index scan."""
        comparison = "lt" if self.descends != reverse else "gt"
        return Q(**{f"{self.key}__{comparison}e": key}) & (
            Q(**{f"{self.key}__{comparison}": key}) | Q(**{f"id__{comparison}": pk})
        )


@dataclass(frozen=True)
class PagePosition:
    """Where a page is in its list: at the start, at the end, after a run or before one."""

    reverse: bool = False
    key: Any = None
    pk: int | None = None

    @property
    def is_start(self) -> bool:
        return not self.reverse and self.pk is None


@dataclass(frozen=True)
class RunPage:
    """One page of runs. `earlier` and `later` are the positions of the adjacent pages, "" if there is none."""

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
    """None if the text is no position in a list of this order; "" is the start."""
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
    filters: RunFilter, position: PagePosition | None = None, size: int | None = None, *, more: str = ""
) -> RunPage:
    """The runs of one page. `more` names a column that list rows omit but this page needs."""
    size, position = size or PAGE_SIZE, position or PagePosition()
    order = ORDERS[filters.sort]
    runs = filters.apply(in_order(runs_for_lists(keep=more), filters.sort, reverse=position.reverse))
    if position.pk is not None:
        runs = runs.filter(order.beyond(position.key, position.pk, reverse=position.reverse))
    found = list(runs[: size + 1])
    has_more = len(found) > size
    if position.reverse and position.pk is not None and not has_more:  # fewer than a page before this run
        return run_page(filters, None, size, more=more)
    found = found[:size]
    if position.reverse:
        found.reverse()
    if not found:
        return RunPage([])
    before, after = (
        f"{word}~{order.write(run)}~{run.pk}" for word, run in (("before", found[0]), ("after", found[-1]))
    )
    has_earlier = has_more if position.reverse else not position.is_start
    has_later = position.pk is not None if position.reverse else has_more
    return RunPage(found, before if has_earlier else "", after if has_later else "")


def count_runs(filters: RunFilter) -> str:
    """How many runs match, for example "57" or "1,000+"; "" if counting would read every run.

    The limit, and the order that has an index, keep it cheap.
    """
    if filters.get("part"):
        return ""
    count = filters.apply(in_order(Run.objects.only("pk"), "newest"))[: COUNTED + 1].count()
    return f"{COUNTED:,}+" if count > COUNTED else f"{count:,}"


def in_order(runs: QuerySet[Run], sort: str, *, reverse: bool = False) -> QuerySet[Run]:
    """Runs in the order of the list, or reversed."""
    if sort == "slowest":
        runs = runs.annotate(slow=Coalesce(F("duration_ms"), NO_DURATION, output_field=FloatField()))
    return ORDERS[sort].sorted(runs, reverse=reverse)
