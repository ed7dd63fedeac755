"""Each worker says every few seconds that it is alive, what it listens to, and how much it has to do."""

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

EVERY_SECONDS = 15.0
FORGOTTEN_AFTER = timedelta(days=1)
PREFIX = "worker:"
HEARTBEAT_SECONDS = """
INSERT INTO diagnostics_heartbeat (name, at, told) VALUES (%s, %s, %s)
ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at, told = EXCLUDED.told
"""
_over = threading.Event()


def worker_began(sender: Any, **given: Any) -> None:
    """For Celery's `worker_ready`: from now on a thread of the worker's first process tells."""
    about = {
        "queues": sorted(each.name for each in sender.task_consumer.queues),
        "processes": getattr(sender.pool, "num_processes", 1),
        "version": product.version(),
        "since": timezone.now().isoformat(),
    }
    _over.clear()
    threading.Thread(target=_beat_until_stopped, args=(sender.hostname, about), daemon=True, name="heartbeat").start()


def worker_ended(sender: Any, **given: Any) -> None:
    """For Celery's `worker_shutdown`: one that ended in order is not missed."""
    _over.set()
    _write("DELETE FROM diagnostics_heartbeat WHERE name = %s", [f"{PREFIX}{sender.hostname}"])


def _beat_until_stopped(hostname: str, about: dict[str, Any]) -> None:
    while not _over.is_set():
        send_heartbeat(hostname, {**about, "busy": len(state.active_requests)})
        _over.wait(EVERY_SECONDS)


def send_heartbeat(hostname: str, about: dict[str, Any]) -> None:
    """And forget those that have been silent for so long that nobody waits for them."""
    now = timezone.now()
    _write(HEARTBEAT_SECONDS, [f"{PREFIX}{hostname}"[:120], now, json.dumps(about)])
    _write("DELETE FROM diagnostics_heartbeat WHERE name LIKE %s AND at < %s", [f"{PREFIX}%", now - FORGOTTEN_AFTER])


def _write(statement: str, values: list[Any]) -> None:
    """Over a connection of its own, closed at once: the worker's processes are forks, and share none with it."""
    own = connections[DEFAULT_DB_ALIAS].copy("heartbeat")
    try:
        with own.cursor() as cursor:
            cursor.execute(statement, values)
    except DatabaseError as trouble:
        log.warning("the database does not know that this worker is alive: %s", type(trouble).__name__)
    finally:
        own.close()
