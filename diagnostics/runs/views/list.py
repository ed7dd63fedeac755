"""Many runs: the list, the checks of each run, failures over time, and the time each check takes.

All have one filter, which an admin can save as a view: everybody can open it.
"""

from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from diagnostics.accounts.access import admin_required
from diagnostics.accounts.requests import Request, viewer_time_zone
from diagnostics.checks import base as checks
from diagnostics.checks.outcomes import Outcome
from diagnostics.runs.filters import SORTS, RunFilter
from diagnostics.runs.forms.list import RunFilterForm
from diagnostics.runs.models import SavedView
from diagnostics.runs.queries import latency, matrix, strips
from diagnostics.runs.queries.choices import run_choices, saved_views
from diagnostics.runs.queries.failure_chart import failure_chart
from diagnostics.runs.queries.pages import PagePosition, count_runs, read_position, run_page
from diagnostics.runs.saved_views import MAX_QUERY_LENGTH, delete_view, save_view
from diagnostics.web.refusals import ActionRefused

MAX_STRIPS = 4
CHART_RANGE = "30d"  # if no time is selected
TABS = {
    "runs": "List",
    "run-matrix": "Checks by run",
    "run-causes": "Failures over time",
    "run-latency": "Latency",
}


@require_safe
def run_list(request: Request) -> HttpResponse:
    return _page(request, "runs", "runs/list.html", _list_context)


@require_safe
def run_matrix(request: Request) -> HttpResponse:
    return _page(request, "run-matrix", "runs/matrix.html", _matrix_context)


@require_safe
def run_causes(request: Request) -> HttpResponse:
    return _page(request, "run-causes", "runs/causes.html", _causes_context)


@require_safe
def run_latency(request: Request) -> HttpResponse:
    return _page(request, "run-latency", "runs/latency.html", _latency_context)


def _page(
    request: Request,
    tab: str,
    template: str,
    context_of: Callable[[Request, RunFilter, PagePosition], dict[str, object]],
) -> HttpResponse:
    """The form submits empty fields too: they leave the address, but invalid ones stay, so that the page names them."""
    filters = RunFilter.read(
        request.GET, timezone.now(), viewer_time_zone(request), viewer=request.user, also=("page",)
    )
    query, page = filters.to_query(), request.GET.get("page", "")
    position = read_position(page, filters.sort)
    if position is None:
        problem = "This page of the list doesn't exist in this order. You see the first page."
        filters, position = replace(filters, problems=(*filters.problems, problem)), PagePosition()
    if not filters.problems and "" in request.GET.values():
        address = "&".join(part for part in (query, f"page={page}" if page else "") if part)
        return HttpResponseRedirect(f"{request.path}?{address}")
    suffix = f"?{query}" if query else ""
    context = {
        "filters": filters,
        "query": query,
        "form": RunFilterForm(filters, run_choices(request.user)),
        "is_start": position.is_start,
        "views": saved_views(request.user),
        "tabs": [(f"{reverse(name)}{suffix}", label, name == tab) for name, label in TABS.items()],
        "tabs_label": "Views of these runs",
    }
    return render(request, template, {**context, **context_of(request, filters, position)})


def _list_context(request: Request, filters: RunFilter, position: PagePosition) -> dict[str, object]:
    page = run_page(filters, position)
    shown = [int(client)] if (client := filters.get("client")) else [run.client_id for run in page.runs]
    return {
        "page": page,
        "total": count_runs(filters),
        "strips": strips.strips(list(dict.fromkeys(shown))[:MAX_STRIPS], request.user),
        "caption": f"Runs, {SORTS[filters.sort].lower()}",
    }


def _matrix_context(request: Request, filters: RunFilter, position: PagePosition) -> dict[str, object]:
    found = matrix.run_matrix(filters, position, checks.titles())
    return {"matrix": found, "page": found.page, "outcomes": list(Outcome)}


def _causes_context(request: Request, filters: RunFilter, position: PagePosition) -> dict[str, object]:
    filters, zone, uses_default_range = _with_range(request, filters)
    chart = failure_chart(filters, timezone.now(), zone)
    return {"chart": chart, "uses_default_range": uses_default_range, "zone": zone.key}


def _latency_context(request: Request, filters: RunFilter, position: PagePosition) -> dict[str, object]:
    filters, zone, uses_default_range = _with_range(request, filters)
    chart = latency.latency_chart(filters, zone, checks.titles())
    return {"chart": chart, "uses_default_range": uses_default_range, "most": latency.MAX_RUNS}


def _with_range(request: Request, filters: RunFilter) -> tuple[RunFilter, ZoneInfo, bool]:
    """The same filters, their time zone, and whether they got a default range because none is selected."""
    zone = ZoneInfo(filters.get("zone")) if filters.get("zone") else viewer_time_zone(request)
    if not filters.times.is_open:
        return filters, zone, False
    values = {**filters.values, "when": CHART_RANGE}
    return RunFilter.read(values, timezone.now(), zone, viewer=request.user), zone, True


@require_POST
@admin_required
def view_add(request: Request) -> HttpResponse:
    query = request.POST.get("query", "")
    try:
        view = save_view(request.POST.get("name", ""), query, request.user, timezone.now(), viewer_time_zone(request))
    except ActionRefused as refused:
        messages.error(request, str(refused))
        return HttpResponseRedirect(f"{resolve_url('runs')}?{query if len(query) <= MAX_QUERY_LENGTH else ''}")
    messages.success(request, f"View {view.name} saved for everyone.")
    return HttpResponseRedirect(f"{resolve_url('runs')}?{view.query}")


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def view_delete(request: Request, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView, pk=pk)
    if request.method == "POST":
        delete_view(view)
        messages.success(request, f"View {view.name} deleted.")
        return redirect("runs")
    return render(request, "runs/view_delete.html", {"view": view})
