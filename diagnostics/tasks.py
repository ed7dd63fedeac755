"""Celery doors: id in, one service call, nothing out."""

import logging
from collections.abc import Callable
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutdown
from django.conf import settings
from kombu.exceptions import OperationalError

from diagnostics.services import deliveries, snapshots, turns
from diagnostics.services.api_runs import forget_old_keys
from diagnostics.services.catching_up import catch_up
from diagnostics.services.clients import give_up_verifications
from diagnostics.services.contracts import give_up_refreshes
from diagnostics.services.deliveries import due_deliveries
from diagnostics.services.incidents import remind
from diagnostics.services.known import remember_runs_behind
from diagnostics.services.retention import due_passes, work_on_pass
from diagnostics.services.schedules import claim_due_schedules
from diagnostics.services.set_aside import forget_ended_failures, refresh_safely, run_next_safely, verify_safely
from diagnostics.services.snapshots import due_readings, start_due_readings
from diagnostics.services.sweep import sweep
from diagnostics.services.tick_parts import retry_failed_parts, run_part, run_parts
from diagnostics.services.watches import advance_watches
from diagnostics.services.worker_beats import worker_began, worker_ended

log = logging.getLogger(__name__)

# What nobody waits for has a queue and workers of its own, so that it never stands before a person's click.
BEHIND = settings.SCHEDULED_QUEUE

worker_ready.connect(worker_began)
worker_shutdown.connect(worker_ended)


@shared_task(ignore_result=True)
def execute_run(run_id: int) -> None:
    """`run_id` is only for the log: what is executed is the run whose turn it is."""
    run_next_safely(turns.PEOPLE)


@shared_task(ignore_result=True, queue=BEHIND)
def execute_scheduled_run(run_id: int) -> None:
    run_next_safely(turns.SCHEDULED)
    ring_deliveries()


@shared_task(ignore_result=True)
def deliver(delivery_id: int) -> None:
    deliveries.deliver(delivery_id)


@shared_task(ignore_result=True)
def verify_client(client_id: int) -> None:
    verify_safely(client_id)
    for snapshot_id in start_due_readings(client_id=client_id):
        ring(read_snapshot, snapshot_id)


@shared_task(ignore_result=True)
def read_snapshot(snapshot_id: int) -> None:
    """`snapshot_id` is only for the log: what is read is the sync whose turn it is."""
    _read_next_snapshot()


@shared_task(ignore_result=True, queue=BEHIND)
def read_due_snapshot(snapshot_id: int) -> None:
    _read_next_snapshot()


def _read_next_snapshot() -> None:
    has_read = snapshots.read_next_snapshot()
    if has_read and (next_id := snapshots.waiting_sync()):
        ring(read_snapshot, next_id)
    for next_id in start_due_readings():  # a few at a time, and no pause between them
        ring(read_due_snapshot, next_id)


@shared_task(ignore_result=True)
def refresh_contract(version_id: int) -> None:
    refresh_safely(version_id)


@shared_task(ignore_result=True, queue=BEHIND)
def apply_retention(pass_id: int) -> None:
    work_on_pass(pass_id)


def ring_swept_runs() -> None:
    swept = sweep()
    for run_id in swept.to_ring:
        ring(execute_run, run_id)
    for run_id in swept.scheduled:
        ring(execute_scheduled_run, run_id)


def ring_due_schedules() -> None:
    for run_id in claim_due_schedules():
        ring(execute_scheduled_run, run_id)


def ring_watches() -> None:
    for run_id in advance_watches():
        ring(execute_run, run_id)


def ring_snapshots() -> None:
    for snapshot_id in due_readings():
        ring(read_due_snapshot, snapshot_id)


def ring_retention() -> None:
    for pass_id in due_passes():
        ring(apply_retention, pass_id)


def ring_deliveries() -> None:
    """What a run has to tell goes out at once; what waits for its next attempt, with the tick."""
    for delivery_id in due_deliveries():
        ring(deliver, delivery_id)


# In this order. Each fails alone; readiness, the system page and the metrics name a part by its key.
TICK_PARTS: dict[str, Callable[[], object]] = {
    "sweep": ring_swept_runs,
    "schedules": ring_due_schedules,
    "watches": ring_watches,
    "verifications": give_up_verifications,
    "contract_refreshes": give_up_refreshes,
    "configuration_syncs": ring_snapshots,
    "search_data": catch_up,
    "findings_history": remember_runs_behind,
    "request_keys": forget_old_keys,
    "retention": ring_retention,
    "reminders": remind,
    "alerts": ring_deliveries,
    "failed_rows": forget_ended_failures,
    "turns": turns.forget_old_turns,
}


@shared_task(ignore_result=True, expires=30)
def tick() -> None:
    run_parts(TICK_PARTS)


@shared_task(ignore_result=True, expires=30)
def start_due() -> None:
    """Between two ticks as well: schedules that are due, and whatever failed in the last tick."""
    retry_failed_parts(TICK_PARTS)
    run_part("schedules", ring_due_schedules, between_ticks=True)


def ring(task: Any, pk: int) -> None:
    """Send a task's message. A broker that is away loses no row: the next tick rings again."""
    try:
        task.apply_async((pk,), retry=False)
    except (OperationalError, OSError) as trouble:
        log.warning("%s(%s) could not be queued, the next tick will: %s", task.name, pk, type(trouble).__name__)
