"""Reads of what a client may do."""

from diagnostics.orgs.models import ConfigurationSync, OAuthClient
from diagnostics.orgs.queries.syncs import KEPT


def rights_snapshot(client: OAuthClient) -> ConfigurationSync | None:
    """The newest reading that told something of what the client may do; None where none did."""
    kept = client.snapshots.filter(state__in=KEPT).exclude(rights={})
    return kept.select_related("started_by").defer("progress").order_by("-id").first()
