"""Celery doors: id in, one service call, nothing out."""

import logging
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutdown
from django.conf import settings
from kombu.exceptions import OperationalError

from diagnostics import services

log = logging.getLogger(__name__)

# What nobody waits for has a queue and workers of its own, so that it never stands before a person's click.
BEHIND = settings.SCHEDULED_QUEUE

worker_ready.connect(services.worker_began)
worker_shutdown.connect(services.worker_ended)


@shared_task(ignore_result=True)
def execute_run(run_id: int) -> None:
    services.execute_run(run_id)


@shared_task(ignore_result=True, queue=BEHIND)
def execute_scheduled_run(run_id: int) -> None:
    services.execute_run(run_id)
    ring_deliveries()


@shared_task(ignore_result=True)
def deliver(delivery_id: int) -> None:
    services.deliver(delivery_id)


@shared_task(ignore_result=True)
def verify_client(client_id: int) -> None:
    services.verify_client(client_id)
    for snapshot_id in services.start_due_readings(client_id=client_id):
        ring(read_snapshot, snapshot_id)


@shared_task(ignore_result=True)
def read_snapshot(snapshot_id: int) -> None:
    _read_snapshot(snapshot_id)


@shared_task(ignore_result=True, queue=BEHIND)
def read_due_snapshot(snapshot_id: int) -> None:
    _read_snapshot(snapshot_id)


def _read_snapshot(snapshot_id: int) -> None:
    services.read_snapshot(snapshot_id)
    for next_id in services.start_due_readings():  # a few at a time, and no pause between them
        ring(read_due_snapshot, next_id)


@shared_task(ignore_result=True)
def refresh_contract(version_id: int) -> None:
    services.refresh_contract(version_id)


@shared_task(ignore_result=True, queue=BEHIND)
def apply_retention(pass_id: int) -> None:
    services.work_on_pass(pass_id)


@shared_task(ignore_result=True, expires=30)
def tick() -> None:
    services.beat(services.TICK)
    swept = services.sweep()
    for run_id in swept.to_ring:
        ring(execute_run, run_id)
    for run_id in swept.scheduled:
        ring(execute_scheduled_run, run_id)
    start_due()
    for run_id in services.advance_watches():
        ring(execute_run, run_id)
    for snapshot_id in services.due_readings():
        ring(read_due_snapshot, snapshot_id)
    services.catch_up()
    services.remember_runs_behind()
    services.forget_old_keys()
    for pass_id in services.due_passes():
        ring(apply_retention, pass_id)
    services.remind()
    ring_deliveries()


def ring_deliveries() -> None:
    """What a run has to tell goes out at once; what waits for its next attempt, with the tick."""
    for delivery_id in services.due_deliveries():
        ring(deliver, delivery_id)


@shared_task(ignore_result=True, expires=30)
def start_due() -> None:
    """Between two ticks as well."""
    for run_id in services.claim_due_schedules():
        ring(execute_scheduled_run, run_id)


def ring(task: Any, pk: int) -> None:
    """Send a task's message. A broker that is away loses no row: the next tick rings again."""
    try:
        task.apply_async((pk,), retry=False)
    except (OperationalError, OSError) as trouble:
        log.warning("%s(%s) could not be queued, the next tick will: %s", task.name, pk, type(trouble).__name__)
