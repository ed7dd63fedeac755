"""Finds an issue that a person may see, or answers 404."""

from django.shortcuts import get_object_or_404

from diagnostics.accounts.models import User
from diagnostics.issues.models import Issue
from diagnostics.orgs.visibility import visible_rows


def find_known(pk: int, user: User) -> Issue:
    known = Issue.objects.select_related("client", "first_run", "last_run", "accepted_by")
    heavy = ("inputs", "verdict", "environment", "planned", "marks")
    runs = [f"{run}__{name}" for run in ("first_run", "last_run") for name in heavy]
    found = visible_rows(known, user).defer("client__secret", "client__verification", *runs)
    return get_object_or_404(found, pk=pk)
