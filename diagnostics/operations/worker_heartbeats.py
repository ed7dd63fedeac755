"""Heartbeats of the workers, with their queues and number of active tasks."""

import json
import logging
import threading
from datetime import timedelta
from typing import Any

from celery.worker import state
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.utils import timezone

from diagnostics import product

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 15.0
FORGET_AFTER = timedelta(days=1)
PREFIX = "worker:"
UPSERT_HEARTBEAT = """
INSERT INTO diagnostics_heartbeat (name, at, details) VALUES (%s, %s, %s)
ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at, details = EXCLUDED.details
"""
_stopped = threading.Event()


def on_worker_ready(sender: Any, **kwargs: Any) -> None:
    """Receiver of Celery's `worker_ready`. Starts a thread in the worker's main process."""
    details = {
        "queues": sorted(queue.name for queue in sender.task_consumer.queues),
        "processes": getattr(sender.pool, "num_processes", 1),
        "version": product.version(),
        "since": timezone.now().isoformat(),
    }
    _stopped.clear()
    threading.Thread(target=_beat_until_stopped, args=(sender.hostname, details), daemon=True, name="heartbeat").start()


def on_worker_shutdown(sender: Any, **kwargs: Any) -> None:
    """Receiver of Celery's `worker_shutdown`. A worker that was stopped doesn't count as silent."""
    _stopped.set()
    _write("DELETE FROM diagnostics_heartbeat WHERE name = %s", [f"{PREFIX}{sender.hostname}"])


def _beat_until_stopped(hostname: str, details: dict[str, Any]) -> None:
    while not _stopped.is_set():
        send_heartbeat(hostname, {**details, "busy": len(state.active_requests)})
        _stopped.wait(INTERVAL_SECONDS)


def send_heartbeat(hostname: str, details: dict[str, Any]) -> None:
    """Also deletes the heartbeats of workers that have been silent for a day."""
    now = timezone.now()
    _write(UPSERT_HEARTBEAT, [f"{PREFIX}{hostname}"[:120], now, json.dumps(details)])
    _write("DELETE FROM diagnostics_heartbeat WHERE name LIKE %s AND at < %s", [f"{PREFIX}%", now - FORGET_AFTER])


def _write(statement: str, values: list[Any]) -> None:
    """Uses a separate connection, closed at once, so that the worker's forked processes never share it."""
    connection = connections[DEFAULT_DB_ALIAS].copy("heartbeat")
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
    except DatabaseError as error:
        log.warning("the heartbeat of this worker could not be stored: %s", type(error).__name__)
    finally:
        connection.close()
