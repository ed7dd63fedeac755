"""The parts of the tick: each runs on its own, within a time limit, and keeps a record of how it went."""

import logging
import time
from collections.abc import Callable, Mapping

import psycopg
from django.db import Error, connection
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from diagnostics.jobs import row_failures
from diagnostics.jobs.time_limits import TimeLimitReached, time_limit
from diagnostics.operations.heartbeats import TICK, beat
from diagnostics.operations.models import TickPart

ACTIVE = psycopg.pq.TransactionStatus.ACTIVE

log = logging.getLogger(__name__)

BUDGET_SECONDS = 5.0  # after that a part begins no further row, and the next tick continues
LIMIT_SECONDS = 20.0  # after that a part is cut off, which counts as a failure

Parts = Mapping[str, Callable[[], object]]


def run_parts(parts: Parts) -> tuple[str, ...]:
    """Run all parts, each whatever happens to the others, and then write the heartbeat. Returns those that failed."""
    began = time.monotonic()
    failed = tuple(name for name, work in parts.items() if not run_part(name, work))
    try:
        beat(TICK, {"seconds": round(time.monotonic() - began, 3), "failed": list(failed)})
    except Exception as error:
        log.error("the tick could not write its heartbeat: %s", row_failures.where(error))
        _reset_connection()
    return failed


def retry_failed_parts(parts: Parts) -> tuple[str, ...]:
    """Run the parts whose last run failed once more, so that a fault is known, and over, sooner than by the tick alone."""
    failing = set(TickPart.objects.filter(failures__gt=0).values_list("name", flat=True))
    return tuple(name for name, work in parts.items() if name in failing and not run_part(name, work))


def run_part(name: str, work: Callable[[], object], *, between_ticks: bool = False) -> bool:
    """False where it failed. Nothing but the end of the process gets past it. Between ticks only failures are kept."""
    began = time.monotonic()
    ends_at = row_failures.ends_at.set(began + BUDGET_SECONDS)
    try:
        with time_limit(LIMIT_SECONDS):
            if not between_ticks:
                _begin(name)
            work()
    except (Exception, TimeLimitReached) as error:
        log.error("the tick's part %s failed: %s", name, row_failures.where(error))
        _reset_connection()
        _record(name, time.monotonic() - began, type(error).__name__)
        return False
    finally:
        row_failures.ends_at.reset(ends_at)
    if not between_ticks:
        _record(name, time.monotonic() - began)
    return True


def _begin(name: str) -> None:
    """An earlier start is kept while that run hasn't ended: so a part that hangs is seen, whoever ticks meanwhile."""
    now = timezone.now()
    if not TickPart.objects.filter(name=name).update(started_at=Coalesce("started_at", now)):
        TickPart.objects.get_or_create(name=name, defaults={"started_at": now})


def _record(name: str, seconds: float, error: str = "") -> None:
    now = timezone.now()
    told = {"started_at": None, "seconds": round(seconds, 3)}
    try:
        if error:
            TickPart.objects.get_or_create(name=name)
            TickPart.objects.filter(name=name).update(
                failures=F("failures") + 1,
                failures_total=F("failures_total") + 1,
                error=error[:80],
                failed_at=now,
                **told,
            )
        else:
            TickPart.objects.filter(name=name).update(failures=0, error="", succeeded_at=now, **told)
    except Exception as trouble:
        log.error("how the tick's part %s went could not be stored: %s", name, row_failures.where(trouble))
        _reset_connection()


def _reset_connection() -> None:
    """Whatever state a failure left the connection in, the next part gets one that works."""
    if connection.in_atomic_block:  # the caller's transaction, as in a test: not ours to end
        return
    try:
        if connection.connection is not None and connection.connection.info.transaction_status == ACTIVE:
            connection.connection.cancel_safe(timeout=2)  # else the server goes on with what was cut off here
        connection.close()
    except (Error, psycopg.Error) as error:
        log.warning("a broken database connection could not be closed: %s", type(error).__name__)
