"""Endpoints for schedules."""

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status

from diagnostics.api import responses, schemas
from diagnostics.api.callers import AuthenticatedRequest, require_may_manage
from diagnostics.api.paging import page_of
from diagnostics.api.problems import wrong_form
from diagnostics.api.queries import list_schedules
from diagnostics.api.requests import Id, NewSchedule, ScheduleChange, ScheduleParameters
from diagnostics.api.starts import refusal
from diagnostics.monitoring.forms.schedules import ScheduleForm
from diagnostics.monitoring.models import Schedule
from diagnostics.monitoring.schedules import (
    change_schedule,
    create_schedule,
    delete_schedule,
    pause_schedules,
    resume_schedules,
)
from diagnostics.orgs.lookups import find_active_client
from diagnostics.parsing.inputs import Inputs
from diagnostics.web.refusals import ActionRefused

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


@router.post("/schedules", response={201: schemas.ScheduleSchema}, url_name="schedule-add", summary="Add a schedule")
def add_schedule(request: AuthenticatedRequest, payload: NewSchedule) -> Status[schemas.ScheduleSchema]:
    """A schedule of health checks, whose owner is the token's owner."""
    require_may_manage(request)
    client = find_active_client(payload.client, request.user)
    data = {**payload.dict(exclude_none=True), "client": client.pk, "owner": request.user.pk}
    form = _valid(ScheduleForm(data, viewer=request.user))
    try:
        with transaction.atomic():
            schedule = create_schedule(form.schedule_values)
            _pause_or_resume(request, schedule, payload)
    except ActionRefused as refused:
        raise refusal(refused) from None
    return Status(201, _fresh(request, schedule.pk))


@router.patch(
    "/schedules/{schedule_id}", response=schemas.ScheduleSchema, url_name="schedule-edit", summary="Change a schedule"
)
def edit_schedule(request: AuthenticatedRequest, schedule_id: Id, payload: ScheduleChange) -> schemas.ScheduleSchema:
    """Changes the timetable or the name, and pauses or resumes it."""
    require_may_manage(request)
    schedule = get_object_or_404(list_schedules(request.user), pk=schedule_id)
    given: dict[str, Any] = payload.dict(exclude_none=True)
    timing = {name: value for name, value in given.items() if name not in ("paused", "pause_reason")}
    try:
        with transaction.atomic():
            if timing:
                inputs = Inputs.from_json(schedule.inputs) if schedule.inputs else Inputs()
                data = {**_form_values(schedule), **timing}
                form = _valid(ScheduleForm(data, viewer=request.user, inputs=inputs, of=schedule, initial=data))
                change_schedule(schedule, form.schedule_values)
            _pause_or_resume(request, schedule, payload)
    except ActionRefused as refused:
        raise refusal(refused) from None
    return _fresh(request, schedule.pk)


@router.delete(
    "/schedules/{schedule_id}", response={204: None}, url_name="schedule-delete", summary="Delete a schedule"
)
def remove_schedule(request: AuthenticatedRequest, schedule_id: Id) -> HttpResponse:
    """Its runs stay."""
    require_may_manage(request)
    delete_schedule(get_object_or_404(list_schedules(request.user), pk=schedule_id))
    return HttpResponse(status=204)


def _form_values(schedule: Schedule) -> dict[str, Any]:
    """As the form would send them."""
    values = ScheduleForm.values_of(schedule)
    values |= {"client": schedule.client_id, "owner": schedule.owner_id or ""}
    return {name: value for name, value in values.items() if value not in (None, "")}


def _valid(form: ScheduleForm) -> ScheduleForm:
    if not form.is_valid():
        raise wrong_form(form)
    return form


def _pause_or_resume(request: AuthenticatedRequest, schedule: Schedule, payload: ScheduleChange) -> None:
    if payload.paused is True:
        pause_schedules([schedule.pk], request.user, payload.pause_reason or "")
    if payload.paused is False:
        resume_schedules([schedule.pk])


def _fresh(request: AuthenticatedRequest, pk: int) -> schemas.ScheduleSchema:
    return responses.schedule(list_schedules(request.user).get(pk=pk))
