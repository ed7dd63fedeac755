"""Receiver of run_closed."""

from typing import Any

from django.dispatch import receiver

from diagnostics.monitoring.incidents import update_incidents_of
from diagnostics.runs.models import Run
from diagnostics.runs.signals import run_closed


@receiver(run_closed)
def update_incidents(sender: type[Run], run: Run, **kwargs: Any) -> None:
    update_incidents_of(run)
