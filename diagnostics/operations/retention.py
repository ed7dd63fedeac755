"""Deletes expired rows, and continues after an interruption.

Findings and requests of old months are dropped at once, all else is deleted in small batches, each in a short transaction.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.batches.models import Batch, BatchGroup
from diagnostics.issues.models import Issue, IssueNote
from diagnostics.jobs.leases import claim, leased
from diagnostics.jobs.row_failures import Kind as Failing
from diagnostics.jobs.row_failures import (
    attempt,
    error_location,
    is_busy,
    is_environment,
    process_rows,
    without_set_aside,
)
from diagnostics.monitoring.models import Delivery
from diagnostics.operations.models import RetentionPass, RetentionRule
from diagnostics.operations.queries.retention import (
    Kind,
    Rules,
    batches_past,
    bodies_past,
    changes_past,
    cutoffs_of,
    issues_past,
    rules_in_force,
    runs_of_dropped_months,
    syncs_past,
)
from diagnostics.orgs.models import ConfigurationSync, OrgChange
from diagnostics.runs.models import Exchange, Finding, Run, Watch
from diagnostics.runs.months import drop_month, expired_months, has_lost_findings, runs_without_findings
from diagnostics.storage.clock import DATABASE_NOW, database_now
from diagnostics.storage.locks import lock_until_commit
from diagnostics.web.refusals import ActionRefused

log = logging.getLogger(__name__)

BATCH = 100  # runs deleted in one transaction, with their dependent rows
ROW_BATCH = 500  # rows of a kind without dependent rows
LEASE = timedelta(seconds=60)
RESEND_AFTER = timedelta(seconds=20)
WORK_SECONDS = 240.0  # then the worker is free for other tasks, and the tick sends the pass again
NIGHT_HOUR = 3  # in TIME_ZONE
# A month is in use while a long statement reads it, such as that of a backup. The nightly pass then tries again.
DROP_AGAIN_AFTER = timedelta(minutes=5)
DROP_TRIED_FOR = timedelta(hours=6)
START_LOCK = "start of a retention pass"


@dataclass(frozen=True)
class DeletionBatch:
    """The next expired rows of one kind. `work` takes their IDs and returns the numbers of deleted rows by noun."""

    kind: str
    rows: QuerySet[Any]
    most: int
    work: Callable[[list[int]], dict[str, int]]


@transaction.atomic
def save_rules(rules: Rules, user: User) -> None:
    """Store the rules that differ from those in force."""
    before = rules_in_force()
    for kind, days in rules.items():
        if days != before[kind]:
            changed = {"days": days, "changed_by": user, "changed_at": database_now()}
            rule, _ = RetentionRule.objects.update_or_create(kind=kind, defaults=changed)
            was, now, name = {"days": before[kind]}, {"days": days}, rule.get_kind_display()
            record("retention.changed", rule, before=was, after=now, name=name, person=user)


@transaction.atomic
def start_pass(user: User | None, now: datetime | None = None) -> RetentionPass:
    """Create a pass by the rules in force, for a worker to execute. Raises ActionRefused while another one is open."""
    lock_until_commit(START_LOCK)
    if _open_passes().exists():
        raise ActionRefused("A cleanup is running. Try again when it has finished.")
    retention_pass = RetentionPass.objects.create(started_by=user, **_pass_values(now or database_now()))
    record("retention.begun", retention_pass, after={"older_than": retention_pass.cutoffs}, person=user)
    return retention_pass


def due_passes(now: datetime | None = None) -> tuple[int, ...]:
    """IDs of the passes to send to a worker: the nightly one, created here, and those without a living worker."""
    now = now or database_now()
    _begin_nightly(now)
    silent = Q(lease_until=None, started_at__lt=now - RESEND_AFTER) | Q(lease_until__lt=now)
    return tuple(_open_passes().filter(silent).order_by("id").values_list("pk", flat=True)[:10])


def _open_passes() -> QuerySet[RetentionPass]:
    return without_set_aside(RetentionPass.objects.filter(finished_at=None), Failing.RETENTION)


def work_on_pass(pass_id: int, seconds: float = WORK_SECONDS) -> bool:
    """Claim the pass and work on it for about `seconds`.

    False if another worker has it, or if it failed: it is then retried, and ended after three failures.
    """
    return attempt(Failing.RETENTION, pass_id, lambda: _work(pass_id, seconds), _give_up_pass, again=_release) is True


def _give_up_pass(pk: int) -> None:
    """End the pass, so that the next nightly one can begin."""
    RetentionPass.objects.filter(pk=pk, finished_at=None).update(finished_at=DATABASE_NOW, lease_until=None)


def _release(pk: int) -> None:
    RetentionPass.objects.filter(pk=pk, finished_at=None).update(lease_until=DATABASE_NOW)


def _work(pass_id: int, seconds: float) -> bool:
    now = database_now()
    free = RetentionPass.objects.filter(Q(lease_until=None) | Q(lease_until__lte=now), finished_at=None)
    retention_pass = claim(free, pass_id, LEASE, now)
    if retention_pass is None:
        return False
    ends_at = time.monotonic() + seconds
    try:
        failure = _drop_months(retention_pass)
        for batch in _batches(retention_pass.cutoffs):
            while _delete_safely(retention_pass, batch):
                if time.monotonic() >= ends_at:
                    leased(retention_pass).update(lease_until=DATABASE_NOW)
                    return True
        if failure is not None and not is_busy(failure):
            raise failure
        _finish(retention_pass, are_dropped=failure is None)
    except _LostLease:
        log.warning("retention pass %s was claimed by another worker", pass_id)
    return True


def _drop_months(retention_pass: RetentionPass) -> DatabaseError | None:
    """Drop what is expired. Returns the error of a month that can't be dropped now, which doesn't hold up the other rows."""
    if Kind.FINDINGS not in retention_pass.cutoffs:
        return None
    cutoff = datetime.fromisoformat(retention_pass.cutoffs[Kind.FINDINGS])
    for month in expired_months(cutoff):
        try:
            with _counted(retention_pass) as deleted:
                deleted.update(drop_month(month, cutoff))
        except DatabaseError as error:
            if is_environment(error):
                raise
            log.warning(
                "retention pass %s: the month %s wasn't dropped: %s",
                retention_pass.pk, month.name, error_location(error),
            )  # fmt: skip
            return error
    return None


def _finish(retention_pass: RetentionPass, *, are_dropped: bool) -> None:
    is_tried_again = retention_pass.day and database_now() - retention_pass.started_at < DROP_TRIED_FOR
    if are_dropped or not is_tried_again:
        leased(retention_pass).update(finished_at=DATABASE_NOW, lease_until=None, left_month=not are_dropped)
    else:
        leased(retention_pass).update(lease_until=database_now() + DROP_AGAIN_AFTER)


@transaction.atomic
def pin_run(run: Run, user: User) -> bool:
    """A pinned run is never deleted, and keeps its bodies. False if it was pinned already. Raises ActionRefused."""
    if has_lost_findings(run):
        raise ActionRefused(f"Run {run.pk} can't be kept: its findings were deleted, and the run will be deleted soon.")
    free = Run.objects.filter(pk=run.pk, pinned_at=None)
    if not free.update(pinned_at=DATABASE_NOW, pinned_by=user):
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
    """Another worker has claimed the pass."""


def _pass_values(now: datetime) -> dict[str, Any]:
    cutoffs = cutoffs_of(rules_in_force(), now)
    return {"started_at": now, "cutoffs": {kind: at.isoformat() for kind, at in cutoffs.items() if at is not None}}


def _begin_nightly(now: datetime) -> None:
    """Create the day's pass, once, unless another pass is open."""
    local = timezone.localtime(now)

    def exists() -> bool:
        return RetentionPass.objects.filter(day=local.date()).exists() or _open_passes().exists()

    if local.hour < NIGHT_HOUR or exists():
        return
    with transaction.atomic():
        lock_until_commit(START_LOCK)
        if not exists():
            RetentionPass.objects.create(day=local.date(), **_pass_values(now))


def _delete_safely(retention_pass: RetentionPass, batch: DeletionBatch) -> bool:
    """One batch; if it fails, row by row, so that one bad row doesn't block the others. False if nothing was left."""
    try:
        return _delete_batch(retention_pass, batch)
    except _LostLease:
        raise
    except Exception as error:
        if is_environment(error):
            raise
        log.warning(
            "retention pass %s: %s, deleting one by one: %s", retention_pass.pk, batch.kind, error_location(error)
        )
    lost: list[int] = []
    failed: set[int] = set()

    def one(pk: int) -> bool | None:
        failed.add(pk)
        try:
            done = _delete_batch(retention_pass, replace(batch, rows=batch.rows.filter(pk=pk)))
        except _LostLease:
            lost.append(pk)
            return None
        failed.discard(pk)
        return done or None

    rows = without_set_aside(batch.rows, batch.kind).values_list("pk", flat=True)
    done = process_rows(batch.kind, list(rows[: batch.most]), one)
    if lost:
        raise _LostLease
    return bool(done or failed)


def _delete_batch(retention_pass: RetentionPass, batch: DeletionBatch) -> bool:
    """One batch, counted in the same transaction. False if nothing was left."""
    with _counted(retention_pass) as deleted:
        free = without_set_aside(batch.rows, batch.kind).select_for_update(of=("self",), skip_locked=True)
        found = list(free.values_list("pk", flat=True)[: batch.most])
        deleted.update(batch.work(found) if found else {})
    return bool(found)


@contextmanager
def _counted(retention_pass: RetentionPass) -> Iterator[Counter[str]]:
    """A transaction of the pass, with the numbers of deleted rows to add to. Raises _LostLease."""
    with transaction.atomic():
        row = leased(retention_pass).select_for_update().first()
        if row is None:
            raise _LostLease
        deleted = Counter(row.deleted)
        yield deleted
        lease = database_now() + LEASE
        leased(retention_pass).update(lease_until=lease, deleted=dict(deleted))
    retention_pass.lease_until = lease


def _batches(cutoffs: dict[str, str]) -> Iterator[DeletionBatch]:
    # Also if the rule was changed since their months were dropped.
    yield _deletion(Failing.RUN_RETENTION, runs_without_findings().order_by("pk"), BATCH)
    times = {kind: datetime.fromisoformat(at) for kind, at in cutoffs.items()}
    if cutoff := times.get(Kind.FINDINGS):
        yield _deletion(Failing.RUN_RETENTION, runs_of_dropped_months(cutoff).order_by("pk"), BATCH)
        yield _deletion(Failing.BATCH_RETENTION, batches_past(cutoff).order_by("created_at"), BATCH)
        yield _deletion(Failing.ISSUE_RETENTION, issues_past(cutoff).order_by("last_seen_at"), ROW_BATCH)
    if cutoff := times.get(Kind.BODIES):
        yield DeletionBatch(Failing.RUN_RETENTION, bodies_past(cutoff).order_by("created_at"), BATCH, _drop_bodies)
    if cutoff := times.get(Kind.SNAPSHOTS):
        yield _deletion(Failing.CHANGE_RETENTION, changes_past(cutoff).order_by("at"), ROW_BATCH)
        yield _deletion(Failing.SNAPSHOT_RETENTION, syncs_past(cutoff).order_by("created_at"), BATCH)


def _drop_bodies(runs: list[int]) -> dict[str, int]:
    dropped = Exchange.objects.filter(run_id__in=runs).update(body="", request_headers=[], response_headers=[])
    Run.objects.filter(pk__in=runs).update(bodies_dropped_at=DATABASE_NOW)
    return {"bodies": dropped, "runs without bodies": len(runs)}


NOUNS = {
    Run._meta.label: "runs",
    Finding._meta.label: "findings",
    Exchange._meta.label: "requests",
    Watch._meta.label: "watches",
    Batch._meta.label: "batches",
    BatchGroup._meta.label: "groups of batches",
    Issue._meta.label: "issues",
    IssueNote._meta.label: "notes",
    Delivery._meta.label: "deliveries",
    OrgChange._meta.label: "org changes",
    ConfigurationSync._meta.label: "configuration syncs",
}


def _deletion(kind: str, rows: QuerySet[Any], most: int) -> DeletionBatch:
    """Deletes the rows and their dependent rows. Rows locked by others wait for the next pass."""

    def delete(pks: list[int]) -> dict[str, int]:
        _, counted = rows.model._default_manager.filter(pk__in=pks).delete()
        return {NOUNS.get(label, label.rpartition(".")[2]): count for label, count in counted.items() if count}

    return DeletionBatch(kind, rows, most, delete)
