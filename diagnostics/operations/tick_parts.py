"""Runs the parts of the tick, each independently and within a time limit, and records the results."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

import psycopg
from django.conf import settings
from django.db import Error, connection

from diagnostics.jobs import row_failures
from diagnostics.jobs.time_limits import TimeLimitReached, time_limit
from diagnostics.operations.heartbeats import TICK, beat
from diagnostics.operations.models import TickPart
from diagnostics.storage.clock import DATABASE_NOW

ACTIVE = psycopg.pq.TransactionStatus.ACTIVE

log = logging.getLogger(__name__)

BUDGET_SECONDS = 5.0  # then a part begins no further row, and the next tick continues
LIMIT_SECONDS = 20.0  # then a part is interrupted, which counts as a failure

HANGS_AFTER_SECONDS = 10.0  # then it is stored that a part is running
URGENT_SECONDS = 2.0  # between two runs of the urgent parts

Parts = Mapping[str, Callable[[], object]]

UPSERT = """
INSERT INTO diagnostics_tickpart AS part (name, seconds, error, failures, failures_total, succeeded_at, failed_at)
SELECT name, seconds, error, (error <> '')::int, (error <> '')::int,
    CASE WHEN error = '' THEN clock_timestamp() END, CASE WHEN error <> '' THEN clock_timestamp() END
FROM unnest(%s::text[], %s::float8[], %s::text[]) AS ended (name, seconds, error)
ON CONFLICT (name) DO UPDATE SET
    started_at = NULL, seconds = EXCLUDED.seconds, error = EXCLUDED.error,
    failures = CASE WHEN EXCLUDED.error = '' THEN 0 ELSE part.failures + 1 END,
    failures_total = part.failures_total + EXCLUDED.failures_total,
    succeeded_at = COALESCE(EXCLUDED.succeeded_at, part.succeeded_at), failed_at = COALESCE(EXCLUDED.failed_at, part.failed_at)
"""


class EndedPart(NamedTuple):
    """`error` is the class of the error, of at most 80 characters; "" if there was none."""

    name: str
    seconds: float
    error: str


def run_parts(parts: Parts, urgent: Parts | None = None, rare: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Run all parts, even if some fail, and then write the heartbeat. Returns the names of those that failed.

    The urgent parts don't wait for the end of a slow tick: they run in between. A rare part is left out if it ran not long ago.
    """
    began = recorded_at = time.monotonic()
    failed: list[str] = []
    ended: list[EndedPart] = []
    not_due = _not_due(rare)
    for name, work in parts.items():
        if name in not_due:
            continue
        if time.monotonic() - recorded_at > URGENT_SECONDS:
            _record(ended)
            ended = []
            run_urgent(urgent or {})
            recorded_at = time.monotonic()
        with _shown_if_it_hangs(name):
            ended.append(run_part(name, work))
        failed += [name] if ended[-1].error else []
    _record(ended)
    try:
        beat(TICK, {"seconds": round(time.monotonic() - began, 3), "failed": failed})
    except Exception as error:
        log.error("the tick could not write its heartbeat: %s", row_failures.error_location(error))
        _reset_connection()
    return tuple(failed)


def run_between_ticks(urgent: Parts, parts: Parts) -> None:
    """Retry the parts that failed, then run what can't wait for the next tick."""
    retry_failed_parts(parts)
    run_urgent(urgent)


def run_urgent(urgent: Parts) -> None:
    """Only failures are recorded."""
    _record([each for name, work in urgent.items() if (each := run_part(name, work)).error])


def retry_failed_parts(parts: Parts) -> None:
    """Run the failing parts once more between ticks, so that a failure, and its end, is known sooner."""
    failing = set(TickPart.objects.filter(failures__gt=0).values_list("name", flat=True))
    _record([run_part(name, work) for name, work in parts.items() if name in failing])


def run_part(name: str, work: Callable[[], object]) -> EndedPart:
    """Raises nothing."""
    began, error = time.monotonic(), ""
    ends_at = row_failures.ends_at.set(began + BUDGET_SECONDS)
    try:
        with time_limit(LIMIT_SECONDS):
            work()
    except (Exception, TimeLimitReached) as failure:
        log.error("the tick's part %s failed: %s", name, row_failures.error_location(failure))
        _reset_connection()
        error = type(failure).__name__[:80]
    finally:
        row_failures.ends_at.reset(ends_at)
    return EndedPart(name, round(time.monotonic() - began, 3), error)


def _not_due(rare: frozenset[str]) -> set[str]:
    """Those of the rare parts that succeeded within RARE_PARTS_PAUSE_SECONDS. None if the database fails."""
    recently = DATABASE_NOW - timedelta(seconds=settings.RARE_PARTS_PAUSE_SECONDS)
    try:
        found = TickPart.objects.filter(name__in=rare, failures=0, succeeded_at__gt=recently)
        return set(found.values_list("name", flat=True))
    except Error as error:
        log.error("which of the tick's parts are due could not be read: %s", row_failures.error_location(error))
        _reset_connection()
        return set()


@contextmanager
def _shown_if_it_hangs(name: str) -> Iterator[None]:
    watch = threading.Timer(HANGS_AFTER_SECONDS, _record_start, [name])
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
        watch.join()


def _record_start(name: str) -> None:
    try:
        TickPart.objects.update_or_create(
            name=name, defaults={"started_at": DATABASE_NOW - timedelta(seconds=HANGS_AFTER_SECONDS)}
        )
    except Exception as error:
        log.error("that the tick's part %s hangs could not be stored: %s", name, row_failures.error_location(error))
    finally:
        connection.close()


def _record(ended: Sequence[EndedPart]) -> None:
    """One statement for all."""
    if not ended:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(UPSERT, [list(column) for column in zip(*ended, strict=True)])
    except Exception as failure:
        log.error("how the tick's parts went could not be stored: %s", row_failures.error_location(failure))
        _reset_connection()


def _reset_connection() -> None:
    """Close the connection in whatever state it is, so that the next part gets a working one."""
    if connection.in_atomic_block:  # the caller's transaction, as in a test: not ours to end
        return
    try:
        if connection.connection is not None and connection.connection.info.transaction_status == ACTIVE:
            connection.connection.cancel_safe(timeout=2)  # else the server continues the interrupted statement
        connection.close()
    except (Error, psycopg.Error) as error:
        log.warning("a broken database connection could not be closed: %s", type(error).__name__)
