"""Deletes what is past its time: in small batches, each in a short transaction, going on where it was broken off."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from diagnostics.models import Exchange, RetentionPass, RetentionRule, Run, User
from diagnostics.queries.retention import (
    Kind,
    Rules,
    bodies_past,
    changes_past,
    cutoffs_of,
    known_past,
    rules_in_force,
    runs_past,
    snapshots_past,
)
from diagnostics.services.audit import record
from diagnostics.services.diagnosing import Refused

log = logging.getLogger(__name__)

BATCH = 100  # runs deleted in one transaction, with all that belongs to them
LIGHT_BATCH = 500  # rows of a kind to which nothing else belongs
LEASE = timedelta(seconds=60)
RING_AGAIN_AFTER = timedelta(seconds=20)
WORK_SECONDS = 240.0  # then the worker is free for others, and the tick rings again
NIGHT_HOUR = 3  # in the zone in which times are shown

Batch = Callable[[], dict[str, int]]


@transaction.atomic
def save_rules(rules: Rules, user: User) -> None:
    """Those that differ from what is in force now."""
    before = rules_in_force()
    for kind, days in rules.items():
        if days != before[kind]:
            changed = {"days": days, "changed_by": user, "changed_at": timezone.now()}
            rule, _ = RetentionRule.objects.update_or_create(kind=kind, defaults=changed)
            told = ({"days": before[kind]}, {"days": days})
            record("retention.changed", rule, before=told[0], after=told[1], name=rule.get_kind_display(), person=user)


@transaction.atomic
def start_pass(user: User | None, now: datetime | None = None) -> RetentionPass:
    """A deletion by the rules in force, which a worker then does. Raises Refused while another is under way."""
    _one_at_a_time()
    if RetentionPass.objects.filter(finished_at=None).exists():
        raise Refused("A deletion is under way already. Wait for its end; what it leaves can be deleted after it.")
    begun = RetentionPass.objects.create(started_by=user, **_told(now or timezone.now()))
    record("retention.begun", begun, after={"older_than": begun.cutoffs}, person=user)
    return begun


def due_passes(now: datetime | None = None) -> tuple[int, ...]:
    """The passes that a worker should take up: the night's, begun here once a day, and those left lying."""
    now = now or timezone.now()
    _begin_nightly(now)
    silent = Q(lease_until=None, started_at__lt=now - RING_AGAIN_AFTER) | Q(lease_until__lt=now)
    return tuple(
        RetentionPass.objects.filter(silent, finished_at=None).order_by("id").values_list("pk", flat=True)[:10]
    )


def work_on_pass(pass_id: int, seconds: float = WORK_SECONDS) -> bool:
    """Claim the pass and go on with it, to its end or for about so long. False where another worker has it."""
    mine = _claim(pass_id)
    if mine is None:
        return False
    ends_at = time.monotonic() + seconds
    try:
        for batch in _batches(mine.cutoffs):
            while _do(mine, batch):
                if time.monotonic() >= ends_at:
                    _held(mine).update(lease_until=timezone.now())
                    return True
        _held(mine).update(finished_at=timezone.now(), lease_until=None)
    except _LostLease:
        log.warning("retention pass %s was taken over by another worker", pass_id)
    return True


@transaction.atomic
def pin_run(run: Run, user: User) -> bool:
    """A pinned run is never deleted, and keeps its bodies. False where it was pinned already."""
    free = Run.objects.filter(pk=run.pk, pinned_at=None)
    if not free.update(pinned_at=timezone.now(), pinned_by=user):
        return False
    record("run.pinned", run, person=user)
    return True


@transaction.atomic
def unpin_run(run: Run) -> bool:
    pinned = Run.objects.filter(pk=run.pk, pinned_at__isnull=False)
    if not pinned.update(pinned_at=None, pinned_by=None):
        return False
    record("run.unpinned", run)
    return True


class _LostLease(Exception):
    """Another worker goes on with the pass."""


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('start of a retention pass', 0))")


def _told(now: datetime) -> dict[str, Any]:
    cutoffs = cutoffs_of(rules_in_force(), now)
    return {"started_at": now, "cutoffs": {kind: at.isoformat() for kind, at in cutoffs.items() if at is not None}}


def _begin_nightly(now: datetime) -> None:
    """One a day: whoever comes second finds the day taken."""
    local = timezone.localtime(now)
    passes = RetentionPass.objects.filter(Q(day=local.date()) | Q(finished_at=None))
    if local.hour < NIGHT_HOUR or passes.exists():
        return
    with transaction.atomic():
        _one_at_a_time()
        if not passes.all().exists():
            RetentionPass.objects.create(day=local.date(), **_told(now))


def _claim(pass_id: int) -> RetentionPass | None:
    now = timezone.now()
    free = RetentionPass.objects.filter(Q(lease_until=None) | Q(lease_until__lte=now), pk=pass_id, finished_at=None)
    if not free.update(lease_until=now + LEASE):
        return None
    return RetentionPass.objects.filter(pk=pass_id, lease_until=now + LEASE).first()


def _held(mine: RetentionPass) -> QuerySet[RetentionPass]:
    return RetentionPass.objects.filter(pk=mine.pk, lease_until=mine.lease_until, finished_at=None)


@transaction.atomic
def _do(mine: RetentionPass, batch: Batch) -> bool:
    """One batch, counted in the transaction in which it is done. False where there was nothing left to do."""
    row = _held(mine).select_for_update().first()
    if row is None:
        raise _LostLease
    done = batch()
    lease = timezone.now() + LEASE
    deleted = Counter(row.deleted)
    deleted.update(done)
    _held(mine).update(lease_until=lease, deleted=dict(deleted))
    mine.lease_until = lease
    return bool(done)


def _batches(cutoffs: dict[str, str]) -> Iterator[Batch]:
    for kind, of_kind in BATCHES.items():
        if kind in cutoffs:
            cutoff = datetime.fromisoformat(cutoffs[kind])
            yield from (partial(each, cutoff) for each in of_kind)


def _delete_runs(cutoff: datetime) -> dict[str, int]:
    return _delete(runs_past(cutoff).order_by("created_at"), BATCH)


def _delete_known(cutoff: datetime) -> dict[str, int]:
    return _delete(known_past(cutoff).order_by("last_seen_at"), LIGHT_BATCH)


def _drop_bodies(cutoff: datetime) -> dict[str, int]:
    runs = _free(bodies_past(cutoff).order_by("created_at"), BATCH)
    if not runs:
        return {}
    dropped = Exchange.objects.filter(run_id__in=runs).update(body="", request_headers=[], response_headers=[])
    Run.objects.filter(pk__in=runs).update(bodies_dropped_at=timezone.now())
    return {"bodies": dropped, "runs without bodies": len(runs)}


def _delete_changes(cutoff: datetime) -> dict[str, int]:
    return _delete(changes_past(cutoff).order_by("at"), LIGHT_BATCH)


def _delete_snapshots(cutoff: datetime) -> dict[str, int]:
    return _delete(snapshots_past(cutoff).order_by("created_at"), BATCH)


BATCHES = {
    Kind.FINDINGS: (_delete_runs, _delete_known),
    Kind.BODIES: (_drop_bodies,),
    Kind.SNAPSHOTS: (_delete_changes, _delete_snapshots),
}
NOUNS = {
    "Run": "runs",
    "Finding": "findings",
    "Exchange": "exchanges",
    "Watch": "watches",
    "KnownFinding": "known findings",
    "FindingNote": "notes",
    "OrgChange": "changes in orgs",
    "Snapshot": "snapshots",
}


def _delete(rows: QuerySet[Any], limit: int) -> dict[str, int]:
    """The next few and what belongs to them, by noun how many. Rows that somebody else holds wait for another night."""
    found = _free(rows, limit)
    if not found:
        return {}
    _, counted = rows.model._default_manager.filter(pk__in=found).delete()
    names = {label: label.rpartition(".")[2] for label in counted}
    return {NOUNS.get(names[label], names[label]): count for label, count in counted.items() if count}


def _free(rows: QuerySet[Any], limit: int) -> list[int]:
    """Ids of the next few, locked until the transaction ends; what somebody pins in this moment is left out."""
    return list(rows.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True)[:limit])
