"""Reads of people."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef

from diagnostics.models import OAuthClient, User


def people() -> list[Any]:
    """Everybody with an account, those who can sign in first; `has_second_factor` says whether more than a password is
    asked for."""
    factors = Authenticator.objects.filter(user=OuterRef("pk"))
    return list(User.objects.annotate(has_second_factor=Exists(factors)).order_by("-is_active", "username"))


def orgs() -> dict[str, str]:
    """Id -> name of every org that a client is of."""
    rows = OAuthClient.objects.exclude(org_id="").order_by("pk").values_list("org_id", "org_name", "region")
    return {org: f"{name or org} ({region})" for org, name, region in rows}
