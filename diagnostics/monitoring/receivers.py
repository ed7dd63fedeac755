"""Receiver of run_closed."""

from typing import Any

from django.dispatch import receiver

from diagnostics.runs.models import Run
from diagnostics.runs.signals import run_closed


@receiver(run_closed)
def update_incidents(sender: type[Run], run: Run, **kwargs: Any) -> None:
    # Imported here, because it loads the comparison of runs, which most commands and processes don't need at start.
    from diagnostics.monitoring.incidents import update_incidents_of  # noqa: PLC0415

    update_incidents_of(run)
