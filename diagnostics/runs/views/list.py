"""Many runs: the list, the checks of each run, failures over time, and the time each check takes. All have one filter."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request, viewer_time_zone
from diagnostics.checks import base as checks
from diagnostics.checks.outcomes import Outcome
from diagnostics.runs.filters import SORTS, RunFilter
from diagnostics.runs.forms.list import RunFilterForm
from diagnostics.runs.queries import failures, latency
from diagnostics.runs.queries import matrix as run_matrices
from diagnostics.runs.queries import strips as strips_queries
from diagnostics.runs.queries.choices import run_choices, saved_views
from diagnostics.runs.queries.pages import PagePosition, count_runs, read_position, run_page

PAGE = "page"
MAX_STRIPS = 4
CHART_RANGE = "30d"  # if no time is selected
TABS = {
    "runs": "List",
    "run-matrix": "Checks by run",
    "run-causes": "Failures over time",
    "run-latency": "Latency",
}


@dataclass(frozen=True)
class RunListQuery:
    """The parsed query string."""

    filters: RunFilter
    position: PagePosition | None
    page: str

    @property
    def query(self) -> str:
        """The shortest equivalent query string."""
        return "&".join(part for part in (self.filters.to_query(), f"{PAGE}={self.page}" if self.page else "") if part)


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
    request: Request, tab: str, template: str, context_of: Callable[[Request, RunListQuery], dict[str, object]]
) -> HttpResponse:
    """The form submits empty fields too: they leave the address, but invalid ones stay, so that the page names them."""
    query = _read_query(request)
    if not query.filters.problems and "" in request.GET.values():
        return HttpResponseRedirect(f"{request.path}?{query.query}")
    own_query = query.filters.to_query()
    suffix = f"?{own_query}" if own_query else ""
    context = {
        "filters": query.filters,
        "query": own_query,
        "form": RunFilterForm(query.filters, run_choices(query.filters.viewer)),
        "is_start": query.position is None or query.position.is_start,
        "views": saved_views(query.filters.viewer),
        "tabs": [(f"{reverse(name)}{suffix}", label, name == tab) for name, label in TABS.items()],
        "tabs_label": "Views of these runs",
    }
    return render(request, template, {**context, **context_of(request, query)})


def _list_context(request: Request, query: RunListQuery) -> dict[str, object]:
    page = run_page(query.filters, query.position)
    shown = [int(client)] if (client := query.filters.get("client")) else [run.client_id for run in page.runs]
    return {
        "page": page,
        "total": count_runs(query.filters),
        "strips": strips_queries.strips(list(dict.fromkeys(shown))[:MAX_STRIPS], request.user),
        "caption": f"Runs, {SORTS[query.filters.sort].lower()}",
    }


def _matrix_context(request: Request, query: RunListQuery) -> dict[str, object]:
    matrix = run_matrices.run_matrix(query.filters, query.position, checks.titles())
    return {"matrix": matrix, "page": matrix.page, "outcomes": list(Outcome)}


def _causes_context(request: Request, query: RunListQuery) -> dict[str, object]:
    now, zone = timezone.now(), _zone(request, query.filters)
    filters, uses_default_range = _with_range(request, query.filters)
    return {
        "chart": failures.failure_chart(filters, now, zone),
        "uses_default_range": uses_default_range,
        "zone": zone.key,
    }


def _latency_context(request: Request, query: RunListQuery) -> dict[str, object]:
    filters, uses_default_range = _with_range(request, query.filters)
    chart = latency.latency_chart(filters, _zone(request, query.filters), checks.titles())
    return {"chart": chart, "uses_default_range": uses_default_range, "most": latency.MAX_RUNS}


def _with_range(request: Request, filters: RunFilter) -> tuple[RunFilter, bool]:
    """The same filters with a default range if none is selected."""
    if not filters.times.is_open:
        return filters, False
    values = {**filters.values, "when": CHART_RANGE}
    return RunFilter.read(values, timezone.now(), _zone(request, filters), viewer=request.user), True


def _zone(request: Request, filters: RunFilter) -> ZoneInfo:
    return ZoneInfo(filters.get("zone")) if filters.get("zone") else viewer_time_zone(request)


def _read_query(request: Request) -> RunListQuery:
    filters = RunFilter.read(request.GET, timezone.now(), viewer_time_zone(request), viewer=request.user, also=(PAGE,))
    page = request.GET.get(PAGE, "")
    position = read_position(page, filters.sort)
    if position is None:
        problem = "This page of the list doesn't exist in this order. You see the first page."
        return RunListQuery(replace(filters, problems=(*filters.problems, problem)), None, "")
    return RunListQuery(filters, position, page)
