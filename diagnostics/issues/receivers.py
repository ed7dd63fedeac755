"""Updates issues when a run's findings, or the failing calls of a client, are stored."""

from typing import Any

from django.dispatch import receiver

from diagnostics.issues.failing_calls import update_issues_of_failing_calls
from diagnostics.issues.issues import update_issues
from diagnostics.orgs.models import CallFailure, OAuthClient
from diagnostics.orgs.signals import usage_read
from diagnostics.runs.models import Finding, Run
from diagnostics.runs.signals import findings_stored


@receiver(findings_stored)
def update_issues_of_run(sender: type[Run], run: Run, findings: list[Finding], **kwargs: Any) -> None:
    update_issues(run, findings)


@receiver(usage_read)
def update_issues_of_client(sender: type[CallFailure], client: OAuthClient, **kwargs: Any) -> None:
    update_issues_of_failing_calls(client)
