"""Updates issues when a run's findings are stored."""

from typing import Any

from django.dispatch import receiver

from diagnostics.issues.issues import update_issues
from diagnostics.runs.models import Finding, Run
from diagnostics.runs.signals import findings_stored


@receiver(findings_stored)
def update_issues_of_run(sender: type[Run], run: Run, findings: list[Finding], **kwargs: Any) -> None:
    update_issues(run, findings)
