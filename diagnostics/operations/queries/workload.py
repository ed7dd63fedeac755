"""How much there is to do, and how much was done, in a few cheap statements however many rows there are."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Min, Q, Sum
from django.db.models.functions import Coalesce

from diagnostics.monitoring.models import Delivery, Incident, Schedule
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run

HOUR = timedelta(hours=1)
OVERDUE = timedelta(minutes=2)
COUNTED = ("run", "finding", "exchange", "configurationsync", "delivery", "auditentry")
OPEN = (Run.Status.QUEUED, Run.Status.RUNNING)
TO_SEND = (Delivery.State.HELD, Delivery.State.QUEUED, Delivery.State.SENDING)
# Taken from the ids that were given out: rows that are deleted later, or were never kept, count as well.
GIVEN_OUT = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM diagnostics_{}_id_seq"
MADE = " UNION ALL ".join(GIVEN_OUT.format(name) for name in COUNTED)


@dataclass(frozen=True)
class Workload:
    """`ended` tells of the last hour, by cause: how many runs, and how many seconds they took together."""

    open_runs: dict[str, int]
    oldest_queued: datetime | None
    ended: dict[str, tuple[int, float]]
    schedules: int
    paused: int
    overdue: int
    missed: int
    incidents: int
    deliveries: dict[str, int]
    standings: dict[str, int]
    made: dict[str, int]

    @property
    def ended_number(self) -> int:
        return sum(number for number, _ in self.ended.values())

    @property
    def ended_seconds(self) -> float:
        """Of one run, on average."""
        return sum(seconds for _, seconds in self.ended.values()) / (self.ended_number or 1)


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
        standings=dict(
            OAuthClient.objects.filter(retired_at=None).order_by().values_list("standing").annotate(Count("pk"))
        ),
        made=_made(),
    )


def _ended(now: datetime) -> dict[str, tuple[int, float]]:
    """By the time of their beginning, which has an index: a run takes a minute and a half at most."""
    recent = Run.objects.filter(created_at__gte=now - HOUR).exclude(status__in=OPEN).order_by()
    counted = recent.values_list("cause").annotate(Count("pk"), spent=Coalesce(Sum("duration_ms"), 0.0))
    return {cause or "undetermined": (number, ms / 1000) for cause, number, ms in counted}


def _deliveries(now: datetime) -> dict[str, int]:
    """Those still to be sent, and those that were given up in the last hour."""
    told = Delivery.objects.aggregate(
        waiting=Count("pk", filter=Q(state__in=TO_SEND)),
        given_up=Count("pk", filter=Q(state=Delivery.State.GIVEN_UP, ended_at__gte=now - HOUR)),
    )
    return {"waiting": told["waiting"], "given_up": told["given_up"]}


def _made() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(MADE)
        return dict(zip(COUNTED, (number for (number,) in cursor.fetchall()), strict=True))
