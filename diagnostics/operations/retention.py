"""Deletes what is past its time: in small batches, each in a short transaction, going on where it was broken off."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.jobs.row_failures import Kind as Failing
from diagnostics.jobs.row_failures import attempt, each_row, is_environment, where, without_set_aside
from diagnostics.operations.models import RetentionPass, RetentionRule
from diagnostics.operations.queries.retention import (
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
from diagnostics.runs.models import Exchange, Run
from diagnostics.web.refusals import ActionRefused

log = logging.getLogger(__name__)

BATCH = 100  # runs deleted in one transaction, with all that belongs to them
LIGHT_BATCH = 500  # rows of a kind to which nothing else belongs
LEASE = timedelta(seconds=60)
RESEND_AFTER = timedelta(seconds=20)
WORK_SECONDS = 240.0  # then the worker is free for others, and the tick rings again
NIGHT_HOUR = 3  # in the zone in which times are shown


@dataclass(frozen=True)
class Batch:
    """The next rows of one kind that go. `work` takes their ids and says, by noun, how many rows went."""

    kind: str
    rows: QuerySet[Any]
    most: int
    work: Callable[[list[int]], dict[str, int]]


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
    if _open_passes().exists():
        raise ActionRefused(
            "A deletion is under way already. Wait for its end; what it leaves can be deleted after it."
        )
    begun = RetentionPass.objects.create(started_by=user, **_audit_values(now or timezone.now()))
    record("retention.begun", begun, after={"older_than": begun.cutoffs}, person=user)
    return begun


def due_passes(now: datetime | None = None) -> tuple[int, ...]:
    """The passes that a worker should take up: the night's, begun here once a day, and those left lying."""
    now = now or timezone.now()
    _begin_nightly(now)
    silent = Q(lease_until=None, started_at__lt=now - RESEND_AFTER) | Q(lease_until__lt=now)
    return tuple(_open_passes().filter(silent).order_by("id").values_list("pk", flat=True)[:10])


def _open_passes() -> QuerySet[RetentionPass]:
    return without_set_aside(RetentionPass.objects.filter(finished_at=None), Failing.RETENTION)


def work_on_pass(pass_id: int, seconds: float = WORK_SECONDS) -> bool:
    """Claim the pass and go on with it, to its end or for about so long. False where another worker has it, or where it
    failed by a fault of ours: then it is taken up again, and ended after three failures.
    """
    return (
        attempt(Failing.RETENTION, pass_id, lambda: _work(pass_id, seconds), _give_up_pass, again=_free_again) is True
    )


def _give_up_pass(pk: int) -> None:
    """Ended, so that the next night's pass can begin."""
    RetentionPass.objects.filter(pk=pk, finished_at=None).update(finished_at=timezone.now(), lease_until=None)


def _free_again(pk: int) -> None:
    RetentionPass.objects.filter(pk=pk, finished_at=None).update(lease_until=timezone.now())


def _work(pass_id: int, seconds: float) -> bool:
    mine = _claim(pass_id)
    if mine is None:
        return False
    ends_at = time.monotonic() + seconds
    try:
        for batch in _batches(mine.cutoffs):
            while _do_safely(mine, batch):
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


def _audit_values(now: datetime) -> dict[str, Any]:
    cutoffs = cutoffs_of(rules_in_force(), now)
    return {"started_at": now, "cutoffs": {kind: at.isoformat() for kind, at in cutoffs.items() if at is not None}}


def _begin_nightly(now: datetime) -> None:
    """One a day: whoever comes second finds the day taken."""
    local = timezone.localtime(now)

    def is_taken() -> bool:
        return RetentionPass.objects.filter(day=local.date()).exists() or _open_passes().exists()

    if local.hour < NIGHT_HOUR or is_taken():
        return
    with transaction.atomic():
        _one_at_a_time()
        if not is_taken():
            RetentionPass.objects.create(day=local.date(), **_audit_values(now))


def _claim(pass_id: int) -> RetentionPass | None:
    now = timezone.now()
    free = RetentionPass.objects.filter(Q(lease_until=None) | Q(lease_until__lte=now), pk=pass_id, finished_at=None)
    if not free.update(lease_until=now + LEASE):
        return None
    return RetentionPass.objects.filter(pk=pass_id, lease_until=now + LEASE).first()


def _held(mine: RetentionPass) -> QuerySet[RetentionPass]:
    return RetentionPass.objects.filter(pk=mine.pk, lease_until=mine.lease_until, finished_at=None)


def _do_safely(mine: RetentionPass, batch: Batch) -> bool:
    """One batch; where it fails, row by row, so that one bad row keeps no other. False where nothing was left to do."""
    try:
        return _do(mine, batch)
    except _LostLease:
        raise
    except Exception as error:
        if is_environment(error):
            raise
        log.warning("retention pass %s: %s, deleting one by one: %s", mine.pk, batch.kind, where(error))
    lost: list[int] = []
    failed: set[int] = set()

    def one(pk: int) -> bool | None:
        failed.add(pk)
        try:
            done = _do(mine, replace(batch, rows=batch.rows.filter(pk=pk)))
        except _LostLease:
            lost.append(pk)
            return None
        failed.discard(pk)
        return done or None

    rows = without_set_aside(batch.rows, batch.kind).values_list("pk", flat=True)
    done = each_row(batch.kind, list(rows[: batch.most]), one)
    if lost:
        raise _LostLease
    return bool(done or failed)


@transaction.atomic
def _do(mine: RetentionPass, batch: Batch) -> bool:
    """One batch, counted in the transaction in which it is done. False where there was nothing left to do."""
    row = _held(mine).select_for_update().first()
    if row is None:
        raise _LostLease
    found = _free(without_set_aside(batch.rows, batch.kind), batch.most)
    done = batch.work(found) if found else {}
    lease = timezone.now() + LEASE
    deleted = Counter(row.deleted)
    deleted.update(done)
    _held(mine).update(lease_until=lease, deleted=dict(deleted))
    mine.lease_until = lease
    return bool(found)


def _batches(cutoffs: dict[str, str]) -> Iterator[Batch]:
    for kind, of_kind in BATCHES.items():
        if kind in cutoffs:
            yield from of_kind(datetime.fromisoformat(cutoffs[kind]))


def _drop_bodies(runs: list[int]) -> dict[str, int]:
    dropped = Exchange.objects.filter(run_id__in=runs).update(body="", request_headers=[], response_headers=[])
    Run.objects.filter(pk__in=runs).update(bodies_dropped_at=timezone.now())
    return {"bodies": dropped, "runs without bodies": len(runs)}


def _of_findings(cutoff: datetime) -> Iterator[Batch]:
    yield _deletion(Failing.RUN_RETENTION, runs_past(cutoff).order_by("created_at"), BATCH)
    yield _deletion(Failing.ISSUE_RETENTION, known_past(cutoff).order_by("last_seen_at"), LIGHT_BATCH)


def _of_bodies(cutoff: datetime) -> Iterator[Batch]:
    yield Batch(Failing.RUN_RETENTION, bodies_past(cutoff).order_by("created_at"), BATCH, _drop_bodies)


def _of_snapshots(cutoff: datetime) -> Iterator[Batch]:
    yield _deletion(Failing.CHANGE_RETENTION, changes_past(cutoff).order_by("at"), LIGHT_BATCH)
    yield _deletion(Failing.SNAPSHOT_RETENTION, snapshots_past(cutoff).order_by("created_at"), BATCH)


BATCHES = {Kind.FINDINGS: _of_findings, Kind.BODIES: _of_bodies, Kind.SNAPSHOTS: _of_snapshots}
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


def _deletion(kind: str, rows: QuerySet[Any], most: int) -> Batch:
    """The rows and what belongs to them. Rows that somebody else holds wait for another night."""

    def delete(pks: list[int]) -> dict[str, int]:
        _, counted = rows.model._default_manager.filter(pk__in=pks).delete()
        names = {label: label.rpartition(".")[2] for label in counted}
        return {NOUNS.get(names[label], names[label]): count for label, count in counted.items() if count}

    return Batch(kind, rows, most, delete)


def _free(rows: QuerySet[Any], limit: int) -> list[int]:
    """Ids of the next few, locked until the transaction ends; what somebody pins in this moment is left out."""
    return list(rows.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True)[:limit])
