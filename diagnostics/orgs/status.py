"""Stores each client's status: whether cobrowse can work in its org, and since when."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from diagnostics.engine import causes
from diagnostics.engine.facts import ProviderCounts
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange, Provider
from diagnostics.orgs.permissions.synced import parse_client_permissions
from diagnostics.orgs.status_rules import UNKNOWN, ClientStatus, SyncPart, status_from_parts, status_from_steps

# For this long, an unknown result doesn't replace a known status; pages show its age.
UNKNOWN_GRACE = timedelta(hours=24)
STATUS_FIELDS = ("status", "status_cause", "status_reason", "status_since", "status_at")


def update_status_from_sync(snapshot: ConfigurationSync) -> None:
    """Store what a finished sync shows about its client's org."""
    found = status_from_sync(snapshot.pk)
    if found is not None:
        store_status(snapshot.client_id, *found)


def update_status_from_verification(client_id: int, steps: list[dict[str, Any]]) -> None:
    """Store that the org rejected the client's credentials. Other verification results don't affect the status."""
    status = status_from_steps(steps)
    if status is not None:
        store_status(client_id, status, timezone.now())


def status_from_sync(pk: int) -> tuple[ClientStatus, datetime] | None:
    """Return the status and the time it applies to, or None if the sync isn't finished. The sync is loaded again."""
    snapshot = ConfigurationSync.objects.get(pk=pk)
    if snapshot.is_open or snapshot.finished_at is None:
        return None
    parts = {
        str(part.get("part", "")): SyncPart(
            str(part.get("state", "")), str(part.get("code", "")), str(part.get("sentence", ""))
        )
        for part in snapshot.parts
    }
    counts = _provider_counts(snapshot.client_id)
    status = status_from_parts(
        parts,
        parse_client_permissions(snapshot.permissions),
        counts[Provider.Source.DEPLOYMENT],
        counts[Provider.Source.GATEWAY],
        "" if snapshot.has_data else snapshot.error or "The org could not be read.",
    )
    return status, snapshot.finished_at


def _provider_counts(client_id: int) -> dict[str, ProviderCounts]:
    """Count the client's current providers by source and state."""
    current = Provider.objects.filter(client=client_id, removed_at=None).order_by()
    counted = current.values_list("source", "state").annotate(count=Count("id"))
    counts = {(source, state): count for source, state, count in counted}
    return {
        source: ProviderCounts(**{state.value: counts.get((source.value, state.value), 0) for state in Provider.State})
        for source in Provider.Source
    }


@transaction.atomic
def store_status(client_id: int, status: ClientStatus, at: datetime) -> None:
    """Store the status unless a newer one is stored, and record a change."""
    client = OAuthClient.objects.select_for_update(no_key=True).only("retired_at", *STATUS_FIELDS).get(pk=client_id)
    before, checked_at = client.status, client.status_at
    if client.is_retired or (checked_at is not None and at <= checked_at):
        return
    if status.word == UNKNOWN != before and checked_at is not None and at - checked_at < UNKNOWN_GRACE:
        return
    client.status, client.status_cause, client.status_at = status.word, status.cause, at
    client.status_reason = status.reason
    if status.word != before or client.status_since is None:
        client.status_since = at
    client.save(update_fields=STATUS_FIELDS)
    if status.word != before:
        _record_change(client, before, checked_at, at)


def _record_change(client: OAuthClient, before: str, checked_at: datetime | None, at: datetime) -> None:
    OrgChange.objects.create(
        client_id=client.pk,
        about=OrgChange.About.STATUS,
        kind=OrgChange.Kind.CHANGED,
        ref=client.status_cause,
        name=causes.title_of(client.status_cause) if client.status_cause else "",
        setting="status",
        before=OAuthClient.Status(before).label,
        after=OAuthClient.Status(client.status).label,
        not_before=checked_at,
        at=at,
    )
