"""Endpoints for schedules."""

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status

from diagnostics.accounts.models import User
from diagnostics.api import responses, schemas
from diagnostics.api.callers import AuthenticatedRequest, require_may_manage
from diagnostics.api.paging import HEAVY_CLIENT_COLUMNS, matching, page_of
from diagnostics.api.problems import wrong_form
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
from diagnostics.orgs.visibility import find_active_client, visible_rows
from diagnostics.parsing.inputs import Inputs
from diagnostics.web.refusals import ActionRefused

router = Router(tags=["Schedules"])


def _schedules(viewer: User) -> QuerySet[Schedule]:
    rows = Schedule.objects.select_related("client", "owner").defer(*HEAVY_CLIENT_COLUMNS, "inputs")
    return visible_rows(rows, viewer)


@router.get("/schedules", response=schemas.Schedules, url_name="schedules", summary="List schedules")
def schedules(request: AuthenticatedRequest, filters: Query[ScheduleParameters]) -> schemas.Schedules:
    """Schedules of all visible clients, newest first."""
    is_active = None if filters.paused is None else filters.paused == "no"
    rows = matching(_schedules(request.user), client=filters.client, paused_at__isnull=is_active)
    found, next_url = page_of(request, rows, filters)
    return schemas.Schedules(items=[responses.schedule(row) for row in found], next=next_url)


@router.get("/schedules/{schedule_id}", response=schemas.ScheduleSchema, url_name="schedule", summary="One schedule")
def schedule(request: AuthenticatedRequest, schedule_id: Id) -> schemas.ScheduleSchema:
    """The next run, the last run, and the number of missed runs."""
    return responses.schedule(get_object_or_404(_schedules(request.user), pk=schedule_id))


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
    schedule = get_object_or_404(_schedules(request.user), pk=schedule_id)
    timing = payload.dict(exclude_none=True, exclude={"paused", "pause_reason"})
    try:
        with transaction.atomic():
            if timing:
                inputs = Inputs.from_json(schedule.inputs) if schedule.inputs else Inputs()
                stored = ScheduleForm.values_of(schedule) | {"client": schedule.client_id, "owner": schedule.owner_id}
                data = {name: value for name, value in stored.items() if value not in (None, "")} | timing
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
    delete_schedule(get_object_or_404(_schedules(request.user), pk=schedule_id))
    return HttpResponse(status=204)


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
    return responses.schedule(_schedules(request.user).get(pk=pk))
