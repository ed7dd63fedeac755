"""Celery doors: id in, one service call, nothing out."""

import logging
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutdown
from django.conf import settings
from kombu.exceptions import OperationalError

from diagnostics.services import clients, contracts, deliveries, runs, snapshots, turns
from diagnostics.services.api_runs import forget_old_keys
from diagnostics.services.catching_up import catch_up
from diagnostics.services.deliveries import due_deliveries
from diagnostics.services.heartbeats import TICK, beat
from diagnostics.services.incidents import remind
from diagnostics.services.known import remember_runs_behind
from diagnostics.services.retention import due_passes, work_on_pass
from diagnostics.services.schedules import claim_due_schedules
from diagnostics.services.snapshots import due_readings, start_due_readings
from diagnostics.services.sweep import sweep
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
    runs.execute_next_run(turns.PEOPLE)


@shared_task(ignore_result=True, queue=BEHIND)
def execute_scheduled_run(run_id: int) -> None:
    runs.execute_next_run(turns.SCHEDULED)
    ring_deliveries()


@shared_task(ignore_result=True)
def deliver(delivery_id: int) -> None:
    deliveries.deliver(delivery_id)


@shared_task(ignore_result=True)
def verify_client(client_id: int) -> None:
    clients.verify_client(client_id)
    for snapshot_id in start_due_readings(client_id=client_id):
        ring(read_snapshot, snapshot_id)


@shared_task(ignore_result=True)
def read_snapshot(snapshot_id: int) -> None:
    _read_snapshot(snapshot_id)


@shared_task(ignore_result=True, queue=BEHIND)
def read_due_snapshot(snapshot_id: int) -> None:
    _read_snapshot(snapshot_id)


def _read_snapshot(snapshot_id: int) -> None:
    snapshots.read_snapshot(snapshot_id)
    for next_id in start_due_readings():  # a few at a time, and no pause between them
        ring(read_due_snapshot, next_id)


@shared_task(ignore_result=True)
def refresh_contract(version_id: int) -> None:
    contracts.refresh_contract(version_id)


@shared_task(ignore_result=True, queue=BEHIND)
def apply_retention(pass_id: int) -> None:
    work_on_pass(pass_id)


@shared_task(ignore_result=True, expires=30)
def tick() -> None:
    beat(TICK)
    swept = sweep()
    for run_id in swept.to_ring:
        ring(execute_run, run_id)
    for run_id in swept.scheduled:
        ring(execute_scheduled_run, run_id)
    start_due()
    for run_id in advance_watches():
        ring(execute_run, run_id)
    for snapshot_id in due_readings():
        ring(read_due_snapshot, snapshot_id)
    catch_up()
    remember_runs_behind()
    forget_old_keys()
    for pass_id in due_passes():
        ring(apply_retention, pass_id)
    remind()
    ring_deliveries()


def ring_deliveries() -> None:
    """What a run has to tell goes out at once; what waits for its next attempt, with the tick."""
    for delivery_id in due_deliveries():
        ring(deliver, delivery_id)


@shared_task(ignore_result=True, expires=30)
def start_due() -> None:
    """Between two ticks as well."""
    for run_id in claim_due_schedules():
        ring(execute_scheduled_run, run_id)


def ring(task: Any, pk: int) -> None:
    """Send a task's message. A broker that is away loses no row: the next tick rings again."""
    try:
        task.apply_async((pk,), retry=False)
    except (OperationalError, OSError) as trouble:
        log.warning("%s(%s) could not be queued, the next tick will: %s", task.name, pk, type(trouble).__name__)
