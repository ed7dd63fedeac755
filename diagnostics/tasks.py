"""Celery tasks: each takes an ID, calls one service and returns nothing."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from celery import shared_task
from celery.signals import task_postrun, task_prerun, worker_ready, worker_shutdown
from django.conf import settings
from django.db import close_old_connections
from kombu.exceptions import OperationalError

from diagnostics.batches.batches import start_waiting_runs
from diagnostics.issues.issues import end_expired_acceptances, update_issues_of_waiting_runs
from diagnostics.jobs.turns import delete_old_turns
from diagnostics.monitoring import deliveries
from diagnostics.monitoring.deliveries import due_deliveries
from diagnostics.monitoring.incidents import send_reminders
from diagnostics.monitoring.schedules import claim_due_schedules
from diagnostics.operations.heartbeats import first_since
from diagnostics.operations.retention import due_passes, work_on_pass
from diagnostics.operations.set_aside import forget_ended_failures, refresh_safely, run_next_safely, verify_safely
from diagnostics.operations.tick_parts import run_between_ticks, run_parts
from diagnostics.operations.worker_heartbeats import on_worker_ready, on_worker_shutdown, send_beat_heartbeat
from diagnostics.orgs.client_listing import read_listing
from diagnostics.orgs.clients import end_stuck_verifications
from diagnostics.orgs.contracts import end_stuck_refreshes
from diagnostics.orgs.sync import lifecycle
from diagnostics.orgs.sync.lifecycle import due_syncs, start_due_syncs
from diagnostics.orgs.usage import due_readings, read_usage
from diagnostics.runs import turns
from diagnostics.runs.backfill import backfill_runs
from diagnostics.runs.idempotency_keys import delete_expired_keys
from diagnostics.runs.models import Run
from diagnostics.runs.months import close_month
from diagnostics.runs.rate_limit_waits import STARTS_AT_ONCE, runs_to_start
from diagnostics.runs.sweep import SweepResult, sweep, sweep_abandoned
from diagnostics.runs.watches import advance_watches

log = logging.getLogger(__name__)

# Work that no user waits for has its own queue and workers, so that it does not delay runs that users started.
SCHEDULED = settings.SCHEDULED_QUEUE

worker_ready.connect(on_worker_ready)
worker_shutdown.connect(on_worker_shutdown)
# As Django does around each request: close a connection that is broken or that DATABASE_POOL doesn't keep, and test the one
# that is kept before its next use, because the database may have been restarted meanwhile.
task_prerun.connect(close_old_connections)
task_postrun.connect(close_old_connections)


@shared_task(ignore_result=True)
def execute_run(run_id: int) -> None:
    """`run_id` is only for the log: the next run in turn is executed."""
    run_next_safely(turns.PEOPLE)
    send_paced_runs(at_once=1)
    send_deliveries()


@shared_task(ignore_result=True, queue=SCHEDULED)
def execute_scheduled_run(run_id: int) -> None:
    run_next_safely(turns.SCHEDULED)
    send_paced_runs(at_once=1)
    send_deliveries()


@shared_task(ignore_result=True)
def deliver(delivery_id: int) -> None:
    deliveries.deliver(delivery_id)
    for next_id in deliveries.next_deliveries(delivery_id):
        send(deliver, next_id)


@shared_task(ignore_result=True)
def verify_client(client_id: int) -> None:
    verify_safely(client_id)
    for sync_id in start_due_syncs(client_id=client_id):
        send(run_org_sync, sync_id)


@shared_task(ignore_result=True)
def read_client_listing(client_id: int) -> None:
    read_listing(client_id)


@shared_task(ignore_result=True)
def run_org_sync(sync_id: int) -> None:
    """`sync_id` is only for the log: the next sync in turn is executed."""
    _read_next_snapshot()


@shared_task(ignore_result=True, queue=SCHEDULED)
def run_due_org_sync(sync_id: int) -> None:
    _read_next_snapshot()


def _read_next_snapshot() -> None:
    has_read = lifecycle.run_next_sync()
    if has_read and (next_id := lifecycle.waiting_sync()):
        send(run_org_sync, next_id)
    for next_id in start_due_syncs():  # a few at a time, without a pause in between
        send(run_due_org_sync, next_id)


@shared_task(ignore_result=True, queue=SCHEDULED)
def read_client_usage(client_id: int) -> None:
    read_usage(client_id)


@shared_task(ignore_result=True)
def refresh_contract(version_id: int) -> None:
    refresh_safely(version_id)


@shared_task(ignore_result=True, queue=SCHEDULED)
def apply_retention(pass_id: int) -> None:
    work_on_pass(pass_id)


def send_swept_runs() -> None:
    _send_swept(sweep())


def _send_swept(swept: SweepResult) -> None:
    for run_id in swept.to_requeue:
        send(execute_run, run_id)
    for run_id in swept.scheduled:
        send(execute_scheduled_run, run_id)


def send_paced_runs(now: datetime | None = None, at_once: int = STARTS_AT_ONCE) -> None:
    """Start runs that no longer have to wait for the rate limit of their org."""
    for run_id, source in runs_to_start(at_once, now):
        send(execute_scheduled_run if source == Run.Source.SCHEDULE else execute_run, run_id)


def send_abandoned_runs(now: datetime | None = None) -> None:
    _send_swept(sweep_abandoned(now))


def send_due_schedules(now: datetime | None = None) -> None:
    for run_id in claim_due_schedules(now):
        send(execute_scheduled_run, run_id)


def send_watches() -> None:
    for run_id in advance_watches():
        send(execute_run, run_id)


def send_batches() -> None:
    for run_id in start_waiting_runs():
        send(execute_run, run_id)


def send_due_syncs() -> None:
    for sync_id in due_syncs():
        send(run_due_org_sync, sync_id)


def send_usage_readings() -> None:
    for client_id in due_readings():
        send(read_client_usage, client_id)


def send_retention() -> None:
    for pass_id in due_passes():
        send(apply_retention, pass_id)


def send_deliveries() -> None:
    """Called after each run for new messages, and by the tick for retries."""
    for delivery_id in due_deliveries():
        send(deliver, delivery_id)


# Run in this order. A failing part does not stop the others. Readiness, the system page and metrics use the keys.
TICK_PARTS: dict[str, Callable[[], object]] = {
    "sweep": send_swept_runs,
    "schedules": send_due_schedules,
    "rate_limits": send_paced_runs,
    "watches": send_watches,
    "batches": send_batches,
    "verifications": end_stuck_verifications,
    "contract_refreshes": end_stuck_refreshes,
    "configuration_syncs": send_due_syncs,
    "api_usage": send_usage_readings,
    "search_data": backfill_runs,
    "findings_history": update_issues_of_waiting_runs,
    "acceptances": end_expired_acceptances,
    "request_keys": delete_expired_keys,
    "months": close_month,
    "retention": send_retention,
    "reminders": send_reminders,
    "alerts": send_deliveries,
    "failed_rows": forget_ended_failures,
    "turns": delete_old_turns,
}

# Nobody waits for these, so they don't run in every tick.
RARE_PARTS = frozenset(
    {"verifications", "contract_refreshes", "api_usage", "acceptances", "request_keys", "months", "retention", "reminders",
     "failed_rows", "turns"}
)  # fmt: skip

# They may be given the time, which start_due knows already.
URGENT_PARTS: dict[str, Callable[..., object]] = {
    "schedules": send_due_schedules,
    "sweep": send_abandoned_runs,
    "rate_limits": send_paced_runs,
}


@shared_task(ignore_result=True)
def tick() -> None:
    if first_since("tick", settings.TICK_PAUSE_SECONDS):
        run_parts(TICK_PARTS, URGENT_PARTS, RARE_PARTS)


@shared_task(ignore_result=True)
def start_due() -> None:
    """Between two ticks: start due schedules, find dead workers, and retry the parts that failed in the last tick."""
    send_beat_heartbeat()
    if now := first_since("due", settings.START_DUE_PAUSE_SECONDS):
        run_between_ticks({name: partial(work, now) for name, work in URGENT_PARTS.items()}, TICK_PARTS)


def send(task: Any, pk: int) -> None:
    """Send a task's message. If the broker is down nothing is lost: the next tick sends it again."""
    try:
        task.apply_async((pk,), retry=False)
    except (OperationalError, OSError) as error:
        log.warning("%s(%s) could not be queued, the next tick will: %s", task.name, pk, type(error).__name__)
