"""What of everything a person may see: all of it, or, where they are limited, what belongs to clients of their orgs."""

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from diagnostics.accounts.models import User
from diagnostics.orgs.models import OAuthClient

Row = TypeVar("Row", bound=Model)


def visible_clients(viewer: User | None) -> QuerySet[OAuthClient]:
    """Retired ones too. None is the product itself, for instance a command on its own machine."""
    return visible_rows(OAuthClient.objects.all(), viewer, "pk")


def visible_rows(rows: QuerySet[Row], viewer: User | None, client: str = "client") -> QuerySet[Row]:
    """Those of the rows whose client this person may see; `client` is the path from a row to it.

    For who sees everything the query stays as it is, and so does the index it uses.
    """
    if viewer is None or viewer.sees_all:
        return rows
    theirs = OAuthClient.objects.filter(Q(org_id__in=viewer.orgs_in_sight) | Q(created_by=viewer.pk))
    return rows.filter(**{f"{client}__in": theirs.order_by().values("pk")})


def visible_people(viewer: User | None) -> QuerySet[User]:
    """Whose names this person may see in a list: those who share an org with them. Who sees every org shares each."""
    people = User.objects.all()
    if viewer is None or viewer.sees_all:
        return people
    orgs = list(visible_clients(viewer).exclude(org_id="").values_list("org_id", flat=True).distinct().order_by())
    shared = Q(only_orgs__overlap=sorted({*orgs, *viewer.orgs_in_sight}))
    return people.filter(Q(pk=viewer.pk) | Q(role=User.Role.ADMIN) | Q(is_limited=False) | shared)
