"""Queries for a client's permissions."""

from diagnostics.orgs.models import ConfigurationSync, OAuthClient
from diagnostics.orgs.queries.syncs import STORED_STATES


def latest_permission_sync(client: OAuthClient) -> ConfigurationSync | None:
    """Return the client's newest sync that stored permissions, if any."""
    syncs = client.syncs.filter(state__in=STORED_STATES).exclude(permissions={})
    return syncs.select_related("started_by").defer("progress").order_by("-id").first()
