"""Rows that a job could not process: counted, set aside after three failures in a row, and retried when an admin asks.

Every periodic job goes through `each_row` or `rows_together`, and every task that works on one row through `attempt`,
so that one bad row costs neither the other rows nor the job.
"""

import logging
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from diagnostics.jobs.models import RowFailure
from diagnostics.jobs.time_limits import TimeLimitReached

log = logging.getLogger(__name__)
Kind = RowFailure.Kind
Result = TypeVar("Result")

MOST_ATTEMPTS = 3
ROW_LIMITS = {"lock_timeout": "3s", "statement_timeout": "10s"}
# SQLSTATE classes (PostgreSQL documentation, appendix A). No row is to blame for the first ones: connection, resources,
# operator intervention, system error. The others mean that somebody else holds the row: the next tick tries again.
ENVIRONMENT = ("08", "53", "57", "58")
BUSY = ("40", "55")
QUERY_CANCELED = "57014"  # our own statement_timeout

# When the part of the tick that is under way should come to an end; no row is begun after that.
ends_at: ContextVar[float] = ContextVar("ends_at", default=float("inf"))


def each_row(
    kind: str,
    pks: Iterable[int],
    work: Callable[[int], Result | None],
    give_up: Callable[[int], object] | None = None,
) -> list[Result]:
    """Call `work` for each row in a transaction of its own; return what it returned, without None.

    A row that fails is counted and the next one comes. After three failures in a row it is set aside: `give_up` then
    brings it to an end, or flags it, by a statement that doesn't depend on what is in the row.
    """
    wanted = list(pks)
    failing = _failing(kind, wanted)
    results = []
    for pk in wanted:
        if time.monotonic() > ends_at.get():
            log.info("%s: the time for this part is over; the next tick continues", kind)
            break
        if failing.get(pk) is True:
            continue
        result = _try_row(kind, pk, work, give_up, is_failing=pk in failing)
        if result is not None:
            results.append(result)
    return results


def rows_together(
    kind: str,
    pks: Iterable[int],
    work: Callable[[list[int]], Result],
    give_up: Callable[[int], object] | None = None,
) -> list[Result]:
    """Process all rows in one transaction, which is quick; where that fails, one by one, to find the row at fault."""
    wanted = [pk for pk, is_aside in _with_state(kind, pks) if not is_aside]
    if not wanted:
        return []
    try:
        with _row_transaction():
            return [work(wanted)]
    except Exception as error:
        if is_environment(error):
            raise
        log.warning("%s: %s rows failed together (%s), trying them one by one", kind, len(wanted), where(error))
    return each_row(kind, wanted, lambda pk: work([pk]), give_up)


def attempt(
    kind: str,
    pk: int,
    work: Callable[[], Result],
    give_up: Callable[[int], object] | None = None,
    *,
    most: int = MOST_ATTEMPTS,
    again: Callable[[int], object] | None = None,
) -> Result | None:
    """For a task: work on one row, and count where it fails; None then.

    `again` makes the row ready for its next attempt. `most` is 1 where nothing tries again. A database that is away is
    raised: it is no fault of the row.
    """
    try:
        result = work()
    except Exception as error:
        if is_environment(error):
            raise
        if not count_failure(kind, pk, error, give_up, most=most) and again is not None:
            _quietly(again, pk)
        return None
    if result is not False:  # else there was nothing to do, which says nothing of the row
        RowFailure.objects.filter(kind=kind, row_id=pk, set_aside_at=None).delete()
    return result


def without_set_aside(rows: QuerySet[Any], kind: str) -> QuerySet[Any]:
    """Leave out what was set aside, so that it doesn't fill a batch either."""
    aside = RowFailure.objects.filter(kind=kind, set_aside_at__isnull=False)
    return rows.exclude(pk__in=aside.values("row_id"))


def count_failure(
    kind: str,
    pk: int,
    error: BaseException,
    give_up: Callable[[int], object] | None = None,
    *,
    most: int = MOST_ATTEMPTS,
) -> bool:
    """True when the row is set aside by this failure. Logs where it failed, never what the error says of the row."""
    now = timezone.now()
    told = {"error": type(error).__name__[:80], "sentence": sentence_of(error), "last_failed_at": now}
    with transaction.atomic():
        failure, _ = RowFailure.objects.get_or_create(kind=kind, row_id=pk, defaults={**told, "first_failed_at": now})
        RowFailure.objects.filter(pk=failure.pk).update(attempts=F("attempts") + 1, **told)
        failure.refresh_from_db(fields=["attempts", "set_aside_at"])
    log.error("%s %s failed, attempt %s of %s: %s", kind, pk, failure.attempts, most, where(error))
    if failure.attempts < most or failure.set_aside_at is not None:
        return failure.set_aside_at is not None
    if give_up is not None:
        _quietly(give_up, pk)
    RowFailure.objects.filter(pk=failure.pk).update(set_aside_at=now)
    log.error("%s %s is set aside after %s failures; the system page lists it", kind, pk, failure.attempts)
    return True


def forget_failure(kind: str, pk: int) -> bool:
    return bool(RowFailure.objects.filter(kind=kind, row_id=pk).delete()[0])


def is_environment(error: BaseException) -> bool:
    """Whether the database was away, full or shut down: then every row would fail, and none is to blame."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    state = _sqlstate(error)
    return state != QUERY_CANCELED and (not state or state.startswith(ENVIRONMENT))


def is_busy(error: BaseException) -> bool:
    return isinstance(error, DatabaseError) and (_sqlstate(error) or "").startswith(BUSY)


def sentence_of(error: BaseException) -> str:
    """What may be shown of an error. Its own text may quote the row, so it is never kept."""
    if isinstance(error, TimeLimitReached) or _sqlstate(error) == QUERY_CANCELED:
        return "It took too long."
    if isinstance(error, DatabaseError):
        return "The database refused to read or store a value of this row."
    if isinstance(error, KeyError | TypeError | ValueError | AttributeError | LookupError):
        return "A value in this row isn't in the form that this version expects."
    return "An unexpected error. The log has the place in the code."


def where(error: BaseException) -> str:
    """The error's class and the last lines of our code that it came through, without its text."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if "site-packages" not in each.filename]
    places = " < ".join(f"{each.filename.rpartition('/')[2]}:{each.lineno} {each.name}" for each in reversed(frames))
    cause = f" from {type(error.__cause__).__name__}" if error.__cause__ is not None else ""
    return f"{type(error).__name__}{cause} at {places or 'an unknown place'}"[:1000]


def _try_row(
    kind: str,
    pk: int,
    work: Callable[[int], Result | None],
    give_up: Callable[[int], object] | None,
    *,
    is_failing: bool,
) -> Result | None:
    try:
        with _row_transaction():
            result = work(pk)
    except TimeLimitReached as reached:  # of the whole part: this row may be what takes so long
        error = reached
        _quietly(lambda pk: count_failure(kind, pk, error, give_up), pk)
        raise
    except Exception as fault:
        if is_environment(fault):
            raise
        if is_busy(fault):
            log.info("%s %s is in use, the next tick tries again: %s", kind, pk, type(fault).__name__)
        else:
            count_failure(kind, pk, fault, give_up)
        return None
    if is_failing:
        forget_failure(kind, pk)
    return result


def _row_transaction() -> AbstractContextManager[object]:
    return _Limited() if connection.vendor == "postgresql" else nullcontext()


class _Limited:
    """A transaction in which no statement waits for long."""

    def __enter__(self) -> None:
        self._atomic = transaction.atomic()
        is_outermost = not connection.in_atomic_block
        self._atomic.__enter__()
        if is_outermost:  # SET LOCAL lasts to the end of the whole transaction
            with connection.cursor() as cursor:
                pairs = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in ROW_LIMITS.items())
                cursor.execute(f"SELECT {pairs}")

    def __exit__(self, *raised: Any) -> None:
        self._atomic.__exit__(*raised)


def _failing(kind: str, pks: list[int]) -> dict[int, bool]:
    """Rows that failed the last time; true for those that are set aside."""
    if not pks:
        return {}
    found = RowFailure.objects.filter(kind=kind, row_id__in=pks).values_list("row_id", "set_aside_at")
    return {pk: at is not None for pk, at in found}


def _with_state(kind: str, pks: Iterable[int]) -> list[tuple[int, bool]]:
    wanted = list(pks)
    failing = _failing(kind, wanted)
    return [(pk, failing.get(pk, False)) for pk in wanted]


def _quietly(work: Callable[[int], object], pk: int) -> None:
    """What ends a bad row may itself fail on it; the row is flagged all the same."""
    try:
        with transaction.atomic():
            work(pk)
    except Exception as error:
        log.error("row %s could not be brought to an end either: %s", pk, where(error))


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
