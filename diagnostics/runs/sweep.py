"""Recovers runs: queues them again if their message may be lost or their worker is gone, and closes the others."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from diagnostics.jobs.row_failures import Kind, process_batch, process_rows, without_set_aside
from diagnostics.orgs.models import ClientRateLimit
from diagnostics.runs.interruption import close_interrupted, end_broken_run
from diagnostics.runs.models import Run
from diagnostics.storage.clock import database_now

RESEND_AFTER = timedelta(seconds=20)
LONGEST_QUEUED = timedelta(minutes=30)
CLOSED_NOW = ""


@dataclass(frozen=True)
class SweepResult:
    """Run IDs.

    `to_requeue` are queued runs whose message may be lost, or that lost their worker, `scheduled` are those of schedules,
    and `closed` were interrupted by this sweep.
    """

    to_requeue: tuple[int, ...] = ()
    scheduled: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()


def sweep(now: datetime | None = None) -> SweepResult:
    """Find runs queued for too long, and runs whose lease expired. Two sweeps at once are harmless."""
    now = now or database_now()
    return _swept([*_unclaimed_runs(now), *_abandoned_runs(now)])


def sweep_abandoned(now: datetime | None = None) -> SweepResult:
    """The part of a sweep that looks for dead workers, a single query if there are none."""
    return _swept(_abandoned_runs(now or database_now()))


def _swept(found: list[tuple[int, str]]) -> SweepResult:
    """From run IDs with their source, which is CLOSED_NOW for those that were closed."""
    return SweepResult(
        to_requeue=tuple(pk for pk, source in found if source not in (Run.Source.SCHEDULE, CLOSED_NOW)),
        scheduled=tuple(pk for pk, source in found if source == Run.Source.SCHEDULE),
        closed=tuple(pk for pk, source in found if source == CLOSED_NOW),
    )


def _unclaimed_runs(now: datetime) -> list[tuple[int, str]]:
    unclaimed = Run.objects.filter(status=Run.Status.QUEUED).filter(
        Q(message_sent_at__lt=now - RESEND_AFTER) | Q(message_sent_at=None, created_at__lt=now - RESEND_AFTER),
        created_at__gte=now - LONGEST_QUEUED,
    )
    if not unclaimed.exists():  # much cheaper than the query below
        return []
    unclaimed = unclaimed.exclude(_waits_for_org(now))
    found = dict(without_set_aside(unclaimed, Kind.RUN_QUEUEING).order_by("id").values_list("pk", "source")[:500])

    def mark(pks: list[int]) -> list[int]:
        Run.objects.filter(pk__in=pks).update(message_sent_at=now)
        return pks

    return [(pk, found[pk]) for pks in process_batch(Kind.RUN_QUEUEING, found, mark) for pk in pks]


def _waits_for_org(now: datetime) -> Exists:
    """A run that waits for the rate limit of its org while other runs of the client are being worked on."""
    key = {"region": OuterRef("client__region"), "client_id": OuterRef("client__client_id")}
    in_use = Q(window_started_at__gt=now - LONGEST_QUEUED) | Q(blocked_until__gt=now)
    return Exists(ClientRateLimit.objects.filter(in_use, **key, is_contended=True))


def _abandoned_runs(now: datetime) -> list[tuple[int, str]]:
    """The first worker that dies with a run leaves it to the next one; with the second one the run ends."""
    lease_expired = Q(status=Run.Status.RUNNING, lease_until__lt=now)
    never_claimed = Q(status=Run.Status.QUEUED, created_at__lt=now - LONGEST_QUEUED)
    if not Run.objects.filter(lease_expired | never_claimed).exists():  # asked every two seconds: a cheap query
        return []
    never_claimed &= ~Q(_waits_for_org(now))

    def recover(pk: int) -> tuple[int, str] | None:
        run = (
            Run.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(lease_expired | never_claimed, pk=pk)
            .first()
        )
        if run is None:
            return None
        if run.status == Run.Status.QUEUED or run.resumed_at is not None:
            close_interrupted(run, now)
            return pk, CLOSED_NOW
        queued = {"status": Run.Status.QUEUED, "worker": "", "lease_until": None}
        Run.objects.filter(pk=pk).update(**queued, resumed_at=now, message_sent_at=now)
        return pk, run.source

    rows = without_set_aside(Run.objects.filter(lease_expired | never_claimed), Kind.RUN_CLOSING).order_by("id")
    return process_rows(Kind.RUN_CLOSING, rows.values_list("pk", flat=True)[:500], recover, end_broken_run)
