"""Queries for the runs and the permissions of a client."""

from typing import Any

from django.db.models import QuerySet

from diagnostics.orgs.models import ConfigurationSync, OAuthClient
from diagnostics.orgs.queries.syncs import STORED_STATES

RECENT_RUNS = 8
DEFERRED = ("client__secret", "client__verification", "inputs", "verdict", "environment", "search_keys", "planned")


def runs_of_client(client: OAuthClient) -> QuerySet[Any]:
    """Return the client's runs, newest first, without their large columns.

    They are read through the reverse relation: this package doesn't import runs.
    """
    runs: QuerySet[Any] = client.runs.select_related("client", "started_by").defer(*DEFERRED)
    return runs.order_by("-created_at", "-id")


def latest_permission_sync(client: OAuthClient) -> ConfigurationSync | None:
    """Return the client's newest sync that stored permissions, if any."""
    syncs = client.syncs.filter(state__in=STORED_STATES).exclude(permissions={})
    return syncs.select_related("started_by").defer("progress").order_by("-id").first()
