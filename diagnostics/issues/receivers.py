"""What issues do when a run closes."""

from typing import Any

from django.dispatch import receiver

from diagnostics.issues.issues import update_issues_of
from diagnostics.runs.models import Finding, Run
from diagnostics.runs.signals import findings_stored


@receiver(findings_stored)
def update_issues(sender: type[Run], run: Run, findings: list[Finding], **kwargs: Any) -> None:
    update_issues_of(run, findings)
