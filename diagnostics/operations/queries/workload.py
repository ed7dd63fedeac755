"""Counts of open and recent work, in a few queries that stay cheap for any number of rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Min, Q, Sum
from django.db.models.functions import Coalesce

from diagnostics.issues.models import Incident
from diagnostics.monitoring.models import Delivery, Schedule
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run

HOUR = timedelta(hours=1)
OVERDUE = timedelta(minutes=2)
COUNTED_TABLES = ("run", "finding", "exchange", "configurationsync", "delivery", "auditentry")
OPEN = (Run.Status.QUEUED, Run.Status.RUNNING)
TO_SEND = (Delivery.State.HELD, Delivery.State.QUEUED, Delivery.State.SENDING)
# From the ID sequences, so deleted and rolled back rows count too.
LAST_ID = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM diagnostics_{}_id_seq"
CREATED_ROWS = " UNION ALL ".join(LAST_ID.format(name) for name in COUNTED_TABLES)


@dataclass(frozen=True)
class Workload:
    """`ended` covers the last hour, by cause: the number of runs and their total seconds."""

    open_runs: dict[str, int]
    oldest_queued: datetime | None
    ended: dict[str, tuple[int, float]]
    schedules: int
    paused: int
    overdue: int
    missed: int
    incidents: int
    deliveries: dict[str, int]
    client_statuses: dict[str, int]
    created: dict[str, int]

    @property
    def ended_count(self) -> int:
        return sum(number for number, _ in self.ended.values())

    @property
    def ended_seconds(self) -> float:
        """Average per run."""
        return sum(seconds for _, seconds in self.ended.values()) / (self.ended_count or 1)


def workload(now: datetime) -> Workload:
    runs = Run.objects.filter(status__in=OPEN).order_by()
    open_runs = dict(runs.values_list("status").annotate(Count("pk")))
    schedules = Schedule.objects.aggregate(
        total=Count("pk"),
        paused=Count("pk", filter=Q(paused_at__isnull=False)),
        overdue=Count("pk", filter=Q(next_run_at__lt=now - OVERDUE)),
        missed=Coalesce(Sum("missed"), 0),
    )
    return Workload(
        open_runs={status: open_runs.get(status, 0) for status in OPEN},
        oldest_queued=runs.filter(status=Run.Status.QUEUED).aggregate(at=Min("created_at"))["at"],
        ended=_ended(now),
        schedules=schedules["total"],
        paused=schedules["paused"],
        overdue=schedules["overdue"],
        missed=schedules["missed"],
        incidents=Incident.objects.filter(closed_at=None).count(),
        deliveries=_deliveries(now),
        client_statuses=dict(
            OAuthClient.objects.filter(retired_at=None).order_by().values_list("status").annotate(Count("pk"))
        ),
        created=_created(),
    )


def _ended(now: datetime) -> dict[str, tuple[int, float]]:
    """By creation time, which has an index: a run takes 90 seconds at most."""
    recent = Run.objects.filter(created_at__gte=now - HOUR).exclude(status__in=OPEN).order_by()
    counted = recent.values_list("cause").annotate(Count("pk"), spent=Coalesce(Sum("duration_ms"), 0.0))
    return {cause or "undetermined": (number, ms / 1000) for cause, number, ms in counted}


def _deliveries(now: datetime) -> dict[str, int]:
    """The numbers of waiting deliveries, and of those given up in the last hour."""
    return Delivery.objects.aggregate(
        waiting=Count("pk", filter=Q(state__in=TO_SEND)),
        given_up=Count("pk", filter=Q(state=Delivery.State.FAILED, ended_at__gte=now - HOUR)),
    )


def _created() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(CREATED_ROWS)
        return dict(zip(COUNTED_TABLES, (number for (number,) in cursor.fetchall()), strict=True))
