"""Recovers runs: queues them again if their message may be lost, and closes them if their worker is gone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from diagnostics.jobs.row_failures import Kind, process_batch, process_rows, without_set_aside
from diagnostics.orgs.models import ClientRateLimit
from diagnostics.runs.interruption import close_interrupted, end_broken_run
from diagnostics.runs.models import Run

RESEND_AFTER = timedelta(seconds=20)
LONGEST_QUEUED = timedelta(minutes=30)


@dataclass(frozen=True)
class SweepResult:
    """Run IDs.

    `to_requeue` are queued runs whose message may be lost, `scheduled` are those of schedules, and `closed` were
    interrupted by this sweep.
    """

    to_requeue: tuple[int, ...] = ()
    scheduled: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()


def sweep(now: datetime | None = None) -> SweepResult:
    """Find runs queued for too long, and close runs whose lease expired. Two sweeps at once are harmless."""
    now = now or timezone.now()
    unclaimed = _unclaimed_runs(now)
    return SweepResult(
        to_requeue=tuple(pk for pk, source in unclaimed if source != Run.Source.SCHEDULE),
        scheduled=tuple(pk for pk, source in unclaimed if source == Run.Source.SCHEDULE),
        closed=tuple(_abandoned_runs(now)),
    )


def _unclaimed_runs(now: datetime) -> list[tuple[int, str]]:
    unclaimed = Run.objects.filter(status=Run.Status.QUEUED).filter(
        Q(message_sent_at__lt=now - RESEND_AFTER) | Q(message_sent_at=None, created_at__lt=now - RESEND_AFTER),
        created_at__gte=now - LONGEST_QUEUED,
    )
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


def _abandoned_runs(now: datetime) -> list[int]:
    lease_expired = Q(status=Run.Status.RUNNING, lease_until__lt=now)
    never_claimed = Q(status=Run.Status.QUEUED, created_at__lt=now - LONGEST_QUEUED) & ~Q(_waits_for_org(now))

    def close(pk: int) -> int | None:
        run = (
            Run.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(lease_expired | never_claimed, pk=pk)
            .first()
        )
        if run is None:
            return None
        close_interrupted(run, now)
        return pk

    rows = without_set_aside(Run.objects.filter(lease_expired | never_claimed), Kind.RUN_CLOSING).order_by("id")
    return process_rows(Kind.RUN_CLOSING, rows.values_list("pk", flat=True)[:500], close, end_broken_run)
