"""Runs the parts of the tick, each independently and within a time limit, and records the results."""

import logging
import time
from collections.abc import Callable, Mapping

import psycopg
from django.db import Error, connection
from django.db.models import F
from django.db.models.functions import Coalesce

from diagnostics.jobs import row_failures
from diagnostics.jobs.time_limits import TimeLimitReached, time_limit
from diagnostics.operations.heartbeats import TICK, beat
from diagnostics.operations.models import TickPart
from diagnostics.storage.clock import DATABASE_NOW

ACTIVE = psycopg.pq.TransactionStatus.ACTIVE

log = logging.getLogger(__name__)

BUDGET_SECONDS = 5.0  # then a part begins no further row, and the next tick continues
LIMIT_SECONDS = 20.0  # then a part is interrupted, which counts as a failure

Parts = Mapping[str, Callable[[], object]]


def run_parts(parts: Parts) -> tuple[str, ...]:
    """Run all parts, even if some fail, and then write the heartbeat. Returns the names of those that failed."""
    began = time.monotonic()
    failed = tuple(name for name, work in parts.items() if not run_part(name, work))
    try:
        beat(TICK, {"seconds": round(time.monotonic() - began, 3), "failed": list(failed)})
    except Exception as error:
        log.error("the tick could not write its heartbeat: %s", row_failures.error_location(error))
        _reset_connection()
    return failed


def run_between_ticks(urgent: Parts, parts: Parts) -> None:
    """Retry the parts that failed, then run what can't wait for the next tick."""
    retry_failed_parts(parts)
    for name, work in urgent.items():
        run_part(name, work, between_ticks=True)


def retry_failed_parts(parts: Parts) -> tuple[str, ...]:
    """Run the failing parts once more between ticks, so that a failure, and its end, is known sooner."""
    failing = set(TickPart.objects.filter(failures__gt=0).values_list("name", flat=True))
    return tuple(name for name, work in parts.items() if name in failing and not run_part(name, work))


def run_part(name: str, work: Callable[[], object], *, between_ticks: bool = False) -> bool:
    """False if the part failed; raises nothing. With `between_ticks` only failures are recorded."""
    began = time.monotonic()
    ends_at = row_failures.ends_at.set(began + BUDGET_SECONDS)
    try:
        with time_limit(LIMIT_SECONDS):
            if not between_ticks:
                _begin(name)
            work()
    except (Exception, TimeLimitReached) as error:
        log.error("the tick's part %s failed: %s", name, row_failures.error_location(error))
        _reset_connection()
        _record(name, time.monotonic() - began, type(error).__name__)
        return False
    finally:
        row_failures.ends_at.reset(ends_at)
    if not between_ticks:
        _record(name, time.monotonic() - began)
    return True


def _begin(name: str) -> None:
    """Keeps the start of a run that hasn't ended, so that a hanging part shows even if later ticks start it again."""
    if not TickPart.objects.filter(name=name).update(started_at=Coalesce("started_at", DATABASE_NOW)):
        TickPart.objects.get_or_create(name=name, defaults={"started_at": DATABASE_NOW})


def _record(name: str, seconds: float, error: str = "") -> None:
    ended = {"started_at": None, "seconds": round(seconds, 3)}
    try:
        if error:
            TickPart.objects.get_or_create(name=name)
            TickPart.objects.filter(name=name).update(
                failures=F("failures") + 1,
                failures_total=F("failures_total") + 1,
                error=error[:80],
                failed_at=DATABASE_NOW,
                **ended,
            )
        else:
            TickPart.objects.filter(name=name).update(failures=0, error="", succeeded_at=DATABASE_NOW, **ended)
    except Exception as failure:
        log.error("how the tick's part %s went could not be stored: %s", name, row_failures.error_location(failure))
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
