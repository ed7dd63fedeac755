"""Receivers of what runs and issues do."""

from typing import Any

from django.dispatch import receiver

from diagnostics.issues.models import Issue
from diagnostics.issues.signals import issues_changed
from diagnostics.monitoring.events import queue_issue_changes, queue_run_ended
from diagnostics.runs.models import Run
from diagnostics.runs.signals import run_closed, run_ended


@receiver(run_closed)
def update_incidents(sender: type[Run], run: Run, **kwargs: Any) -> None:
    # Imported here, because it loads the comparison of runs, which most commands and processes don't need at start.
    from diagnostics.monitoring.incidents import update_incidents_of  # noqa: PLC0415

    update_incidents_of(run)


@receiver(run_ended)
def send_run_event(sender: type[Run], run: Run, **kwargs: Any) -> None:
    queue_run_ended(run.pk)


@receiver(issues_changed)
def send_issue_events(sender: type[Issue], changes: list[tuple[int, str]], **kwargs: Any) -> None:
    queue_issue_changes(changes)
