"""Many runs: the list, checks by runs, causes over time. All three take the same narrowing from the query string."""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request, zone_of
from diagnostics.checks import base as checks
from diagnostics.checks.outcomes import Outcome
from diagnostics.runs.filters import SORTS, RunFilter
from diagnostics.runs.forms.list import RunFilterForm, numbers_of
from diagnostics.runs.queries import matrix as run_matrices
from diagnostics.runs.queries import strips as strips_queries
from diagnostics.runs.queries.cause_counts import cause_chart
from diagnostics.runs.queries.choices import run_choices, saved_views
from diagnostics.runs.queries.pages import PagePosition, read_position, run_page

PAGE = "page"
MOST_STRIPS = 4
CHART_RANGE = "30d"  # where no time is chosen


@dataclass(frozen=True)
class RunListQuery:
    """What the query string asks for."""

    narrowed: RunFilter
    place: PagePosition | None
    page: str

    @property
    def query(self) -> str:
        """The same in as few words as it takes."""
        return "&".join(part for part in (self.narrowed.to_query(), f"{PAGE}={self.page}" if self.page else "") if part)


@require_safe
def run_list(request: Request) -> HttpResponse:
    asked = _asked(request)
    if _is_wordy(request, asked):
        return HttpResponseRedirect(f"{request.path}?{asked.query}")
    page = run_page(asked.narrowed, asked.place)
    shown = [int(client)] if (client := asked.narrowed.get("client")) else [run.client_id for run in page.runs]
    strips = strips_queries.strips(list(dict.fromkeys(shown))[:MOST_STRIPS], request.user)
    context = {"page": page, "strips": strips, "caption": f"Runs, {SORTS[asked.narrowed.sort].lower()}"}
    return render(request, "runs/list.html", {**_list_context(asked), **context})


@require_safe
def run_matrix(request: Request) -> HttpResponse:
    asked = _asked(request)
    if _is_wordy(request, asked):
        return HttpResponseRedirect(f"{request.path}?{asked.query}")
    matrix = run_matrices.run_matrix(asked.narrowed, asked.place, checks.titles())
    context = {"matrix": matrix, "page": matrix.page, "outcomes": list(Outcome)}
    return render(request, "runs/matrix.html", {**_list_context(asked), **context})


@require_safe
def run_causes(request: Request) -> HttpResponse:
    asked = _asked(request)
    if _is_wordy(request, asked):
        return HttpResponseRedirect(f"{request.path}?{asked.query}")
    now, zone = timezone.now(), ZoneInfo(asked.narrowed.get("zone")) if asked.narrowed.get("zone") else zone_of(request)
    narrowed = asked.narrowed
    if chosen_here := narrowed.times.is_open:
        narrowed = RunFilter.read({**narrowed.values, "when": CHART_RANGE}, now, zone, viewer=request.user)
    chart = cause_chart(narrowed, now, zone)
    context = {"chart": chart, "numbers": numbers_of(chart, narrowed, zone), "range_chosen_here": chosen_here}
    return render(request, "runs/causes.html", {**_list_context(asked), **context, "zone": zone.key})


def _asked(request: Request) -> RunListQuery:
    narrowed = RunFilter.read(request.GET, timezone.now(), zone_of(request), viewer=request.user, also=(PAGE,))
    page = request.GET.get(PAGE, "")
    place = read_position(page, narrowed.sort)
    if place is None:
        problem = "page: this is no place in a list of this order, so the list is shown from its start."
        return RunListQuery(replace(narrowed, problems=(*narrowed.problems, problem)), None, "")
    return RunListQuery(narrowed, place, page)


def _is_wordy(request: Request, asked: RunListQuery) -> bool:
    """A form sends its empty fields too. What could not be understood must stay, to be named."""
    return not asked.narrowed.problems and "" in request.GET.values()


def _list_context(asked: RunListQuery) -> dict[str, object]:
    form = RunFilterForm(asked.narrowed, run_choices(asked.narrowed.viewer))
    return {
        "narrowed": asked.narrowed,
        "query": asked.narrowed.to_query(),
        "form": form,
        "is_start": asked.place is None or asked.place.is_start,
        "views": saved_views(asked.narrowed.viewer),
    }
