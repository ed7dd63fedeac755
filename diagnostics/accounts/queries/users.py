"""Queries for users."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef

from diagnostics.accounts.models import User


def people() -> list[Any]:
    """All users, active ones first, annotated with `has_second_factor`."""
    factors = Authenticator.objects.filter(user=OuterRef("pk"))
    return list(User.objects.annotate(has_second_factor=Exists(factors)).order_by("-is_active", "username"))
