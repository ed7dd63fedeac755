"""Schedules: what runs unattended, and when next."""

from django.shortcuts import get_object_or_404
from ninja import Query, Router

from diagnostics.api import shapes, told
from diagnostics.api.asked import Id, SchedulesAsked
from diagnostics.api.callers import Caller
from diagnostics.api.paging import page_of
from diagnostics.queries.api_lists import schedules_listed

router = Router(tags=["Schedules"])


@router.get("/schedules", response=shapes.Schedules, url_name="schedules", summary="List schedules")
def schedules(request: Caller, asked: Query[SchedulesAsked]) -> shapes.Schedules:
    """Of every client in sight; the newest first."""
    paused = None if asked.paused is None else asked.paused == "yes"
    rows = schedules_listed(request.user, client=asked.client, paused=paused)
    found, following = page_of(request, rows, asked)
    return shapes.Schedules(items=[told.schedule(row) for row in found], next=following)


@router.get("/schedules/{schedule_id}", response=shapes.Schedule, url_name="schedule", summary="One schedule")
def schedule(request: Caller, schedule_id: Id) -> shapes.Schedule:
    """When it is due next, its last run, and how often a time was missed."""
    return told.schedule(get_object_or_404(schedules_listed(request.user), pk=schedule_id))
