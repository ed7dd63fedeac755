"""Handles rows that failed: tasks end them, the tick forgets old failures, and admins retry or dismiss them."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import Model, Q
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.batches.batches import resume_batch
from diagnostics.batches.models import Batch
from diagnostics.issues.models import Incident, Issue
from diagnostics.jobs.models import RowFailure
from diagnostics.jobs.row_failures import (
    Kind,
    attempt,
    error_location,
    forget_failure,
    is_environment,
    sentence_of,
    without_set_aside,
)
from diagnostics.monitoring.deliveries import try_again
from diagnostics.monitoring.models import Delivery, Schedule
from diagnostics.monitoring.schedules import resume_schedules
from diagnostics.operations.models import RetentionPass
from diagnostics.orgs.clients import end_failed_verification, verify_client
from diagnostics.orgs.contracts import end_failed_refresh, refresh_contract
from diagnostics.orgs.models import ConfigurationSync, ContractVersion, OAuthClient, OrgChange
from diagnostics.runs.close import send_run_ended, store_results_from_rows
from diagnostics.runs.execute import execute_next_run, execute_run
from diagnostics.runs.interruption import close_interrupted, end_broken_run
from diagnostics.runs.models import OPEN, IdempotencyKey, Run, Watch
from diagnostics.runs.turns import CANDIDATES, SCHEDULED

log = logging.getLogger(__name__)

FORGET_AFTER = timedelta(days=1)  # since the last failure of a row that isn't set aside

MODELS: Mapping[str, type[Model]] = {
    Kind.RUN: Run,
    Kind.RUN_CLOSING: Run,
    Kind.RUN_QUEUEING: Run,
    Kind.RUN_SEARCH: Run,
    Kind.RUN_FINDINGS: Run,
    Kind.RUN_RETENTION: Run,
    Kind.SCHEDULE: Schedule,
    Kind.WATCH: Watch,
    Kind.BATCH: Batch,
    Kind.BATCH_RETENTION: Batch,
    Kind.CLIENT: OAuthClient,
    Kind.CLIENT_SYNC: OAuthClient,
    Kind.CONTRACT: ContractVersion,
    Kind.SNAPSHOT: ConfigurationSync,
    Kind.SNAPSHOT_RETENTION: ConfigurationSync,
    Kind.CHANGE_RETENTION: OrgChange,
    Kind.ISSUE_ACCEPTANCE: Issue,
    Kind.ISSUE_RETENTION: Issue,
    Kind.RETENTION: RetentionPass,
    Kind.IDEMPOTENCY_KEY: IdempotencyKey,
    Kind.INCIDENT: Incident,
    Kind.DELIVERY: Delivery,
}


def run_next_safely(queue: str) -> None:
    """For a task: execute the run whose turn it is.

    If the claim fails because of a queued row, try run by run, so that this row is found, and set aside after three
    failures.
    """
    try:
        execute_next_run(queue)
    except Exception as error:
        if is_environment(error):
            raise
        log.warning("no run could be claimed from the queue %s, trying one by one: %s", queue, error_location(error))
        _run_one_by_one(queue)


def _run_one_by_one(queue: str) -> None:
    scheduled = Q(source=Run.Source.SCHEDULE)
    rows = Run.objects.filter(scheduled if queue == SCHEDULED else ~scheduled, status=Run.Status.QUEUED)
    queued = without_set_aside(rows.exclude(message_sent_at=None), Kind.RUN_QUEUEING).order_by("id")
    for pk in queued.values_list("pk", flat=True)[:CANDIDATES]:
        if attempt(Kind.RUN_QUEUEING, pk, partial(execute_run, pk), end_broken_run):
            return


def verify_safely(client_id: int) -> None:
    """For a task. The first failure ends it, since only a person starts it again."""
    attempt(Kind.CLIENT, client_id, partial(verify_client, client_id), end_failed_verification, most=1)


def refresh_safely(version_id: int) -> None:
    attempt(Kind.CONTRACT, version_id, partial(refresh_contract, version_id), end_failed_refresh, most=1)


def forget_ended_failures() -> None:
    """Delete old failures of rows that have worked since, and failures of deleted rows."""
    old = RowFailure.objects.filter(set_aside_at=None, last_failed_at__lt=timezone.now() - FORGET_AFTER)
    old.delete()
    for kind in RowFailure.objects.order_by().values_list("kind", flat=True).distinct():
        of_kind = RowFailure.objects.filter(kind=kind)
        existing = MODELS[kind]._default_manager.filter(pk__in=of_kind.values("row_id")).values_list("pk", flat=True)
        of_kind.exclude(row_id__in=list(existing)).delete()


def retry_row(failure: RowFailure) -> str:
    """Return the row to its job, or repeat at once what failed. Returns the sentence of an error, "" without one."""
    retry = RETRIES.get(failure.kind)
    try:
        with transaction.atomic():
            if retry is not None:
                retry(failure.row_id)
            forget_failure(failure.kind, failure.row_id)
            record("row.retried", failure)
    except Exception as error:
        if is_environment(error):
            raise
        RowFailure.objects.filter(pk=failure.pk).update(
            error=type(error).__name__[:80], sentence=sentence_of(error), last_failed_at=timezone.now()
        )
        return sentence_of(error)
    return ""


@transaction.atomic
def dismiss_failure(failure: RowFailure) -> None:
    """Remove it from the list. If the row itself hasn't ended, its job retries it."""
    record("row.dismissed", failure)
    failure.delete()


def _close_again(pk: int) -> None:
    """Reach the verdict from the stored rows, for a run that was closed without one."""
    run = Run.objects.select_for_update(of=("self",)).get(pk=pk)
    if run.status in (*OPEN, Run.Status.INTERRUPTED):
        close_interrupted(run, run.finished_at or timezone.now())
    else:
        store_results_from_rows(run)
        send_run_ended(run)


def _reopen_pass(pk: int) -> None:
    RetentionPass.objects.filter(pk=pk).update(finished_at=None, lease_until=timezone.now())


# Rows of other kinds need nothing: their job finds them.
RETRIES: Mapping[str, Callable[[int], object]] = {
    Kind.RUN: _close_again,
    Kind.RUN_CLOSING: _close_again,
    Kind.RUN_SEARCH: _close_again,
    Kind.SCHEDULE: lambda pk: resume_schedules([pk]),
    Kind.BATCH: resume_batch,
    Kind.DELIVERY: lambda pk: try_again(Delivery.objects.get(pk=pk)),
    Kind.RETENTION: _reopen_pass,
}
