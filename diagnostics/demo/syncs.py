"""The syncs of the demo's history: made once after each step of the story by the product, then copied to their times."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from diagnostics.demo import story
from diagnostics.demo.history import copy_of, with_texts
from diagnostics.demo.server import Running
from diagnostics.demo.stage import org_in_state
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange, Provider
from diagnostics.orgs.status import status_from_sync
from diagnostics.orgs.status_rules import ClientStatus
from diagnostics.orgs.sync.lifecycle import run_sync, start_sync

TOOK = timedelta(seconds=9)
MOST_PER_STEP = 3  # an entry counts as removed only after two syncs without it


@dataclass
class RecordedSync:
    """A sync as the product stored it. `copies` are the end times of its copies in the story."""

    snapshot: ConfigurationSync
    changes: list[OrgChange]
    status: ClientStatus
    copies: list[datetime] = field(default_factory=list)


def perform(client: OAuthClient, running: Running) -> list[list[RecordedSync]]:
    """The syncs that find something new after each step of the client's story, one list per step."""
    return [list(_after(step.state, client, running)) for step in story.STEPS[client.name]]


def _after(state: str, client: OAuthClient, running: Running) -> Iterator[RecordedSync]:
    with org_in_state(client, running, state):
        for _ in range(MOST_PER_STEP):
            yield _read(client)
            if not Provider.objects.filter(client=client, missed__gt=0, removed_at=None).exists():
                return


def _read(client: OAuthClient) -> RecordedSync:
    snapshot = start_sync(client, source=ConfigurationSync.Source.DEMO, user=None)
    if snapshot is None:
        raise RuntimeError(f"The org of {client.name} is already syncing.")
    run_sync(snapshot.pk, "demo")
    snapshot.refresh_from_db()
    observed = status_from_sync(snapshot.pk)
    if observed is None or not snapshot.has_data:
        raise RuntimeError(f"The org of {client.name} couldn't be synced: {snapshot.error}")
    changes = list(OrgChange.objects.filter(sync=snapshot).order_by("pk"))
    return RecordedSync(snapshot, changes, observed[0])


@dataclass(frozen=True)
class SyncCopy:
    """A copy of a sync at another time. Only the first copy has the changes. `before` is the end of the previous sync."""

    original: RecordedSync
    at: datetime
    before: datetime | None
    replacements: dict[str, str]

    @property
    def ended(self) -> datetime:
        return self.at + TOOK

    @property
    def is_first(self) -> bool:
        return self.original.copies[0] == self.ended

    def snapshot(self) -> ConfigurationSync:
        row = copy_of(self.original.snapshot)
        row.created_at = row.sent_at = row.claimed_at = self.at
        row.finished_at = self.ended
        row.parts, row.permissions, row.error = (
            with_texts(value, self.replacements) for value in (row.parts, row.permissions, row.error)
        )
        row.changes = len(self.original.changes) if self.is_first else 0
        return row

    def changes(self, snapshot: ConfigurationSync) -> Iterator[OrgChange]:
        for original in self.original.changes if self.is_first else ():
            change = copy_of(original)
            change.sync, change.not_before, change.at = snapshot, self.before, self.ended
            change.before = with_texts(change.before, self.replacements)
            change.after = with_texts(change.after, self.replacements)
            yield change


def copies(
    client: str, originals: list[list[RecordedSync]], today: datetime, replacements: dict[str, str]
) -> Iterator[SyncCopy]:
    """Copies each sync of a step once, in order, and repeats the last one until the next step."""
    copied, before = [0] * len(originals), None
    for at, step in story.sync_times(client, today):
        original = originals[step][min(copied[step], len(originals[step]) - 1)]
        copied[step] += 1
        original.copies.append(at + TOOK)
        yield SyncCopy(original, at, before, replacements)
        before = at + TOOK


def move_providers(client: OAuthClient, originals: list[list[RecordedSync]], last: ConfigurationSync) -> None:
    """Changes the times of the client's providers from those of the originals to those of the copies."""
    used = [recorded for after in originals for recorded in after if recorded.copies]
    times = {recorded.snapshot.pk: recorded.copies for recorded in used}

    def moved(moment: datetime | None, *, to_last: bool = False) -> datetime | None:
        earlier = [recorded for recorded in used if moment is not None and recorded.snapshot.created_at <= moment]
        return (earlier[-1].copies[-1] if to_last else earlier[-1].copies[0]) if earlier else None

    for row in Provider.objects.filter(client=client):
        row.first_seen_at = moved(row.first_seen_at) or used[0].copies[0]
        row.last_seen_at = times.get(row.sync_id or 0, used[-1].copies)[-1]
        row.changed_at, row.removed_at = moved(row.changed_at), moved(row.removed_at)
        row.sync = last if row.removed_at is None else None
        row.save()
