"""Queries for API tokens."""

from django.db.models import QuerySet

from diagnostics.accounts.models import ApiToken, User

MOST_SHOWN = 200


def tokens_of(viewer: User) -> QuerySet[ApiToken]:
    """Tokens that the user may see and revoke: their own, or everyone's for an admin."""
    tokens = ApiToken.objects.select_related("owner")
    return tokens if viewer.is_admin else tokens.filter(owner=viewer)


def newest_tokens(viewer: User) -> list[ApiToken]:
    return list(tokens_of(viewer).order_by("-id")[:MOST_SHOWN])
