"""Reads of API tokens: a person's own, and, for an admin, everybody's."""

from django.db.models import QuerySet

from diagnostics.accounts.models import ApiToken, User

MOST_SHOWN = 200


def tokens_of(viewer: User) -> QuerySet[ApiToken]:
    """Those that this person may see and revoke."""
    tokens = ApiToken.objects.select_related("owner")
    return tokens if viewer.is_admin else tokens.filter(owner=viewer)


def newest_tokens(viewer: User) -> list[ApiToken]:
    return list(tokens_of(viewer).order_by("-id")[:MOST_SHOWN])
