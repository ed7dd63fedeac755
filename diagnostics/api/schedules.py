"""Schedules: what runs unattended, and when next."""

from django.shortcuts import get_object_or_404
from ninja import Query, Router

from diagnostics.api import responses as told
from diagnostics.api import schemas as shapes
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.paging import page_of
from diagnostics.api.queries import schedules_listed
from diagnostics.api.requests import Id, ScheduleParameters

router = Router(tags=["Schedules"])


@router.get("/schedules", response=shapes.Schedules, url_name="schedules", summary="List schedules")
def schedules(request: AuthenticatedRequest, asked: Query[ScheduleParameters]) -> shapes.Schedules:
    """Of every client in sight; the newest first."""
    paused = None if asked.paused is None else asked.paused == "yes"
    rows = schedules_listed(request.user, client=asked.client, paused=paused)
    found, following = page_of(request, rows, asked)
    return shapes.Schedules(items=[told.schedule(row) for row in found], next=following)


@router.get("/schedules/{schedule_id}", response=shapes.ScheduleSchema, url_name="schedule", summary="One schedule")
def schedule(request: AuthenticatedRequest, schedule_id: Id) -> shapes.ScheduleSchema:
    """When it is due next, its last run, and how often a time was missed."""
    return told.schedule(get_object_or_404(schedules_listed(request.user), pk=schedule_id))
