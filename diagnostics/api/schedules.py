"""Endpoints for schedules."""

from django.shortcuts import get_object_or_404
from ninja import Query, Router

from diagnostics.api import responses, schemas
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.paging import page_of
from diagnostics.api.queries import list_schedules
from diagnostics.api.requests import Id, ScheduleParameters

router = Router(tags=["Schedules"])


@router.get("/schedules", response=schemas.Schedules, url_name="schedules", summary="List schedules")
def schedules(request: AuthenticatedRequest, filters: Query[ScheduleParameters]) -> schemas.Schedules:
    """Schedules of all visible clients, newest first."""
    paused = None if filters.paused is None else filters.paused == "yes"
    rows = list_schedules(request.user, client=filters.client, paused=paused)
    found, next_url = page_of(request, rows, filters)
    return schemas.Schedules(items=[responses.schedule(row) for row in found], next=next_url)


@router.get("/schedules/{schedule_id}", response=schemas.ScheduleSchema, url_name="schedule", summary="One schedule")
def schedule(request: AuthenticatedRequest, schedule_id: Id) -> schemas.ScheduleSchema:
    """The next run, the last run, and the number of missed runs."""
    return responses.schedule(get_object_or_404(list_schedules(request.user), pk=schedule_id))
