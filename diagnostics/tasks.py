"""Celery doors: id in, one service call, nothing out."""

import logging
from typing import Any

from celery import shared_task
from kombu.exceptions import OperationalError

from diagnostics import services

log = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def execute_run(run_id: int) -> None:
    services.execute_run(run_id)


@shared_task(ignore_result=True)
def verify_client(client_id: int) -> None:
    services.verify_client(client_id)
    for snapshot_id in services.start_due_readings(client_id=client_id):
        ring(read_snapshot, snapshot_id)


@shared_task(ignore_result=True)
def read_snapshot(snapshot_id: int) -> None:
    services.read_snapshot(snapshot_id)
    for next_id in services.start_due_readings():  # a few at a time, and no pause between them
        ring(read_snapshot, next_id)


@shared_task(ignore_result=True)
def refresh_contract(version_id: int) -> None:
    services.refresh_contract(version_id)


@shared_task(ignore_result=True)
def apply_retention(pass_id: int) -> None:
    services.work_on_pass(pass_id)


@shared_task(ignore_result=True, expires=30)
def tick() -> None:
    for run_id in services.sweep().to_ring:
        ring(execute_run, run_id)
    for run_id in services.advance_watches():
        ring(execute_run, run_id)
    for snapshot_id in services.due_readings():
        ring(read_snapshot, snapshot_id)
    services.catch_up()
    services.remember_runs_behind()
    for pass_id in services.due_passes():
        ring(apply_retention, pass_id)


def ring(task: Any, pk: int) -> None:
    """Send a task's message. A broker that is away loses no row: the next tick rings again."""
    try:
        task.apply_async((pk,), retry=False)
    except (OperationalError, OSError) as trouble:
        log.warning("%s(%s) could not be queued, the next tick will: %s", task.name, pk, type(trouble).__name__)
