"""Queries of schedules, their runs and their missed times."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet
from django.shortcuts import get_object_or_404

from diagnostics.accounts.models import User
from diagnostics.monitoring.models import MissedTime, Schedule
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_people, visible_rows
from diagnostics.runs.models import Run
from diagnostics.runs.queries.runs import runs_for_lists

PAGE_SIZE = 50
RUNS_SHOWN = 20
MISSED_SHOWN = 20
SCHEDULES_OF_CLIENT = 8
LARGE_CLIENT_COLUMNS = ("client__secret", "client__verification")
LARGE_RUN_COLUMNS = tuple(
    f"last_run__{name}" for name in ("inputs", "verdict", "environment", "search_keys", "planned")
)


def visible_schedules(viewer: User | None) -> QuerySet[Schedule]:
    """With the columns that the list shows, without large ones."""
    rows = visible_rows(Schedule.objects.select_related("client", "owner", "last_run"), viewer)
    return rows.defer(*LARGE_CLIENT_COLUMNS, *LARGE_RUN_COLUMNS, "inputs")


def find_schedule(pk: int, user: User) -> Schedule:
    schedules = visible_rows(Schedule.objects.select_related("client", "owner", "paused_by", "last_run"), user)
    return get_object_or_404(schedules.defer(*LARGE_CLIENT_COLUMNS, *LARGE_RUN_COLUMNS), pk=pk)


def filtered_schedules(
    viewer: User | None,
    *,
    q: str = "",
    client: OAuthClient | None = None,
    owner: User | None = None,
    state: str = "",
) -> QuerySet[Schedule]:
    """Next run first, paused schedules last. Empty values don't filter."""
    rows = visible_schedules(viewer)
    if q:
        rows = rows.filter(Q(name__icontains=q) | Q(client__name__icontains=q))
    if client:
        rows = rows.filter(client=client)
    if owner:
        rows = rows.filter(owner=owner)
    states: dict[str, Any] = {"active": Q(paused_at=None), "paused": ~Q(paused_at=None), "missed": Q(missed__gt=0)}
    if state:
        rows = rows.filter(states[state])
    return rows.order_by(F("next_run_at").asc(nulls_last=True), "pk")


def schedule_page(viewer: User | None, number: int, **filters: Any) -> Page[Schedule]:
    return Paginator(filtered_schedules(viewer, **filters), PAGE_SIZE).get_page(number)


def schedule_counts(viewer: User | None) -> dict[str, int]:
    """The numbers of all schedules, paused ones, and those with missed times."""
    paused, missed = Count("pk", filter=~Q(paused_at=None)), Count("pk", filter=Q(missed__gt=0))
    rows = visible_rows(Schedule.objects.all(), viewer).order_by()
    return rows.aggregate(all=Count("pk"), paused=paused, missed=missed)


def schedules_of(client: OAuthClient) -> list[Schedule]:
    rows = visible_schedules(None).filter(client=client)
    return list(rows.order_by(F("next_run_at").asc(nulls_last=True), "pk")[:SCHEDULES_OF_CLIENT])


def runs_of_schedule(schedule: Schedule) -> list[Run]:
    return list(runs_for_lists().filter(schedule=schedule).order_by("-id")[:RUNS_SHOWN])


def missed_times(schedule: Schedule) -> list[MissedTime]:
    return list(schedule.missed_times.all()[:MISSED_SHOWN])


def people_for_choice(viewer: User | None) -> QuerySet[User]:
    return visible_people(viewer).filter(is_active=True).order_by("username").only("username")
