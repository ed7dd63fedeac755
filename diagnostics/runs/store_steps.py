"""Stores what the checks of a run found while it goes on, and reads it for the worker that continues it."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import ParamSpec

from django.db import OperationalError, close_old_connections, transaction

from diagnostics.checks.outcomes import Outcome
from diagnostics.engine.diagnosis import NOTHING_STORED, CheckStep, StoredSteps
from diagnostics.engine.finding import FindingResult
from diagnostics.jobs.row_failures import error_location, is_environment
from diagnostics.runs.live_start import report_unconfirmed_start
from diagnostics.runs.models import Exchange, Finding, Run
from diagnostics.telemetry import tracing as traces

log = logging.getLogger(__name__)
Args = ParamSpec("Args")


class LostLease(Exception):
    """The sweep closed the run: nothing more may be written to it."""


@dataclass(frozen=True)
class StoredCounts:
    """How many findings and exchanges of a run are stored, so the positions of the next ones."""

    findings: int = 0
    exchanges: int = 0

    def after(self, step: CheckStep) -> "StoredCounts":
        return StoredCounts(self.findings + len(step.findings), self.exchanges + len(step.exchanges))


@transaction.atomic
def stored_steps(run: Run, worker_name: str) -> StoredSteps:
    """What an earlier worker of the run stored. A live start that it may have sent is reported, and never sent again."""
    if run.resumed_at is None:
        return NOTHING_STORED
    check_lease(run.pk, worker_name)
    run.refresh_from_db(fields=["start_claimed_at"])
    report_unconfirmed_start(run)
    names = [field.name for field in fields(FindingResult)]
    findings = tuple(FindingResult(**row) for row in run.findings.order_by("position").values(*names))
    return StoredSteps(findings, tuple(row.value() for row in run.exchanges.order_by("position")))


def store_safely(run_id: int, worker_name: str, batch: tuple[CheckStep, ...], stored: StoredCounts) -> StoredCounts:
    """Store the steps that finished together. If the database rejects their content, store them one by one.

    A check whose own content is rejected is stored as inconclusive. Returns the counts afterwards.
    """
    try:
        retry_on_outage(_store, run_id, worker_name, batch, stored)
    except LostLease:
        raise
    except Exception as error:
        if is_environment(error):
            raise
        if len(batch) > 1:
            for step in batch:
                stored = store_safely(run_id, worker_name, (step,), stored)
            return stored
        (step,) = batch
        log.error("run %s: what %s found could not be stored: %s", run_id, step.check_id, error_location(error))
        batch = (replace(step, findings=tuple(map(_not_stored, step.findings[:1])), exchanges=()),)
        retry_on_outage(_store, run_id, worker_name, batch, stored)
    for step in batch:
        _trace(step)
        stored = stored.after(step)
    return stored


@transaction.atomic
def _store(run_id: int, worker_name: str, batch: tuple[CheckStep, ...], stored: StoredCounts) -> None:
    check_lease(run_id, worker_name)
    findings = [finding for step in batch for finding in step.findings]
    exchanges = [exchange for step in batch for exchange in step.exchanges]
    finding_rows = [
        Finding(run_id=run_id, position=number, **vars(finding))
        for number, finding in enumerate(findings, stored.findings)
    ]
    exchange_rows = [
        Exchange.from_value(exchange, number, run_id=run_id)
        for number, exchange in enumerate(exchanges, stored.exchanges)
    ]
    # If the connection was lost during the commit, they may be stored already.
    Finding.objects.bulk_create(finding_rows, ignore_conflicts=True)
    Exchange.objects.bulk_create(exchange_rows, ignore_conflicts=True)


def check_lease(run_id: int, worker_name: str) -> None:
    mine = Run.objects.select_for_update().filter(pk=run_id, worker=worker_name, status=Run.Status.RUNNING)
    if not mine.exists():
        raise LostLease


def _not_stored(finding: FindingResult) -> FindingResult:
    sentence = "This check ran, but its result couldn't be stored because of an error in Cobrowse Doctor."
    return FindingResult(finding.check_id, finding.check_version, "", Outcome.ERROR, "not_stored", sentence, "")


def _trace(step: CheckStep) -> None:
    for exchange in step.exchanges:
        facts = {"check": exchange.check_id, "url.full": exchange.url, "correlation_id": exchange.correlation_id}
        failed, status = bool(exchange.error), exchange.status or 0
        traces.record_span(exchange.method, exchange.started_at, exchange.ms, failed=failed, status=status, **facts)


def retry_on_outage(write: Callable[Args, object], *args: Args.args, **kwargs: Args.kwargs) -> None:
    """Do a write, and retry it while the database is down, so that results are not lost."""
    for pause in (0.5, 1, 2, 4, 8, 8, None):
        try:
            write(*args, **kwargs)
            return
        except OperationalError:
            if pause is None:
                raise
            log.warning("the database does not answer; the findings wait %s s", pause)
            close_old_connections()
            time.sleep(pause)
