"""The Celery app. Beat runs the tick only; rows in the database decide what is due."""

import gc
import os
import sys
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init, worker_process_init, worker_ready

from config.embedded.child import announce_ready, die_with_supervised_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

TICK_SECONDS = 10.0
START_DUE_SECONDS = 2.0

app = Celery("cobrowse-doctor", task_cls="diagnostics.telemetry.task_context:ContextTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Celery would close the connection to the database before and after each task. diagnostics.tasks keeps it if it may.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize
app.conf.beat_scheduler = "config.beat:LocalScheduler"
app.conf.beat_schedule = {
    "tick": {"task": "diagnostics.tasks.tick", "schedule": TICK_SECONDS},
    # Frequent, so that schedules start soon after they are due.
    "due": {"task": "diagnostics.tasks.start_due", "schedule": START_DUE_SECONDS},
}


@worker_init.connect
def share_memory_with_pool(**kwargs: Any) -> None:
    """A garbage collection in a process of the pool would otherwise copy the memory that they share."""
    gc.collect()
    gc.freeze()


@worker_process_init.connect
def end_pool_process_with_parent(**kwargs: Any) -> None:
    die_with_supervised_parent()


@beat_init.connect
@worker_ready.connect
def announce_to_supervisor(**kwargs: Any) -> None:
    announce_ready()
