"""Reading orgs: which reading is due, who has it, how far it has come, and how it ended."""

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
from django.db.models import Q
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.regions import region
from diagnostics.jobs.row_failures import Kind, attempt, each_row, rows_together, where, without_set_aside
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, Provider
from diagnostics.orgs.status import update_status_from
from diagnostics.orgs.sync.execute import LEASE, LostReading, SliceOver, SyncRun, Wait
from diagnostics.orgs.sync.permissions import PermissionsUnreadable, read_rights
from diagnostics.orgs.sync.providers import find_gone, read_deployments, read_drafts, read_gateway, read_settings
from diagnostics.orgs.tokens import remember_token, stored_token
from diagnostics.runs import turns
from diagnostics.runs.limits import enforce_run_limit
from diagnostics.storage.model_fields import UnreadableSecret
from diagnostics.web.refusals import ActionRefused

log = logging.getLogger(__name__)
State = ConfigurationSync.State

BY_PEOPLE = (ConfigurationSync.Source.WEB, ConfigurationSync.Source.CLI)
WAITED_FOR = (*BY_PEOPLE, ConfigurationSync.Source.REGISTRATION)
OPEN = (State.QUEUED, State.READING, State.WAITING)
LONGEST = timedelta(hours=2)  # from the start of a reading to its end, waiting included
TOO_LONG = "The reading did not come to its end in two hours. What was read by then is kept."
RESEND_AFTER = timedelta(seconds=20)
MOST_CALLS = 2_000  # of one take-up
MOST_BAD = 20  # clients that fail before those that can be started are left for the next tick
# Syncs at a time, of those that people wait for and of the others: the workers have runs to do as well.
FEW = 2
MOST_WAITING = 500  # that are considered
NEVER = datetime.min.replace(tzinfo=UTC)
STEPS: dict[str, Callable[[SyncRun], None]] = {
    "rights": read_rights,
    "gateway": read_gateway,
    "deployments": read_deployments,
    "settings": read_settings,
    "gone": find_gone,
    "drafts": read_drafts,
}
# In this order; "gone" says nothing of its own.
PARTS = tuple(each for each in STEPS if each != "gone")


def start_snapshot(client: OAuthClient, *, source: str, user: User | None) -> ConfigurationSync | None:
    """A reading to be rung for; None while another one of this client is open. Raises Refused."""
    if client.is_retired:
        raise ActionRefused(
            f"The client {client.name} is retired, so its org is not read any more. Choose another client."
        )
    _close_overdue(timezone.now())
    try:
        with transaction.atomic():
            if user is not None and source == ConfigurationSync.Source.WEB:
                enforce_run_limit(user)
            snapshot = ConfigurationSync.objects.create(
                client=client, source=source, started_by=user, rung_at=timezone.now()
            )
            if source in BY_PEOPLE:
                record("snapshot.started", snapshot, name=client.name, client=client, person=user)
            return snapshot
    except IntegrityError:
        return None


def read_snapshot(pk: int, worker: str = "") -> bool:
    """Take the reading up and go on from where it was; False where it is not to be taken up now, or failed by a fault
    of ours: then it is taken up again, and closed after three failures.
    """
    return (
        attempt(Kind.SNAPSHOT, pk, lambda: _read_snapshot(pk, worker), close_snapshot_plainly, again=_free_again)
        is True
    )


def read_next_snapshot() -> bool:
    """Read the sync whose turn it is; False where none may start now. A message only says that something waits."""
    for _ in range(3):  # another worker may take the same one
        pk = next_in_turn(timezone.now())
        if pk is None:
            return False
        if read_snapshot(pk):
            return True
    return False


def next_in_turn(now: datetime) -> int | None:
    """The sync to read next: people take turns, and so do the orgs of one person.

    Only a few are read at a time, of those that people wait for and of the others: workers have runs to do as well.
    """
    active = ConfigurationSync.objects.filter(state=State.READING, lease_until__gte=now).values_list(
        "source", "started_by_id"
    )
    waited_for = [person or 0 for source, person in active if source in WAITED_FOR]
    ready = without_set_aside(_ready(now), Kind.SNAPSHOT)
    if len(waited_for) >= FEW:
        ready = ready.exclude(source__in=WAITED_FOR)
    if len(active) - len(waited_for) >= FEW:
        ready = ready.filter(source__in=WAITED_FOR)
    found = ready.order_by("id").values_list("pk", "started_by_id", "client_id", "client__org_id")[:MOST_WAITING]
    served = turns.served_at(turns.SYNCS)
    by_person: dict[int, datetime] = {}
    for (person, _), at in served.items():
        by_person[person] = max(at, by_person.get(person, NEVER))
    first: tuple[int, datetime, datetime, int] | None = None
    chosen: tuple[int, str] = 0, ""
    for pk, started_by, client_id, org_id in found:
        person, org = started_by or 0, org_id or f"client {client_id}"
        place = (waited_for.count(person), by_person.get(person, NEVER), served.get((person, org), NEVER), pk)
        if first is None or place < first:
            first, chosen = place, (person, org)
    if first is None:
        return None
    turns.remember_turn(turns.SYNCS, *chosen, now)
    return first[-1]


def waiting_sync() -> int | None:
    """A queued sync that a person waits for, to be rung for."""
    ready = ConfigurationSync.objects.filter(state=State.QUEUED, source__in=WAITED_FOR)
    return without_set_aside(ready, Kind.SNAPSHOT).order_by("id").values_list("pk", flat=True).first()


def close_snapshot_plainly(pk: int) -> None:
    """Close an open reading, whatever its row holds."""
    sentence = "The configuration sync failed because of an error in Cobrowse Doctor. The system page has the error."
    ended = {"state": State.FAILED, "finished_at": timezone.now(), "lease_until": None, "resume_at": None}
    ConfigurationSync.objects.filter(pk=pk, state__in=OPEN).update(error=sentence, **ended)


def _free_again(pk: int) -> None:
    ConfigurationSync.objects.filter(pk=pk, state=State.READING).update(lease_until=timezone.now())


def _read_snapshot(pk: int, worker: str) -> bool:
    me = f"{worker or socket.gethostname()}:{os.getpid()}:{uuid4().hex[:12]}"
    now = timezone.now()
    if (
        not _ready(now)
        .filter(pk=pk)
        .update(state=State.READING, worker=me, taken_up_at=now, lease_until=now + LEASE, resume_at=None, error="")
    ):
        return False
    snapshot = ConfigurationSync.objects.select_related("client").defer("client__secret").get(pk=pk)
    try:
        reading = _reading(snapshot, me)
    except ActionRefused as trouble:
        _refuse(snapshot, me, str(trouble))
        return True
    try:
        _take_up(reading)
    except LostReading:
        log.warning("reading %s was taken up or closed elsewhere; what came after is dropped", pk)
    finally:
        reading.genesys.close()
    remember_token(snapshot.client, reading.genesys.issued)
    return True


def _ready(now: datetime) -> Any:
    """Queued, told to wait until now, or given up by a worker that is gone."""
    due = (
        Q(state=State.QUEUED) | Q(state=State.WAITING, resume_at__lte=now) | Q(state=State.READING, lease_until__lt=now)
    )
    return ConfigurationSync.objects.filter(due)


def _reading(snapshot: ConfigurationSync, me: str) -> SyncRun:
    """Raises Refused where the org cannot even be asked."""
    client = snapshot.client
    try:
        where = region(client.region)
    except KeyError:
        raise ActionRefused(
            f"The region {client.region} is not known to this server. If it is the demo's, start `manage.py up`; "
            "if it is your own, set GENESYS_ENDPOINTS."
        ) from None
    if client.is_retired:
        raise ActionRefused(f"The client {client.name} was retired before its org was read, and its secret with it.")
    try:
        secret = client.secret
    except UnreadableSecret as trouble:
        raise ActionRefused(str(trouble)) from None
    kept = stored_token(client)
    genesys = GenesysClient(where, client.client_id, secret, saved_token=kept, max_calls=MOST_CALLS)
    return SyncRun(snapshot, me, genesys, tuple(filter(None, (secret, f"{client.client_id}:{secret}", kept))))


@transaction.atomic
def _refuse(snapshot: ConfigurationSync, me: str, sentence: str) -> None:
    now = timezone.now()
    mine = ConfigurationSync.objects.filter(pk=snapshot.pk, worker=me, state=State.READING)
    if mine.update(state=State.FAILED, error=sentence, finished_at=now, lease_until=None):
        _after_the_end(snapshot, now)


def _take_up(reading: SyncRun) -> None:
    """Every step that is not done yet. Whatever happens, the reading is closed, or will be taken up again."""
    if timezone.now() > reading.snapshot.created_at + LONGEST:
        _end_early(reading, TOO_LONG)
        return
    try:
        done = reading.progress.setdefault("done", [])
        for name, step in STEPS.items():
            if name not in done:
                step(reading)
                with reading.stored():
                    done.append(name)
    except Wait as wait:
        _wait(reading, wait)
    except SliceOver:
        reading.release(state=State.QUEUED, rung_at=None)
    except PermissionsUnreadable as trouble:
        _end(reading, State.FAILED, str(trouble))
    except LostReading:
        raise
    except Exception as trouble:
        log.error("reading %s broke off: %s", reading.snapshot.pk, where(trouble))
        _end_early(reading, f"The reading broke off by a fault of ours ({type(trouble).__name__}); the log says more.")
    else:
        whole = all(each["state"] in ("whole", "absent") for each in reading.parts)
        _end(reading, State.WHOLE if whole else State.PARTIAL)


def _wait(reading: SyncRun, wait: Wait) -> None:
    """Until the org lets us go on; a wait beyond the reading's time ends it with what was read."""
    until = timezone.now() + timedelta(seconds=wait.seconds)
    if until > reading.snapshot.created_at + LONGEST:
        _end_early(reading, f"{wait} That is longer than a reading may take, so it ended with what was read by then.")
    else:
        reading.release(state=State.WAITING, resume_at=until, error=str(wait))


def _end_early(reading: SyncRun, sentence: str) -> None:
    told = {each["part"] for each in reading.parts}
    with reading.stored():
        for part in PARTS:
            if part not in told:
                reading.end_part(part, "failed", "not_reached", sentence)
    read = any(each["state"] in ("whole", "partial") for each in reading.parts)
    _end(reading, State.PARTIAL if read else State.FAILED, sentence)


@transaction.atomic
def _end(reading: SyncRun, state: str, error: str = "") -> None:
    now = timezone.now()
    providers = Provider.objects.filter(snapshot=reading.snapshot).count()
    if reading.release(state=state, error=error, finished_at=now, resume_at=None, providers=providers):
        _after_the_end(reading.snapshot, now)


def _after_the_end(snapshot: ConfigurationSync, now: datetime) -> None:
    """What follows from a reading, in the transaction that ends it."""
    update_status_from(snapshot)
    _plan_next(snapshot.client, now)


def _plan_next(client: OAuthClient, now: datetime) -> None:
    """A little earlier or later each time, so that clients registered together are not read together for ever."""
    hours = settings.SNAPSHOT_HOURS
    next_at = now + timedelta(hours=hours * random.uniform(0.9, 1.1)) if hours else None  # noqa: S311 (no secret)
    OAuthClient.objects.filter(pk=client.pk, retired_at=None).update(next_reading_at=next_at)


def due_readings(now: datetime | None = None) -> tuple[int, ...]:
    """Readings to ring for: waiting ones whose time has come, those whose worker is gone, and those newly due.

    Two ticks at once are harmless. A reading that is older than any may be is closed.
    """
    now = now or timezone.now()
    _close_overdue(now)
    ready = without_set_aside(_ready(now).filter(created_at__gte=now - LONGEST), Kind.SNAPSHOT).exclude(
        state=State.QUEUED, rung_at__gte=now - RESEND_AFTER
    )
    found = list(ready.order_by("id").values_list("pk", flat=True)[:200])

    def mark(pks: list[int]) -> list[int]:
        ConfigurationSync.objects.filter(pk__in=pks).update(rung_at=now)
        return pks

    rung = rows_together(Kind.SNAPSHOT, found, mark, close_snapshot_plainly)
    return (*(pk for pks in rung for pk in pks), *start_due_readings(now))


def start_due_readings(now: datetime | None = None, client_id: int | None = None) -> tuple[int, ...]:
    """Start a reading for clients whose time has come: a few at a time, or for this one alone. Returns what to ring for."""
    now = now or timezone.now()
    readable = OAuthClient.objects.filter(retired_at=None, state=OAuthClient.State.VERIFIED)
    if client_id is not None:
        readable, most = readable.filter(pk=client_id), 1
    else:
        _plan_the_unplanned(readable.filter(next_reading_at=None), now)
        most = max(0, FEW - ConfigurationSync.objects.filter(state__in=[State.QUEUED, State.READING]).count())
    due = without_set_aside(readable.filter(next_reading_at__lte=now), Kind.CLIENT_SYNC)
    clients = {
        each.pk: each
        for each in due.defer("secret", "verification").order_by("next_reading_at", "pk")[: most + MOST_BAD]
    }
    started: list[int] = []
    for pk in clients:
        if len(started) < most:
            started += each_row(Kind.CLIENT_SYNC, [pk], lambda pk: _start_due(clients[pk], now))
    return tuple(started)


def _plan_the_unplanned(clients: Any, now: datetime) -> None:
    """Verified before readings were planned: spread over the time between two readings."""
    if not settings.SNAPSHOT_HOURS:
        return

    def plan(pk: int) -> None:
        at = now + timedelta(hours=random.uniform(0, settings.SNAPSHOT_HOURS))  # noqa: S311 (no secret)
        OAuthClient.objects.filter(pk=pk, next_reading_at=None).update(next_reading_at=at)

    found = without_set_aside(clients, Kind.CLIENT_SYNC).order_by("pk").values_list("pk", flat=True)[:200]
    each_row(Kind.CLIENT_SYNC, list(found), plan)


def _start_due(client: OAuthClient, now: datetime) -> int | None:
    """Claimed by its own `next_reading_at`: who comes second finds another one."""
    with transaction.atomic():
        mine = OAuthClient.objects.filter(pk=client.pk, next_reading_at=client.next_reading_at)
        hours = settings.SNAPSHOT_HOURS
        if not mine.update(next_reading_at=now + timedelta(hours=hours) if hours else None):
            return None
        first = not ConfigurationSync.objects.filter(client=client).exists()
        source = ConfigurationSync.Source.REGISTRATION if first else ConfigurationSync.Source.SCHEDULE
        started = start_snapshot(client, source=source, user=None)
    return started.pk if started else None


def _close_overdue(now: datetime) -> None:
    """An open reading that nobody brings to its end must not keep the next one out."""
    overdue = ConfigurationSync.objects.filter(state__in=OPEN, created_at__lt=now - LONGEST)

    def close(pk: int) -> None:
        rows = overdue.select_for_update(of=("self",), skip_locked=True).select_related("client")
        snapshot = rows.filter(Q(lease_until=None) | Q(lease_until__lt=now), pk=pk).first()
        if snapshot is None:
            return
        read = any(each["state"] in ("whole", "partial") for each in snapshot.parts)
        snapshot.state, snapshot.finished_at = State.PARTIAL if read else State.FAILED, now
        snapshot.error = TOO_LONG
        snapshot.lease_until = snapshot.resume_at = None
        snapshot.providers = Provider.objects.filter(snapshot=snapshot).count()
        snapshot.save(update_fields=["state", "finished_at", "error", "lease_until", "resume_at", "providers"])
        _after_the_end(snapshot, now)

    found = without_set_aside(overdue, Kind.SNAPSHOT).order_by("id").values_list("pk", flat=True)[:200]
    each_row(Kind.SNAPSHOT, list(found), close, close_snapshot_plainly)
