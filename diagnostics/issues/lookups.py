"""Finds an issue that a user may see, or raises 404."""

from django.shortcuts import get_object_or_404

from diagnostics.accounts.models import User
from diagnostics.issues.models import Issue
from diagnostics.orgs.visibility import visible_rows


def find_issue(pk: int, user: User) -> Issue:
    issues = Issue.objects.select_related("client", "first_run", "last_run", "accepted_by")
    heavy = ("inputs", "verdict", "environment", "planned", "marks")
    runs = [f"{run}__{name}" for run in ("first_run", "last_run") for name in heavy]
    found = visible_rows(issues, user).defer("client__secret", "client__verification", *runs)
    return get_object_or_404(found, pk=pk)
