"""The story's readings of the orgs: one after each turn, by the product itself, then copied to the hours they were made."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from diagnostics.demo import story
from diagnostics.demo.history import copy_of, with_texts
from diagnostics.demo.server import Running
from diagnostics.demo.stage import set_up
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange, Provider
from diagnostics.orgs.status import status_by
from diagnostics.orgs.status_rules import ClientStatus
from diagnostics.orgs.sync.snapshots import read_snapshot, start_snapshot

TOOK = timedelta(seconds=9)
MOST_AFTER_A_TURN = 3  # what a list leaves out is gone only when it was left out twice


@dataclass
class RecordedSync:
    """One reading as the product stored it. `copies` are the times at which it ends in the story."""

    snapshot: ConfigurationSync
    changes: list[OrgChange]
    stand: ClientStatus
    copies: list[datetime] = field(default_factory=list)


def perform(client: OAuthClient, running: Running) -> list[list[RecordedSync]]:
    """By turn of the client's story, the readings that tell something new."""
    return [list(_after(turn.state, client, running)) for turn in story.TURNS[client.name]]


def _after(state: str, client: OAuthClient, running: Running) -> Iterator[RecordedSync]:
    with set_up(client, running, state):
        for _ in range(MOST_AFTER_A_TURN):
            yield _read(client)
            if not Provider.objects.filter(client=client, missed__gt=0, gone_at=None).exists():
                return


def _read(client: OAuthClient) -> RecordedSync:
    snapshot = start_snapshot(client, source=ConfigurationSync.Source.DEMO, user=None)
    if snapshot is None:
        raise RuntimeError(f"The org of {client.name} is being read by somebody else.")
    read_snapshot(snapshot.pk, "demo")
    snapshot.refresh_from_db()
    looked = status_by(snapshot)
    if looked is None or not snapshot.is_kept:
        raise RuntimeError(f"The org of {client.name} could not be read: {snapshot.error}")
    changes = list(OrgChange.objects.filter(snapshot=snapshot).order_by("pk"))
    return RecordedSync(snapshot, changes, looked[0])


@dataclass(frozen=True)
class SyncCopy:
    """A reading moved to its hour; the first copy of an original tells its changes. `before` is when the one before ended."""

    original: RecordedSync
    at: datetime
    before: datetime | None
    words: dict[str, str]

    @property
    def ended(self) -> datetime:
        return self.at + TOOK

    @property
    def is_first(self) -> bool:
        return self.original.copies[0] == self.ended

    def snapshot(self) -> ConfigurationSync:
        row = copy_of(self.original.snapshot)
        row.created_at = row.rung_at = row.taken_up_at = self.at
        row.finished_at = self.ended
        row.parts, row.rights, row.error = (with_texts(each, self.words) for each in (row.parts, row.rights, row.error))
        row.changes = len(self.original.changes) if self.is_first else 0
        return row

    def changes(self, snapshot: ConfigurationSync) -> Iterator[OrgChange]:
        for each in self.original.changes if self.is_first else ():
            change = copy_of(each)
            change.snapshot, change.not_before, change.at = snapshot, self.before, self.ended
            change.before, change.after = with_texts(change.before, self.words), with_texts(change.after, self.words)
            yield change


def copies(
    client: str, originals: list[list[RecordedSync]], today: datetime, words: dict[str, str]
) -> Iterator[SyncCopy]:
    """After a turn each of its originals once, in their order, and the last one until the next turn."""
    made, before = [0] * len(originals), None
    for at, turn in story.readings(client, today):
        original = originals[turn][min(made[turn], len(originals[turn]) - 1)]
        made[turn] += 1
        original.copies.append(at + TOOK)
        yield SyncCopy(original, at, before, words)
        before = at + TOOK


def move_providers(client: OAuthClient, originals: list[list[RecordedSync]], last: ConfigurationSync) -> None:
    """Their times, from those at which the originals were made to those at which the story has them."""
    told = [each for after in originals for each in after if each.copies]
    times = {each.snapshot.pk: each.copies for each in told}

    def moved(moment: datetime | None, *, to_last: bool = False) -> datetime | None:
        made = [each for each in told if moment is not None and each.snapshot.created_at <= moment]
        return (made[-1].copies[-1] if to_last else made[-1].copies[0]) if made else None

    for row in Provider.objects.filter(client=client):
        row.first_seen_at = moved(row.first_seen_at) or told[0].copies[0]
        row.last_seen_at = times.get(row.snapshot_id or 0, told[-1].copies)[-1]
        row.changed_at, row.gone_at = moved(row.changed_at), moved(row.gone_at)
        row.snapshot = last if row.gone_at is None else None
        row.save()
