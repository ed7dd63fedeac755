"""Incidents: list, detail and snooze."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from diagnostics.accounts.access import may_run_required
from diagnostics.accounts.requests import Request
from diagnostics.monitoring.channel_settings import end_snooze, snooze
from diagnostics.monitoring.forms.alerts import IncidentFilterForm, SnoozeForm
from diagnostics.monitoring.lookups import find_incident
from diagnostics.monitoring.models import Incident
from diagnostics.monitoring.queries import alerts as queries
from diagnostics.web.filters import filter_context


@require_safe
def incident_list(request: Request) -> HttpResponse:
    form = IncidentFilterForm(request.GET, viewer=request.user)
    filters, list_context = filter_context(form, request)
    context = {
        **list_context,
        "page": queries.incident_page(request.user, **filters),
        "disabled_channels": queries.disabled_channels() if request.user.is_admin else [],
    }
    return render(request, "monitoring/incidents/list.html", context)


@require_safe
def incident_detail(request: Request, pk: int) -> HttpResponse:
    return _page(request, find_incident(pk, request.user), SnoozeForm())


@require_POST
@may_run_required
def incident_snooze(request: Request, pk: int) -> HttpResponse:
    incident, form = find_incident(pk, request.user), SnoozeForm(request.POST)
    if not form.is_valid():
        return _page(request, incident, form)
    snooze(incident, form.cleaned_data["reason"], form.ends_at, request.user)
    messages.success(request, "Snoozed. Alerts resume when the time is over.")
    return redirect("incident", incident.pk)


@require_POST
@may_run_required
def incident_end_snooze(request: Request, pk: int) -> HttpResponse:
    incident = find_incident(pk, request.user)
    end_snooze(incident)
    messages.success(request, "Alerts are on again.")
    return redirect("incident", incident.pk)


def _page(request: Request, incident: Incident, form: SnoozeForm) -> HttpResponse:
    context = {
        "incident": incident,
        "client": incident.client,
        "came_from": getattr(incident, "came_from", None),
        "deliveries": queries.deliveries_of(incident),
        "rules": queries.alerting_rules(incident.client),
        "is_snoozed": queries.is_snoozed(incident),
        "snooze_form": form,
        "broke": [change for change in incident.changes if change.get("at") == "broke"],
        "mended": [change for change in incident.changes if change.get("at") == "mended"],
    }
    return render(request, "monitoring/incidents/detail.html", context)
