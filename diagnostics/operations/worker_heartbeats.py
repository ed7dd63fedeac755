"""Heartbeats of the workers and of beat, with their queues, number of active tasks and clock skew."""

import json
import logging
import socket
import threading
from datetime import timedelta
from typing import Any

from celery.worker import state
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from diagnostics import product

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 5.0
FORGET_AFTER = timedelta(days=1)
PREFIX = "worker:"
BEAT = "beat:"
UPSERT_HEARTBEAT = """
INSERT INTO diagnostics_heartbeat (name, at, details) VALUES (
    %s, clock_timestamp(), %s::jsonb || jsonb_build_object('skew_seconds',
        round(extract(epoch FROM %s::timestamptz - clock_timestamp())::numeric, 2))
)
ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at, details = EXCLUDED.details
"""
_stopped = threading.Event()


def on_worker_ready(sender: Any, **kwargs: Any) -> None:
    """Receiver of Celery's `worker_ready`. Starts a thread in the worker's main process."""
    name = f"{PREFIX}{sender.hostname}"
    details = {
        "queues": sorted(queue.name for queue in sender.task_consumer.queues),
        "processes": getattr(sender.pool, "num_processes", 1),
        "version": product.version(),
        "since": timezone.now().isoformat(),
    }
    _stopped.clear()
    threading.Thread(target=_beat_until_stopped, args=(name, details), daemon=True, name="heartbeat").start()


def on_worker_shutdown(sender: Any, **kwargs: Any) -> None:
    """Receiver of Celery's `worker_shutdown`. A worker that was stopped doesn't count as silent."""
    _stopped.set()
    _write("DELETE FROM diagnostics_heartbeat WHERE name = %s", [f"{PREFIX}{sender.hostname}"])


def _beat_until_stopped(name: str, details: dict[str, Any]) -> None:
    forget_silent()
    while not _stopped.is_set():
        send_heartbeat(name, {**details, "busy": len(state.active_requests)})
        _stopped.wait(INTERVAL_SECONDS)


def send_heartbeat(name: str, details: dict[str, Any]) -> None:
    """One statement. The database compares its clock with ours."""
    _write(UPSERT_HEARTBEAT, [name[:120], json.dumps(details), timezone.now()])


def send_beat_heartbeat() -> None:
    send_heartbeat(f"{BEAT}{socket.gethostname()}", {"version": product.version()})


def forget_silent() -> None:
    """Delete the heartbeats of workers and beats that have been silent for a day."""
    old = "DELETE FROM diagnostics_heartbeat WHERE name ~ %s AND at < clock_timestamp() - %s"
    _write(old, [f"^({PREFIX}|{BEAT})", FORGET_AFTER])


def _write(statement: str, values: list[Any]) -> None:
    """Uses the connection of this thread and keeps it, because connecting costs many times as much as a heartbeat."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
    except DatabaseError as error:
        log.warning("this heartbeat could not be stored: %s", type(error).__name__)
        connection.close()  # the next heartbeat connects
    else:
        if not settings.KEEPS_CONNECTIONS:
            connection.close()
