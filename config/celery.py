"""The Celery app. Beat only ticks: what is due is decided by rows in the database."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_process_init, worker_ready

from config import queues
from config.embedded.child import announce_ready, die_with_supervised_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

TICK_SECONDS = 10.0
DUE_SECONDS = 2.0

app = Celery("cobrowse-doctor", task_cls="diagnostics.telemetry.task_context:CarriedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "tick": {
        "task": "diagnostics.tasks.tick",
        "schedule": TICK_SECONDS,
        # A tick that waited for a worker is worthless: the next one looks at the same rows.
        "options": {"expires": TICK_SECONDS, "queue": queues.TICKS},
    },
    # One query, most of the time: so that a schedule starts soon after it is due.
    "due": {
        "task": "diagnostics.tasks.start_due",
        "schedule": DUE_SECONDS,
        "options": {"expires": DUE_SECONDS, "queue": queues.TICKS},
    },
}


@worker_process_init.connect
def end_with_the_worker(**kwargs: Any) -> None:
    die_with_supervised_parent()


@beat_init.connect
@worker_ready.connect
def announce_to_supervisor(**kwargs: Any) -> None:
    announce_ready()
