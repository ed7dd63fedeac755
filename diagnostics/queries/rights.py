"""Reads of what a client may do."""

from diagnostics.models import OAuthClient, Snapshot
from diagnostics.queries.readings import KEPT


def rights_snapshot(client: OAuthClient) -> Snapshot | None:
    """The newest reading that told something of what the client may do; None where none did."""
    kept = client.snapshots.filter(state__in=KEPT).exclude(rights={})
    return kept.select_related("started_by").defer("progress").order_by("-id").first()
