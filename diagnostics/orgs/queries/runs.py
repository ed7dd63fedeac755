"""The runs of a client, read through the reverse relation: this package doesn't import runs."""

from typing import Any

from django.db.models import QuerySet

from diagnostics.orgs.models import OAuthClient

RECENT_RUNS = 8
DEFERRED = ("client__secret", "client__verification", "inputs", "verdict", "environment", "search_keys", "planned")


def runs_of_client(client: OAuthClient) -> QuerySet[Any]:
    """Return the client's runs, newest first, without their large columns."""
    runs: QuerySet[Any] = client.runs.select_related("client", "started_by").defer(*DEFERRED)
    return runs.order_by("-created_at", "-id")
