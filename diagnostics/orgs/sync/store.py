"""Stores synced providers and records what changed since the previous sync."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from diagnostics.engine.facts import Change
from diagnostics.orgs.models import ConfigurationSync, OrgChange, Provider
from diagnostics.orgs.sync.changes import (
    APPEARED,
    RETURNED,
    VANISHED,
    draft_changes,
    merged_with_previous,
    provider_changes,
)
from diagnostics.orgs.sync.paging import PageCounts
from diagnostics.orgs.sync.provider_documents import SyncedProvider

UPDATED_FIELDS = [
    "name",
    "state",
    "status",
    "channels",
    "settings",
    "version",
    "draft_is_newer",
    "last_seen_at",
    "changed_at",
    "removed_at",
    "missed",
    "sync",
]
# If a part was read completely before, an unknown provider in it is new.
COMPLETE_STATES = ("whole", "absent")


def last_complete_sync(snapshot: ConfigurationSync, part: str) -> datetime | None:
    """Return when this part of the client's org was last read completely, if ever."""
    syncs = ConfigurationSync.objects.filter(client=snapshot.client_id, pk__lt=snapshot.pk, finished_at__isnull=False)
    times = [
        syncs.filter(parts__contains=[{"part": part, "state": state}])
        .order_by("-id")
        .values_list("finished_at", flat=True)
        .first()
        for state in COMPLETE_STATES
    ]
    return max((time for time in times if time is not None), default=None)


def store_providers(
    snapshot: ConfigurationSync, source: str, providers: Sequence[SyncedProvider], baseline: datetime | None
) -> PageCounts:
    """Store providers and their changes. Call this in a transaction.

    If a sync contains a provider twice, the first one counts. `baseline` is when the part was last read completely; if it is
    None, new providers aren't recorded as changes.
    """
    wanted: dict[str, SyncedProvider] = {}
    for provider in providers:
        wanted.setdefault(provider.ref, provider)
    rows = Provider.objects.filter(client=snapshot.client_id, source=source, ref__in=wanted)
    known = {row.ref: row for row in rows.select_for_update()}
    fresh = [
        provider
        for provider in wanted.values()
        if provider.ref not in known or known[provider.ref].sync_id != snapshot.pk
    ]
    now = timezone.now()
    created = [
        fill_row(Provider(client_id=snapshot.client_id, source=source, ref=provider.ref), provider, snapshot, now)
        for provider in fresh
        if provider.ref not in known
    ]
    Provider.objects.bulk_create(created)
    changes = [provider_change(row, Change(APPEARED), baseline, now) for row in created if baseline is not None]
    updated, unchanged = [], []
    for provider in fresh:
        if (row := known.get(provider.ref)) is None:
            continue
        before, since = synced_provider(row), row.last_seen_at
        after = merged_with_previous(before, provider)
        if after == before and row.removed_at is None:
            unchanged.append(row.pk)
        else:
            changes += [
                provider_change(row, change, since, now) for change in _update(row, before, after, snapshot, now)
            ]
            updated.append(row)
    Provider.objects.filter(pk__in=unchanged).update(last_seen_at=now, missed=0, sync=snapshot)
    Provider.objects.bulk_update(updated, UPDATED_FIELDS, batch_size=100)
    store_changes(snapshot, changes)
    return PageCounts(len(fresh), len(providers) - len(fresh))


def _update(
    row: Provider, before: SyncedProvider, after: SyncedProvider, snapshot: ConfigurationSync, now: datetime
) -> list[Change]:
    """Update the row without saving it, and return what changed."""
    changes = [Change(RETURNED)] if row.removed_at is not None else []
    changes += provider_changes(before, after)
    fill_row(row, after, snapshot, now)
    row.changed_at = now if changes else row.changed_at
    return changes


def fill_row(row: Provider, provider: SyncedProvider, snapshot: ConfigurationSync, now: datetime) -> Provider:
    row.name, row.state, row.status, row.version = provider.name, provider.state, provider.status, provider.version
    row.channels, row.settings, row.draft_is_newer = provider.channels, {**provider.settings}, provider.draft_is_newer
    if provider.is_hidden:
        row.settings["hidden"] = True
    row.last_seen_at, row.removed_at, row.missed, row.sync = now, None, 0, snapshot
    return row


def synced_provider(row: Provider) -> SyncedProvider:
    """Convert a row back to the provider that a sync read."""
    settings = {name: value for name, value in row.settings.items() if name != "hidden"}
    return SyncedProvider(
        source=row.source,
        ref=row.ref,
        name=row.name,
        status=row.status,
        version=row.version,
        settings=settings,
        is_hidden=bool(row.settings.get("hidden")),
        draft_is_newer=row.draft_is_newer,
    )


def store_draft(
    row: Provider, before: SyncedProvider, after: SyncedProvider, baseline: datetime | None
) -> list[OrgChange]:
    """Update the row's draft fields and return the changes, without saving either."""
    now = timezone.now()
    row.draft_is_newer, row.settings = after.draft_is_newer, {**row.settings, "draft": after.settings["draft"]}
    changes = list(draft_changes(before, after))
    row.changed_at = now if changes else row.changed_at
    return [provider_change(row, change, baseline, now) for change in changes]


def store_removed(snapshot: ConfigurationSync, rows: Iterable[Provider]) -> None:
    """Mark providers as removed. Call this in a transaction."""
    now = timezone.now()
    removed = list(rows)
    Provider.objects.filter(pk__in=[row.pk for row in removed]).update(removed_at=now, changed_at=now)
    store_changes(snapshot, [provider_change(row, Change(VANISHED), row.last_seen_at, now) for row in removed])


def store_changes(snapshot: ConfigurationSync, changes: list[OrgChange]) -> None:
    for change in changes:
        change.sync = snapshot
    OrgChange.objects.bulk_create(changes)
    if changes:
        ConfigurationSync.objects.filter(pk=snapshot.pk).update(changes=F("changes") + len(changes))


def provider_change(row: Provider, change: Change, not_before: datetime | None, at: datetime) -> OrgChange:
    named = replace(change, about=row.source, ref=row.ref, name=row.name)
    return org_change(named, row.client_id, not_before, at, provider=row)


def org_change(
    change: Change, client_id: int, not_before: datetime | None, at: datetime, provider: Provider | None = None
) -> OrgChange:
    """The row of a change, not saved. It happened after `not_before`, the previous sync, and not after `at`."""
    return OrgChange(client_id=client_id, provider=provider, not_before=not_before, at=at, **vars(change))
