"""What of everything a person may see: all of it, or, where they are limited, what belongs to clients of their orgs."""

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from diagnostics.models import OAuthClient, User

Row = TypeVar("Row", bound=Model)


def visible_clients(viewer: User | None) -> QuerySet[OAuthClient]:
    """Retired ones too. None is the product itself, for instance a command on its own machine."""
    return in_sight(OAuthClient.objects.all(), viewer, "pk")


def in_sight(rows: QuerySet[Row], viewer: User | None, client: str = "client") -> QuerySet[Row]:
    """Those of the rows whose client this person may see; `client` is the path from a row to it.

    For who sees everything the query stays as it is, and so does the index it uses.
    """
    if viewer is None or viewer.sees_all:
        return rows
    theirs = OAuthClient.objects.filter(Q(org_id__in=viewer.orgs_in_sight) | Q(created_by=viewer.pk))
    return rows.filter(**{f"{client}__in": theirs.order_by().values("pk")})
