"""Limits querysets to what a user can see: everything, or the rows of their orgs' clients."""

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from diagnostics.accounts.models import User
from diagnostics.orgs.models import OAuthClient

Row = TypeVar("Row", bound=Model)


def visible_clients(viewer: User | None) -> QuerySet[OAuthClient]:
    """Return the clients that the viewer can see, including retired ones. None means the system or a command."""
    return visible_rows(OAuthClient.objects.all(), viewer, "pk")


def visible_rows(rows: QuerySet[Row], viewer: User | None, client: str = "client") -> QuerySet[Row]:
    """Return the rows whose client the viewer can see. `client` is the lookup path from a row to its client.

    If the viewer sees everything, the query is unchanged, and so is the index it uses.
    """
    if viewer is None or viewer.sees_all:
        return rows
    allowed = OAuthClient.objects.filter(Q(org_id__in=viewer.orgs_in_sight) | Q(created_by=viewer.pk))
    return rows.filter(**{f"{client}__in": allowed.order_by().values("pk")})


def visible_people(viewer: User | None) -> QuerySet[User]:
    """Return the users whose names the viewer can see: admins, users who see every org, and users who share an org."""
    people = User.objects.all()
    if viewer is None or viewer.sees_all:
        return people
    orgs = list(visible_clients(viewer).exclude(org_id="").values_list("org_id", flat=True).distinct().order_by())
    shared = Q(only_orgs__overlap=sorted({*orgs, *viewer.orgs_in_sight}))
    return people.filter(Q(pk=viewer.pk) | Q(role=User.Role.ADMIN) | Q(is_limited=False) | shared)
