"""Schedules: list, detail, add, edit, delete, pause, resume and run now."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Page
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from diagnostics import tasks
from diagnostics.accounts.access import admin_required, may_run_required
from diagnostics.accounts.requests import Request, viewer_time_zone
from diagnostics.monitoring.forms.schedules import BulkForm, PauseForm, PlanForm, ScheduleForm, ScheduleListForm
from diagnostics.monitoring.models import Schedule
from diagnostics.monitoring.queries.alerts import alerting_rules, set_notified
from diagnostics.monitoring.queries.schedules import (
    filtered_schedules,
    find_schedule,
    missed_times,
    runs_of_schedule,
    schedule_counts,
    schedule_page,
)
from diagnostics.monitoring.schedule_preview import format_in_zone, preview_of
from diagnostics.monitoring.schedules import (
    change_schedule,
    create_schedule,
    delete_schedule,
    pause_schedules,
    resume_schedules,
    run_schedule_now,
    saved_inputs,
)
from diagnostics.orgs.visibility import find_active_client
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.queries.runs import find_run
from diagnostics.web.confirmation import confirmation_page
from diagnostics.web.format import count_of
from diagnostics.web.refusals import ActionRefused

FORM_METHODS = ["GET", "HEAD", "POST"]


@require_safe
def schedule_list(request: Request) -> HttpResponse:
    form = ScheduleListForm(request.GET, viewer=request.user)
    page: Page[Schedule] = schedule_page(request.user, form.page_number(), **form.filters())
    set_notified(page.object_list)
    context = {
        "form": form,
        "is_filtered": form.is_narrowed,
        "left_out": list(form.left_out()),
        "page": page,
        "counts": schedule_counts(request.user),
        "pause_form": PauseForm(),
    }
    return render(request, "monitoring/schedules/list.html", context)


@require_safe
def schedule_detail(request: Request, pk: int) -> HttpResponse:
    schedule = find_schedule(pk, request.user)
    reader = viewer_time_zone(request)
    next_at = schedule.next_run_at
    context = {
        "schedule": schedule,
        "client": schedule.client,
        "inputs": Inputs.from_json(schedule.inputs) if schedule.inputs else None,
        "preview": preview_of(schedule.plan, reader, timezone.now()),
        "next_in_zone": format_in_zone(next_at, schedule.plan.tz) if next_at else "",
        "next_for_reader": format_in_zone(next_at, reader) if next_at else "",
        "notified": alerting_rules(schedule.client),
        "runs": runs_of_schedule(schedule),
        "missed": missed_times(schedule),
        "pause_form": PauseForm(),
    }
    return render(request, "monitoring/schedules/detail.html", context)


@require_http_methods(FORM_METHODS)
@admin_required
def schedule_add(request: Request) -> HttpResponse:
    """A health check of a client or, with `run` in the query string, a repeat of that run's diagnosis."""
    run = _number(request.GET.get("run", ""))
    source = find_run(run, request.user) if run else None
    inputs = saved_inputs(Inputs.from_json(source.inputs)) if source else Inputs()
    client = _number(request.GET.get("client", ""))
    initial: dict[str, Any] = {"every": "minutes", "minutes": 5, "owner": request.user.pk}
    initial["zone"] = viewer_time_zone(request).key
    if source:
        initial["client"] = source.client
    elif client:
        initial["client"] = find_active_client(client, request.user)
    if source is not None and inputs.given:
        initial["name"] = f"Repeat run {source.pk} with {source.client.name}"[:120]
    form = ScheduleForm(_posted(request), viewer=request.user, inputs=inputs, initial=initial)
    if not _is_saved(request, form):
        return _form_page(request, form, {"source": source})
    try:
        schedule = create_schedule(form.schedule_values)
    except ActionRefused as refused:
        form.add_error(None, str(refused))
        return _form_page(request, form, {"source": source})
    messages.success(request, f"{schedule.name} added.")
    return redirect("schedule", schedule.pk)


@require_http_methods(FORM_METHODS)
@admin_required
def schedule_edit(request: Request, pk: int) -> HttpResponse:
    schedule = find_schedule(pk, request.user)
    inputs = Inputs.from_json(schedule.inputs) if schedule.inputs else Inputs()
    initial = ScheduleForm.values_of(schedule)
    form = ScheduleForm(_posted(request), viewer=request.user, inputs=inputs, of=schedule, initial=initial)
    if not _is_saved(request, form):
        return _form_page(request, form, {"schedule": schedule})
    try:
        change_schedule(schedule, form.schedule_values)
    except ActionRefused as refused:
        form.add_error(None, str(refused))
        return _form_page(request, form, {"schedule": schedule})
    messages.success(request, "Schedule saved.")
    return redirect("schedule", pk)


@require_safe
@admin_required
def schedule_preview(request: Request) -> HttpResponse:
    """The fragment next to the form: the timetable in words, and its next runs."""
    form = PlanForm(request.GET)
    context = {"form": form, "preview": form.preview(viewer_time_zone(request))}
    return render(request, "monitoring/schedules/_preview.html", context)


@require_http_methods(FORM_METHODS)
@admin_required
def schedule_delete(request: Request, pk: int) -> HttpResponse:
    schedule = find_schedule(pk, request.user)
    if request.method != "POST":
        sentence = "It won't run again, and its missed runs are forgotten. Its runs are kept. To stop it for a while, pause it."
        title, back = f"Delete {schedule.name}?", ["schedule", schedule.pk]
        return confirmation_page(request, title, sentence, "Delete schedule", back, client=schedule.client)
    delete_schedule(schedule)
    messages.success(request, f"{schedule.name} deleted. Its runs are kept.")
    return redirect("schedules")


@require_POST
@admin_required
def schedule_pause(request: Request, pk: int) -> HttpResponse:
    schedule = find_schedule(pk, request.user)
    form = PauseForm(request.POST)
    if form.is_valid():
        pause_schedules([schedule.pk], request.user, form.cleaned_data["reason"])
    else:
        messages.error(request, "Not paused: the reason is longer than 300 characters.")
    return redirect("schedule", pk)


@require_POST
@admin_required
def schedule_resume(request: Request, pk: int) -> HttpResponse:
    schedule = find_schedule(pk, request.user)
    if schedule.is_paused and not resume_schedules([schedule.pk]):
        messages.error(request, f"Still paused: the client {schedule.client.name} is retired.")
    return redirect("schedule", pk)


@require_POST
@may_run_required
def schedule_run(request: Request, pk: int) -> HttpResponse:
    """Manual runs take precedence over scheduled ones."""
    schedule = find_schedule(pk, request.user)
    try:
        with transaction.atomic():
            run = run_schedule_now(schedule, request.user)
            transaction.on_commit(lambda: tasks.send(tasks.execute_run, run.pk))
    except ActionRefused as refused:
        messages.error(request, str(refused))
        return redirect("schedule", pk)
    return redirect("run", run.pk)


@require_POST
@admin_required
def schedules_bulk(request: Request) -> HttpResponse:
    """Pause or resume the chosen schedules, or all that match the filters."""
    form = BulkForm(request.POST)
    back = HttpResponseRedirect(f"{resolve_url('schedules')}?{_query_of(request)}")
    if not form.is_valid():
        messages.error(
            request, "Nothing changed. Choose Pause or Resume, and use at most 300 characters for the reason."
        )
        return back
    data = form.cleaned_data
    if data["all"]:
        filters = ScheduleListForm(QueryDict(_query_of(request)), viewer=request.user).filters()
        rows = filtered_schedules(request.user, **filters)
    else:
        rows = filtered_schedules(request.user).filter(pk__in=data["ids"])
    ids = list(rows.values_list("pk", flat=True))
    if data["act"] == "pause":
        count, word = pause_schedules(ids, request.user, data["reason"]), "paused"
    else:
        count, word = resume_schedules(ids), "resumed"
    if count:
        messages.success(request, f"{count_of(count, 'schedule')} {word}.")
    else:
        messages.warning(request, "Nothing changed: select at least one schedule.")
    return back


def _form_page(request: Request, form: ScheduleForm, more: dict[str, object]) -> HttpResponse:
    context = {"form": form, "preview": form.preview(viewer_time_zone(request)), **more}
    return render(request, "monitoring/schedules/form.html", context)


def _posted(request: Request) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _is_saved(request: Request, form: ScheduleForm) -> bool:
    """Whether this request is a valid save, not a preview."""
    return request.method == "POST" and "preview" not in request.POST and form.is_valid()


def _query_of(request: Request) -> str:
    return request.POST.get("query", "")[:2000]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
