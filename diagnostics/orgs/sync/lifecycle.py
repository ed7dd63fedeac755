"""Starts, schedules, runs and ends configuration syncs."""

import logging
import os
import random
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, CharField, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast, Concat

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.accounts.rate_limits import enforce_run_limit
from diagnostics.jobs.models import Turn
from diagnostics.jobs.row_failures import Kind, attempt, error_location, process_batch, process_rows, without_set_aside
from diagnostics.jobs.turns import remember_turn, served_at
from diagnostics.orgs.connection import genesys_client_of, store_token
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, Provider
from diagnostics.orgs.rate_limits import ClientPace, waits_for_org
from diagnostics.orgs.status import update_status_from_sync
from diagnostics.orgs.sync.execute import LEASE, SliceOver, SyncLost, SyncRun, WaitForOrg
from diagnostics.orgs.sync.permissions import PermissionsUnreadable, sync_permissions
from diagnostics.orgs.sync.providers import find_removed, sync_deployments, sync_drafts, sync_gateway, sync_settings
from diagnostics.storage.clock import DATABASE_NOW, database_now
from diagnostics.web.refusals import ActionRefused

log = logging.getLogger(__name__)
State = ConfigurationSync.State
QUEUE = "syncs"

STARTED_BY_USERS = (ConfigurationSync.Source.WEB, ConfigurationSync.Source.CLI)
INTERACTIVE_SOURCES = (*STARTED_BY_USERS, ConfigurationSync.Source.REGISTRATION)
OPEN = (State.QUEUED, State.READING, State.WAITING)
MAX_TIME = timedelta(hours=2)  # from start to end, including waits
TIMED_OUT = "The sync didn't finish within two hours. What it read until then is kept."
RESEND_AFTER = timedelta(seconds=20)
MAX_REQUESTS = 2_000  # per worker run
MAX_FAILING = 20  # failing clients per tick
# Concurrent interactive syncs, and concurrent other syncs: workers have runs to execute as well.
MAX_CONCURRENT = 2
MAX_CANDIDATES = 500  # waiting syncs that are considered
NEVER = datetime.min.replace(tzinfo=UTC)
STEPS: dict[str, Callable[[SyncRun], None]] = {
    "rights": sync_permissions,
    "gateway": sync_gateway,
    "deployments": sync_deployments,
    "settings": sync_settings,
    "gone": find_removed,
    "drafts": sync_drafts,
}
# The steps with a result of their own.
PARTS = tuple(name for name in STEPS if name != "gone")


def start_sync(client: OAuthClient, *, source: str, user: User | None) -> ConfigurationSync | None:
    """Create a queued sync, for which the caller sends a task. Returns None if the client has an open sync.

    Raises ActionRefused if the client is retired, and TooManyRuns.
    """
    if client.is_retired:
        raise ActionRefused(f"The client {client.name} is retired, so it can't sync. Choose another client.")
    now = database_now()
    _close_overdue(now)
    try:
        with transaction.atomic():
            if user is not None and source == ConfigurationSync.Source.WEB:
                enforce_run_limit(user)
            snapshot = ConfigurationSync.objects.create(
                client=client, source=source, started_by=user, created_at=now, sent_at=now
            )
            if source in STARTED_BY_USERS:
                record("snapshot.started", snapshot, name=client.name, client=client, person=user)
            return snapshot
    except IntegrityError:
        return None


def run_sync(pk: int, worker: str = "") -> bool:
    """Run the sync from its stored progress. Returns False if it isn't ready, or failed because of an error in our code.

    After such an error another worker retries the sync; it is closed after three failures.
    """
    done = attempt(Kind.SNAPSHOT, pk, lambda: _claim_and_run(pk, worker), close_failed_sync, again=_expire_lease)
    return done is True


def run_next_sync() -> bool:
    """Run the sync whose turn it is. Returns False if none can start now. Tasks only signal that a sync waits."""
    for _ in range(3):  # another worker may claim it first
        pk = next_sync(database_now())
        if pk is None:
            return False
        if run_sync(pk):
            return True
    return False


def next_sync(now: datetime) -> int | None:
    """Return the ID of the sync to run next. Users take turns, and so do the orgs of each user.

    MAX_CONCURRENT limits the interactive syncs and the other ones separately.
    """
    active = ConfigurationSync.objects.filter(state=State.READING, lease_until__gte=now).values_list(
        "source", "started_by_id"
    )
    active_users = [user_id or 0 for source, user_id in active if source in INTERACTIVE_SOURCES]
    ready = without_set_aside(_ready(now), Kind.SNAPSHOT).exclude(waits_for_org(now, is_background=True))
    if len(active_users) >= MAX_CONCURRENT:
        ready = ready.exclude(source__in=INTERACTIVE_SOURCES)
    if len(active) - len(active_users) >= MAX_CONCURRENT:
        ready = ready.filter(source__in=INTERACTIVE_SOURCES)
    found = ready.order_by("id").values_list("pk", "started_by_id", "client_id", "client__org_id")[:MAX_CANDIDATES]
    served = served_at(QUEUE)
    user_served_at: dict[int, datetime] = {}
    for (user_id, _), at in served.items():
        user_served_at[user_id] = max(at, user_served_at.get(user_id, NEVER))
    first: tuple[int, datetime, datetime, int] | None = None
    chosen: tuple[int, str] = 0, ""
    for pk, started_by, client_id, org_id in found:
        user_id, org = started_by or 0, org_id or f"client {client_id}"
        rank = (
            active_users.count(user_id),
            user_served_at.get(user_id, NEVER),
            served.get((user_id, org), NEVER),
            pk,
        )
        if first is None or rank < first:
            first, chosen = rank, (user_id, org)
    if first is None:
        return None
    remember_turn(QUEUE, *chosen, now)
    return first[-1]


def waiting_sync() -> int | None:
    """Return the ID of a queued interactive sync, to send a task for."""
    ready = ConfigurationSync.objects.filter(state=State.QUEUED, source__in=INTERACTIVE_SOURCES)
    return without_set_aside(ready, Kind.SNAPSHOT).order_by("id").values_list("pk", flat=True).first()


def close_failed_sync(pk: int) -> None:
    """Close an open sync without reading its row, which may be what fails."""
    sentence = "The configuration sync failed because of an error in Cobrowse Doctor. The system page has the error."
    values = {"state": State.FAILED, "finished_at": database_now(), "lease_until": None, "resume_at": None}
    ConfigurationSync.objects.filter(pk=pk, state__in=OPEN).update(error=sentence, **values)


def _expire_lease(pk: int) -> None:
    ConfigurationSync.objects.filter(pk=pk, state=State.READING).update(lease_until=DATABASE_NOW)


def _claim_and_run(pk: int, worker: str) -> bool:
    worker_id = f"{worker or socket.gethostname()}:{os.getpid()}:{uuid4().hex[:12]}"
    now = database_now()
    values = {"worker": worker_id, "claimed_at": now, "lease_until": now + LEASE, "resume_at": None, "error": ""}
    if not _ready(now).filter(pk=pk).update(state=State.READING, **values):
        return False
    snapshot = ConfigurationSync.objects.select_related("client").defer("client__secret").get(pk=pk)
    pace = ClientPace(snapshot.client, is_background=True, patience_s=0.0)
    try:
        genesys, secrets = genesys_client_of(snapshot.client, max_calls=MAX_REQUESTS, pace=pace)
    except ActionRefused as error:
        _refuse(snapshot, worker_id, str(error))
        return True
    sync = SyncRun(snapshot, worker_id, genesys, secrets)
    try:
        with pace:
            _run_steps(sync)
    except SyncLost:
        log.warning("sync %s was claimed or closed by another worker; the rest of its data is dropped", pk)
    finally:
        sync.genesys.close()
    store_token(snapshot.client, sync.genesys.issued)
    return True


def _ready(now: datetime) -> Any:
    """Return syncs that are queued, whose wait is over, or whose worker stopped."""
    due = (
        Q(state=State.QUEUED) | Q(state=State.WAITING, resume_at__lte=now) | Q(state=State.READING, lease_until__lt=now)
    )
    return ConfigurationSync.objects.filter(due)


@transaction.atomic
def _refuse(snapshot: ConfigurationSync, worker_id: str, sentence: str) -> None:
    now = database_now()
    claimed = ConfigurationSync.objects.filter(pk=snapshot.pk, worker=worker_id, state=State.READING)
    if claimed.update(state=State.FAILED, error=sentence, finished_at=now, lease_until=None):
        _after_the_end(snapshot, now)


def _run_steps(sync: SyncRun) -> None:
    """Run the remaining steps. In every case the sync is closed, or released to continue later."""
    if database_now() > sync.snapshot.created_at + MAX_TIME:
        _end_early(sync, TIMED_OUT)
        return
    try:
        done = sync.progress.setdefault("done", [])
        for name, step in STEPS.items():
            if name not in done:
                step(sync)
                with sync.saving():
                    done.append(name)
    except WaitForOrg as wait:
        _wait(sync, wait)
    except SliceOver:
        sync.release(state=State.QUEUED, sent_at=None)
    except PermissionsUnreadable as error:
        _end(sync, State.FAILED, str(error))
    except SyncLost:
        raise
    except Exception as error:
        log.error("sync %s failed: %s", sync.snapshot.pk, error_location(error))
        reason = f"an error in Cobrowse Doctor ({type(error).__name__})"
        _end_early(sync, f"The sync stopped because of {reason}. The log has the details.")
    else:
        is_complete = all(part["state"] in ("whole", "absent") for part in sync.parts)
        _end(sync, State.COMPLETE if is_complete else State.PARTIAL)


def _wait(sync: SyncRun, wait: WaitForOrg) -> None:
    """Release the sync until the wait is over. If that exceeds MAX_TIME, end it with what was read."""
    until = database_now() + timedelta(seconds=wait.seconds)
    if until > sync.snapshot.created_at + MAX_TIME:
        _end_early(sync, f"{wait} That's longer than a sync may take, so it ended with what it had read.")
    else:
        sync.release(state=State.WAITING, resume_at=until, error=str(wait))


def _end_early(sync: SyncRun, sentence: str) -> None:
    finished = {part["part"] for part in sync.parts}
    with sync.saving():
        for part in PARTS:
            if part not in finished:
                sync.end_part(part, "failed", "not_reached", sentence)
    _end(sync, State.PARTIAL if _has_data(sync.parts) else State.FAILED, sentence)


def _has_data(parts: list[dict[str, Any]]) -> bool:
    return any(part["state"] in ("whole", "partial") for part in parts)


@transaction.atomic
def _end(sync: SyncRun, state: str, error: str = "") -> None:
    now = database_now()
    providers = Provider.objects.filter(sync=sync.snapshot).count()
    if sync.release(state=state, error=error, finished_at=now, resume_at=None, providers=providers):
        _after_the_end(sync.snapshot, now)


def _after_the_end(snapshot: ConfigurationSync, now: datetime) -> None:
    """Update the client's status and plan its next sync, in the transaction that ends this one.

    The jitter lets clients that were registered together drift apart.
    """
    update_status_from_sync(snapshot)
    hours = settings.SNAPSHOT_HOURS
    next_at = now + timedelta(hours=hours * random.uniform(0.9, 1.1)) if hours else None  # noqa: S311 (no secret)
    OAuthClient.objects.filter(pk=snapshot.client_id, retired_at=None).update(next_sync_at=next_at)


def due_syncs(now: datetime | None = None) -> tuple[int, ...]:
    """Return the IDs of syncs to send tasks for: newly due ones, and those that wait or whose worker stopped.

    Closes syncs that exceed MAX_TIME. Safe to call concurrently.
    """
    now = now or database_now()
    # As a rule there is none, and this query is much cheaper than the others.
    found = _syncs_to_continue(now) if ConfigurationSync.objects.filter(state__in=OPEN).exists() else []
    return (*found, *start_due_syncs(now))


def _syncs_to_continue(now: datetime) -> list[int]:
    _close_overdue(now)
    ready = without_set_aside(_ready(now).filter(created_at__gte=now - MAX_TIME), Kind.SNAPSHOT).exclude(
        state=State.QUEUED, sent_at__gte=now - RESEND_AFTER
    )
    found = list(ready.order_by("id").values_list("pk", flat=True)[:200])

    def mark(pks: list[int]) -> list[int]:
        ConfigurationSync.objects.filter(pk__in=pks).update(sent_at=now)
        return pks

    marked = process_batch(Kind.SNAPSHOT, found, mark, close_failed_sync)
    return [pk for pks in marked for pk in pks]


def start_due_syncs(now: datetime | None = None, client_id: int | None = None) -> tuple[int, ...]:
    """Start due syncs, a few at a time or only of one client. Returns the IDs of syncs to send tasks for."""
    now = now or database_now()
    readable = OAuthClient.objects.filter(retired_at=None, state=OAuthClient.State.VERIFIED)
    if client_id is not None:
        readable, limit = readable.filter(pk=client_id), 1
    elif not readable.filter(Q(next_sync_at=None) | Q(next_sync_at__lte=now)).exists():
        return ()
    else:
        _plan_first_syncs(readable.filter(next_sync_at=None), now)
        active = ConfigurationSync.objects.filter(state__in=[State.QUEUED, State.READING]).count()
        limit = max(0, MAX_CONCURRENT - active)
    due = without_set_aside(readable.filter(next_sync_at__lte=now), Kind.CLIENT_SYNC)
    clients = {client.pk: client for client in _in_turn(due.defer("secret", "verification"))[: limit + MAX_FAILING]}
    started: list[int] = []
    for pk in clients:
        if len(started) < limit:
            started += process_rows(Kind.CLIENT_SYNC, [pk], lambda pk: _start_due(clients[pk], now))
    return tuple(started)


def _in_turn(clients: Any) -> Any:
    """Orgs that were served longest ago first, so that the many clients of one org don't hold up the others."""
    name = Case(When(org_id="", then=Concat(Value("client "), Cast("pk", CharField()))), default=F("org_id"))
    served = Turn.objects.filter(queue=QUEUE, person=0, org=OuterRef("turn")).values("served_at")[:1]
    clients = clients.annotate(turn=name, served=Subquery(served))
    return clients.order_by(F("served").asc(nulls_first=True), "next_sync_at", "pk")


def _plan_first_syncs(clients: Any, now: datetime) -> None:
    """Spread the first syncs of clients without a planned one over the sync interval."""
    if not settings.SNAPSHOT_HOURS:
        return

    def plan(pk: int) -> None:
        at = now + timedelta(hours=random.uniform(0, settings.SNAPSHOT_HOURS))  # noqa: S311 (no secret)
        OAuthClient.objects.filter(pk=pk, next_sync_at=None).update(next_sync_at=at)

    found = without_set_aside(clients, Kind.CLIENT_SYNC).order_by("pk").values_list("pk", flat=True)[:200]
    process_rows(Kind.CLIENT_SYNC, list(found), plan)


def _start_due(client: OAuthClient, now: datetime) -> int | None:
    """Start a due sync. The conditional update of `next_sync_at` makes sure that only one caller does."""
    with transaction.atomic():
        unclaimed = OAuthClient.objects.filter(pk=client.pk, next_sync_at=client.next_sync_at)
        hours = settings.SNAPSHOT_HOURS
        if not unclaimed.update(next_sync_at=now + timedelta(hours=hours) if hours else None):
            return None
        is_first = not ConfigurationSync.objects.filter(client=client).exists()
        source = ConfigurationSync.Source.REGISTRATION if is_first else ConfigurationSync.Source.SCHEDULE
        started = start_sync(client, source=source, user=None)
    return started.pk if started else None


def _close_overdue(now: datetime) -> None:
    """Close syncs that exceed MAX_TIME, so that they don't block the next one."""
    overdue = ConfigurationSync.objects.filter(state__in=OPEN, created_at__lt=now - MAX_TIME)

    def close(pk: int) -> None:
        rows = overdue.select_for_update(of=("self",), skip_locked=True).select_related("client")
        snapshot = rows.filter(Q(lease_until=None) | Q(lease_until__lt=now), pk=pk).first()
        if snapshot is None:
            return
        snapshot.state = State.PARTIAL if _has_data(snapshot.parts) else State.FAILED
        snapshot.finished_at, snapshot.error = now, TIMED_OUT
        snapshot.lease_until = snapshot.resume_at = None
        snapshot.providers = Provider.objects.filter(sync=snapshot).count()
        snapshot.save(update_fields=["state", "finished_at", "error", "lease_until", "resume_at", "providers"])
        _after_the_end(snapshot, now)

    found = without_set_aside(overdue, Kind.SNAPSHOT).order_by("id").values_list("pk", flat=True)[:200]
    process_rows(Kind.SNAPSHOT, list(found), close, close_failed_sync)
