"""Finds a client or a provider that a person may see, or answers 404."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from diagnostics.accounts.models import User
from diagnostics.orgs.models import OAuthClient, Provider
from diagnostics.orgs.visibility import visible_clients, visible_rows


def clients_without_secret(user: User) -> QuerySet[OAuthClient]:
    """Every client this person may see; the secret stays in the database, so a page never decrypts one."""
    return visible_clients(user).defer("secret")


def find_client(pk: int, user: User) -> OAuthClient:
    return get_object_or_404(clients_without_secret(user), pk=pk)


def find_active_client(pk: int, user: User) -> OAuthClient:
    """A retired client can be read, but nothing more can be done with it."""
    return get_object_or_404(clients_without_secret(user), pk=pk, retired_at=None)


def find_provider(pk: int, user: User) -> Provider:
    providers = visible_rows(Provider.objects.select_related("client", "snapshot__started_by"), user)
    return get_object_or_404(providers.defer("client__secret", "snapshot__rights", "snapshot__progress"), pk=pk)
