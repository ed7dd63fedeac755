"""Reads of people."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef

from diagnostics.accounts.models import User


def people() -> list[Any]:
    """Everybody with an account, those who can sign in first; `has_second_factor` says whether more than a password is
    asked for."""
    factors = Authenticator.objects.filter(user=OuterRef("pk"))
    return list(User.objects.annotate(has_second_factor=Exists(factors)).order_by("-is_active", "username"))
