"""Limits querysets to what a user can see: everything, or the rows of their orgs' clients. Finds one of those rows, or raises 404."""

from typing import TypeVar

from django.db.models import Model, Q, QuerySet
from django.shortcuts import get_object_or_404

from diagnostics.accounts.models import User
from diagnostics.orgs.models import CallFailure, OAuthClient, Provider

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


def clients_without_secret(user: User) -> QuerySet[OAuthClient]:
    """All clients that the user can see. The secret isn't loaded, so pages never decrypt it."""
    return visible_clients(user).defer("secret")


def find_client(pk: int, user: User) -> OAuthClient:
    return get_object_or_404(clients_without_secret(user), pk=pk)


def find_active_client(pk: int, user: User) -> OAuthClient:
    """For changes and new runs, which retired clients don't allow."""
    return get_object_or_404(clients_without_secret(user), pk=pk, retired_at=None)


def find_provider(pk: int, user: User) -> Provider:
    providers = visible_rows(Provider.objects.select_related("client", "sync__started_by"), user)
    return get_object_or_404(providers.defer("client__secret", "sync__permissions", "sync__progress"), pk=pk)


def find_failing_call(pk: int, user: User) -> CallFailure:
    return get_object_or_404(visible_rows(CallFailure.objects.all(), user), pk=pk)
