"""Failure counts for rows that jobs process. After three consecutive failures a row is set aside until an admin retries it.

Periodic jobs use `process_rows` or `process_batch`, and tasks for a single row use `attempt`, so that one bad row stops
neither the other rows nor the job.
"""

import logging
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
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
# SQLSTATE classes (PostgreSQL documentation, appendix A). ENVIRONMENT_STATES (connection, resources, operator intervention,
# system error) aren't the row's fault. BUSY_STATES mean that the row is locked: the next tick tries again.
ENVIRONMENT_STATES = ("08", "53", "57", "58")
BUSY_STATES = ("40", "55")
QUERY_CANCELED = "57014"  # our own statement_timeout

# Monotonic time at which the current part of the tick ends; no row is started after it.
ends_at: ContextVar[float] = ContextVar("ends_at", default=float("inf"))


def process_rows(
    kind: str,
    pks: Iterable[int],
    work: Callable[[int], Result | None],
    give_up: Callable[[int], object] | None = None,
) -> list[Result]:
    """Call `work` for each row in its own transaction and return the results that aren't None.

    A failing row is counted and skipped. After three consecutive failures it is set aside, and `give_up` finishes or flags
    it with a statement that doesn't depend on the row's values.
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


def process_batch(
    kind: str,
    pks: Iterable[int],
    work: Callable[[list[int]], Result],
    give_up: Callable[[int], object] | None = None,
) -> list[Result]:
    """Process all rows in one transaction, which is fast. If that fails, process them one by one to find the bad row."""
    wanted = list(pks)
    failing = _failing(kind, wanted)
    wanted = [pk for pk in wanted if not failing.get(pk, False)]
    if not wanted:
        return []
    try:
        with _row_transaction():
            return [work(wanted)]
    except Exception as error:
        if is_environment(error):
            raise
        log.warning(
            "%s: %s rows failed together (%s), trying them one by one", kind, len(wanted), error_location(error)
        )
    return process_rows(kind, wanted, lambda pk: work([pk]), give_up)


def attempt(
    kind: str,
    pk: int,
    work: Callable[[], Result],
    give_up: Callable[[int], object] | None = None,
    *,
    most: int = MOST_ATTEMPTS,
    again: Callable[[int], object] | None = None,
) -> Result | None:
    """Process one row for a task and return the result. On failure, count it and return None.

    `again` prepares the row for its next attempt. Pass most=1 if nothing retries it. Database outages are raised, because
    they aren't the row's fault.
    """
    try:
        result = work()
    except Exception as error:
        if is_environment(error):
            raise
        if not count_failure(kind, pk, error, give_up, most=most) and again is not None:
            _quietly(again, pk)
        return None
    if result is not False:  # False: there was nothing to do, which doesn't prove that the row works
        RowFailure.objects.filter(kind=kind, row_id=pk, set_aside_at=None).delete()
    return result


def without_set_aside(rows: QuerySet[Any], kind: str) -> QuerySet[Any]:
    """Exclude rows that were set aside, so that they don't fill up a batch."""
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
    """Count a failure and return whether the row is now set aside. Logs the location, never the error's message."""
    now = timezone.now()
    values = {"error": type(error).__name__[:80], "sentence": sentence_of(error), "last_failed_at": now}
    with transaction.atomic():
        failure, _ = RowFailure.objects.get_or_create(kind=kind, row_id=pk, defaults={**values, "first_failed_at": now})
        RowFailure.objects.filter(pk=failure.pk).update(attempts=F("attempts") + 1, **values)
        failure.refresh_from_db(fields=["attempts", "set_aside_at"])
    log.error("%s %s failed, attempt %s of %s: %s", kind, pk, failure.attempts, most, error_location(error))
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
    """Return whether the database was unreachable, full or shut down, so that every row would fail."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    state = _sqlstate(error)
    return state != QUERY_CANCELED and (not state or state.startswith(ENVIRONMENT_STATES))


def is_busy(error: BaseException) -> bool:
    return isinstance(error, DatabaseError) and (_sqlstate(error) or "").startswith(BUSY_STATES)


def sentence_of(error: BaseException) -> str:
    """Describe an error for the system page. Its own message may quote the row, so it is never stored."""
    if isinstance(error, TimeLimitReached) or _sqlstate(error) == QUERY_CANCELED:
        return "It took too long."
    if isinstance(error, DatabaseError):
        return "The database refused to read or store a value of this row."
    if isinstance(error, KeyError | TypeError | ValueError | AttributeError | LookupError):
        return "A value in this row isn't in the form that this version expects."
    return "An unexpected error. The log has the place in the code."


def error_location(error: BaseException) -> str:
    """Return the error's class and its stack frames in our code, innermost first, without its message."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    stack = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    cause = f" from {type(error.__cause__).__name__}" if error.__cause__ is not None else ""
    return f"{type(error).__name__}{cause} at {stack or 'an unknown place'}"[:1000]


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
    except TimeLimitReached as reached:  # the limit covers all rows; this one may be the slow one
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
    return _limited() if connection.vendor == "postgresql" else nullcontext()


@contextmanager
def _limited() -> Iterator[None]:
    """A transaction with the timeouts of ROW_LIMITS."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:  # SET LOCAL lasts to the end of the whole transaction
            with connection.cursor() as cursor:
                pairs = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in ROW_LIMITS.items())
                cursor.execute(f"SELECT {pairs}")
        yield


def _failing(kind: str, pks: list[int]) -> dict[int, bool]:
    """Map each row that failed last time to whether it is set aside."""
    if not pks:
        return {}
    found = RowFailure.objects.filter(kind=kind, row_id__in=pks).values_list("row_id", "set_aside_at")
    return {pk: at is not None for pk, at in found}


def _quietly(work: Callable[[int], object], pk: int) -> None:
    """Log an error from `work` instead of raising it, so that the row is still set aside."""
    try:
        with transaction.atomic():
            work(pk)
    except Exception as error:
        log.error("row %s could not be closed either: %s", pk, error_location(error))


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
