"""Finds a client, provider or failing call that the user can see, or raises 404."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from diagnostics.accounts.models import User
from diagnostics.orgs.models import CallFailure, OAuthClient, Provider
from diagnostics.orgs.visibility import visible_clients, visible_rows


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
