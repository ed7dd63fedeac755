"""Reads of schedules: the list, what one has run, and what it missed."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet

from diagnostics.accounts.models import User
from diagnostics.monitoring.models import MissedTime, Schedule
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_people, visible_rows
from diagnostics.runs.models import Run
from diagnostics.runs.queries.runs import runs_for_lists

A_PAGE = 50
RUNS_SHOWN = 20
MISSED_SHOWN = 20
OF_CLIENT = 8
HEAVY_OF_CLIENT = ("client__secret", "client__verification")
HEAVY_OF_RUN = tuple(f"last_run__{name}" for name in ("inputs", "verdict", "environment", "marks", "planned"))


@dataclass(frozen=True)
class ScheduleFilter:
    """What the list is narrowed to; empty values narrow nothing."""

    q: str = ""
    client: int | None = None
    owner: int | None = None
    state: str = ""

    @property
    def is_narrow(self) -> bool:
        return bool(self.q or self.client or self.owner or self.state)


def visible_schedules(viewer: User | None) -> QuerySet[Schedule]:
    """With all that a row shows; what is large stays in the database."""
    rows = visible_rows(Schedule.objects.select_related("client", "owner", "last_run"), viewer)
    return rows.defer(*HEAVY_OF_CLIENT, *HEAVY_OF_RUN, "inputs")


def schedules_asked(viewer: User | None, asked: ScheduleFilter) -> QuerySet[Schedule]:
    """Those that come next first, and the paused ones last."""
    rows = visible_schedules(viewer)
    if asked.q:
        rows = rows.filter(Q(name__icontains=asked.q) | Q(client__name__icontains=asked.q))
    if asked.client:
        rows = rows.filter(client=asked.client)
    if asked.owner:
        rows = rows.filter(owner=asked.owner)
    states: dict[str, Any] = {"active": Q(paused_at=None), "paused": ~Q(paused_at=None), "missed": Q(missed__gt=0)}
    if asked.state:
        rows = rows.filter(states[asked.state])
    return rows.order_by(F("next_run_at").asc(nulls_last=True), "pk")


def schedule_page(viewer: User | None, asked: ScheduleFilter, number: int) -> Page[Schedule]:
    return Paginator(schedules_asked(viewer, asked), A_PAGE).get_page(number)


def schedule_counts(viewer: User | None) -> dict[str, int]:
    """All, paused, and with times that were missed."""
    paused, missed = Count("pk", filter=~Q(paused_at=None)), Count("pk", filter=Q(missed__gt=0))
    rows = visible_rows(Schedule.objects.all(), viewer).order_by()
    return rows.aggregate(all=Count("pk"), paused=paused, missed=missed)


def schedules_of(client: OAuthClient) -> list[Schedule]:
    rows = visible_schedules(None).filter(client=client)
    return list(rows.order_by(F("next_run_at").asc(nulls_last=True), "pk")[: OF_CLIENT + 1])


def runs_of_schedule(schedule: Schedule) -> list[Run]:
    return list(runs_for_lists().filter(schedule=schedule).order_by("-id")[:RUNS_SHOWN])


def missed_times(schedule: Schedule) -> list[MissedTime]:
    return list(schedule.missed_times.all()[:MISSED_SHOWN])


def people_for_choice(viewer: User | None) -> QuerySet[User]:
    return visible_people(viewer).filter(is_active=True).order_by("username").only("username")
