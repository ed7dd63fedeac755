"""Lists of runs: the run list, the matrix of checks, and causes over time. All take the same filters."""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request, viewer_time_zone
from diagnostics.checks import base as checks
from diagnostics.checks.outcomes import Outcome
from diagnostics.runs.filters import SORTS, RunFilter
from diagnostics.runs.forms.list import RunFilterForm, count_rows
from diagnostics.runs.queries import matrix as run_matrices
from diagnostics.runs.queries import strips as strips_queries
from diagnostics.runs.queries.cause_counts import cause_chart
from diagnostics.runs.queries.choices import run_choices, saved_views
from diagnostics.runs.queries.pages import PagePosition, read_position, run_page

PAGE = "page"
MAX_STRIPS = 4
CHART_RANGE = "30d"  # if no time is selected


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
    query = _read_query(request)
    if _has_empty_values(request, query):
        return HttpResponseRedirect(f"{request.path}?{query.query}")
    page = run_page(query.filters, query.position)
    shown = [int(client)] if (client := query.filters.get("client")) else [run.client_id for run in page.runs]
    strips = strips_queries.strips(list(dict.fromkeys(shown))[:MAX_STRIPS], request.user)
    context = {"page": page, "strips": strips, "caption": f"Runs, {SORTS[query.filters.sort].lower()}"}
    return render(request, "runs/list.html", {**_list_context(query), **context})


@require_safe
def run_matrix(request: Request) -> HttpResponse:
    query = _read_query(request)
    if _has_empty_values(request, query):
        return HttpResponseRedirect(f"{request.path}?{query.query}")
    matrix = run_matrices.run_matrix(query.filters, query.position, checks.titles())
    context = {"matrix": matrix, "page": matrix.page, "outcomes": list(Outcome)}
    return render(request, "runs/matrix.html", {**_list_context(query), **context})


@require_safe
def run_causes(request: Request) -> HttpResponse:
    query = _read_query(request)
    if _has_empty_values(request, query):
        return HttpResponseRedirect(f"{request.path}?{query.query}")
    now, zone = (
        timezone.now(),
        ZoneInfo(query.filters.get("zone")) if query.filters.get("zone") else viewer_time_zone(request),
    )
    filters = query.filters
    if uses_default_range := filters.times.is_open:
        filters = RunFilter.read({**filters.values, "when": CHART_RANGE}, now, zone, viewer=request.user)
    chart = cause_chart(filters, now, zone)
    context = {"chart": chart, "numbers": count_rows(chart, filters, zone), "range_chosen_here": uses_default_range}
    return render(request, "runs/causes.html", {**_list_context(query), **context, "zone": zone.key})


def _read_query(request: Request) -> RunListQuery:
    filters = RunFilter.read(request.GET, timezone.now(), viewer_time_zone(request), viewer=request.user, also=(PAGE,))
    page = request.GET.get(PAGE, "")
    position = read_position(page, filters.sort)
    if position is None:
        problem = "page: this is no place in a list of this order, so the list is shown from its start."
        return RunListQuery(replace(filters, problems=(*filters.problems, problem)), None, "")
    return RunListQuery(filters, position, page)


def _has_empty_values(request: Request, query: RunListQuery) -> bool:
    """The form submits empty fields too. Invalid parameters must stay, so that the page can name them."""
    return not query.filters.problems and "" in request.GET.values()


def _list_context(query: RunListQuery) -> dict[str, object]:
    form = RunFilterForm(query.filters, run_choices(query.filters.viewer))
    return {
        "narrowed": query.filters,
        "query": query.filters.to_query(),
        "form": form,
        "is_start": query.position is None or query.position.is_start,
        "views": saved_views(query.filters.viewer),
    }
