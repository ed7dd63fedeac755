"""Incidents: list, detail and snooze."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from diagnostics.accounts.access import may_run_required
from diagnostics.accounts.requests import Request, filter_context
from diagnostics.monitoring.channel_settings import mute, unmute
from diagnostics.monitoring.forms.alerts import IncidentFilterForm, MuteForm
from diagnostics.monitoring.lookups import find_incident
from diagnostics.monitoring.models import Incident
from diagnostics.monitoring.queries import alerts as queries


@require_safe
def incident_list(request: Request) -> HttpResponse:
    form = IncidentFilterForm(request.GET, viewer=request.user)
    filters, list_context = filter_context(form, request)
    context = {
        **list_context,
        "page": queries.incident_page(request.user, **filters),
        "given_up": queries.given_up_channels() if request.user.is_admin else [],
    }
    return render(request, "monitoring/incidents/list.html", context)


@require_safe
def incident_detail(request: Request, pk: int) -> HttpResponse:
    return _page(request, find_incident(pk, request.user), MuteForm())


@require_POST
@may_run_required
def incident_mute(request: Request, pk: int) -> HttpResponse:
    incident, form = find_incident(pk, request.user), MuteForm(request.POST)
    if not form.is_valid():
        return _page(request, incident, form)
    mute(incident, form.cleaned_data["reason"], form.ends_at, request.user)
    messages.success(request, "Muted. It is told again by itself when the time is over.")
    return redirect("incident", incident.pk)


@require_POST
@may_run_required
def incident_unmute(request: Request, pk: int) -> HttpResponse:
    incident = find_incident(pk, request.user)
    unmute(incident)
    messages.success(request, "It is no longer muted.")
    return redirect("incident", incident.pk)


def _page(request: Request, incident: Incident, form: MuteForm) -> HttpResponse:
    context = {
        "incident": incident,
        "client": incident.client,
        "came_from": getattr(incident, "came_from", None),
        "deliveries": queries.deliveries_of(incident),
        "rules": queries.alerting_rules(incident.client),
        "is_muted": queries.is_muted(incident),
        "mute_form": form,
        "broke": [change for change in incident.changes if change.get("at") == "broke"],
        "mended": [change for change in incident.changes if change.get("at") == "mended"],
    }
    return render(request, "monitoring/incidents/detail.html", context)
