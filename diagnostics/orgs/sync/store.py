"""What an org told becomes rows: providers as they are now, and what became different since the reading before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from diagnostics.orgs.models import ConfigurationSync, OrgChange, Provider
from diagnostics.orgs.provider_changes import (
    APPEARED,
    RETURNED,
    VANISHED,
    ProviderChange,
    carried_on,
    draft_changes,
    provider_changes,
)
from diagnostics.orgs.sync.provider_documents import SyncedProvider

WRITTEN = [
    "name",
    "state",
    "status",
    "channels",
    "settings",
    "version",
    "draft_is_newer",
    "last_seen_at",
    "changed_at",
    "gone_at",
    "missed",
    "snapshot",
]
# A part that was read whole before: only then is what it tells now known to be new.
READ_WHOLE = ("whole", "absent")


def last_whole(snapshot: ConfigurationSync, part: str) -> datetime | None:
    """When this part of the client's org was last read whole, None where it never was."""
    kept = ConfigurationSync.objects.filter(client=snapshot.client_id, pk__lt=snapshot.pk, finished_at__isnull=False)
    times = [
        kept.filter(parts__contains=[{"part": part, "state": state}])
        .order_by("-id")
        .values_list("finished_at", flat=True)
        .first()
        for state in READ_WHOLE
    ]
    return max((each for each in times if each is not None), default=None)


@dataclass(frozen=True)
class Stored:
    """How many of a page were new to this reading, and how many it had told before."""

    fresh: int
    repeated: int


def store_providers(
    snapshot: ConfigurationSync, source: str, told: Sequence[SyncedProvider], baseline: datetime | None
) -> Stored:
    """Within a transaction. Of what is told twice in one reading the first counts; `baseline` is when the part was last
    read whole, None where that never happened and so nothing can be said to have appeared."""
    wanted: dict[str, SyncedProvider] = {}
    for each in told:
        wanted.setdefault(each.ref, each)
    rows = Provider.objects.filter(client=snapshot.client_id, source=source, ref__in=wanted)
    known = {row.ref: row for row in rows.select_for_update()}
    fresh = [each for each in wanted.values() if each.ref not in known or known[each.ref].snapshot_id != snapshot.pk]
    now = timezone.now()
    made = [
        put(Provider(client_id=snapshot.client_id, source=source, ref=each.ref), each, snapshot, now)
        for each in fresh
        if each.ref not in known
    ]
    Provider.objects.bulk_create(made)
    changes = [change_of(row, ProviderChange(APPEARED), baseline, now) for row in made if baseline is not None]
    touched, unchanged = [], []
    for each in fresh:
        if (row := known.get(each.ref)) is None:
            continue
        before, since = synced_provider(row), row.last_seen_at
        after = carried_on(before, each)
        if after == before and row.gone_at is None:
            unchanged.append(row.pk)
        else:
            changes += [change_of(row, found, since, now) for found in _renewed(row, before, after, snapshot, now)]
            touched.append(row)
    Provider.objects.filter(pk__in=unchanged).update(last_seen_at=now, missed=0, snapshot=snapshot)
    Provider.objects.bulk_update(touched, WRITTEN, batch_size=100)
    keep_changes(snapshot, changes)
    return Stored(len(fresh), len(told) - len(fresh))


def _renewed(
    row: Provider, before: SyncedProvider, after: SyncedProvider, snapshot: ConfigurationSync, now: datetime
) -> list[ProviderChange]:
    """The row as it is told now; returns what became different."""
    found = [ProviderChange(RETURNED)] if row.gone_at is not None else []
    found += provider_changes(before, after)
    put(row, after, snapshot, now)
    row.changed_at = now if found else row.changed_at
    return found


def put(row: Provider, told: SyncedProvider, snapshot: ConfigurationSync, now: datetime) -> Provider:
    row.name, row.state, row.status, row.version = told.name, told.state, told.status, told.version
    row.channels, row.settings, row.draft_is_newer = told.channels, {**told.settings}, told.draft_is_newer
    if told.is_hidden:
        row.settings["hidden"] = True
    row.last_seen_at, row.gone_at, row.missed, row.snapshot = now, None, 0, snapshot
    return row


def synced_provider(row: Provider) -> SyncedProvider:
    """The row as a reading would tell it."""
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
    row: Provider, before: SyncedProvider, told: SyncedProvider, baseline: datetime | None
) -> list[OrgChange]:
    """The row with what its configuration's draft says; the caller saves both."""
    now = timezone.now()
    row.draft_is_newer, row.settings = told.draft_is_newer, {**row.settings, "draft": told.settings["draft"]}
    found = list(draft_changes(before, told))
    row.changed_at = now if found else row.changed_at
    return [change_of(row, each, baseline, now) for each in found]


def store_gone(snapshot: ConfigurationSync, rows: Iterable[Provider]) -> None:
    """Within a transaction: these were proved gone."""
    now = timezone.now()
    gone = list(rows)
    Provider.objects.filter(pk__in=[row.pk for row in gone]).update(gone_at=now, changed_at=now)
    keep_changes(snapshot, [change_of(row, ProviderChange(VANISHED), row.last_seen_at, now) for row in gone])


def keep_changes(snapshot: ConfigurationSync, changes: list[OrgChange]) -> None:
    for each in changes:
        each.snapshot = snapshot
    OrgChange.objects.bulk_create(changes)
    if changes:
        ConfigurationSync.objects.filter(pk=snapshot.pk).update(changes=F("changes") + len(changes))


def change_of(row: Provider, change: ProviderChange, not_before: datetime | None, at: datetime) -> OrgChange:
    return OrgChange(
        client_id=row.client_id,
        provider=row,
        about=row.source,
        ref=row.ref,
        name=row.name,
        kind=change.kind,
        setting=change.setting,
        before=change.before,
        after=change.after,
        not_before=not_before,
        at=at,
    )
