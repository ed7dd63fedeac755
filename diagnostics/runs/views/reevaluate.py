"""Re-evaluation of stored runs: in batches, and of one run. Stores nothing and sends nothing to an org."""

import re
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request, viewer_time_zone
from diagnostics.checks import base as checks
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.forms.list import RunFilterForm
from diagnostics.runs.lookups import find_run
from diagnostics.runs.queries.choices import run_choices
from diagnostics.runs.queries.pages import PagePosition, read_position
from diagnostics.runs.reevaluate import ReevaluatedRun, reevaluate_page, reevaluate_run

BATCH_SIZE = 10
RUNS_PER_CLICK = 200  # runs that one click re-evaluates before the user has to continue
COUNTS = ("looked", "differ", "untold")
OTHER_PARAMETERS = ("page", "go", *COUNTS)


@dataclass(frozen=True)
class ReevaluationQuery:
    """Filters, position in the list, and the counts of earlier batches."""

    filters: RunFilter
    position: PagePosition | None
    counts: dict[str, int]


@require_safe
def reevaluate(request: Request) -> HttpResponse:
    """The runs are filtered as in the run list; `go` starts the re-evaluation."""
    query = _read_query(request)
    context: dict[str, object] = {
        "filters": query.filters,
        "form": RunFilterForm(query.filters, run_choices(request.user)),
        "query": query.filters.to_query(),
    }
    if "go" in request.GET and not query.filters.problems:
        context |= _batch(query)
    return render(request, "runs/reevaluation/list.html", context)


@require_safe
def reevaluate_batch(request: Request) -> HttpResponse:
    """The fragment with the next batch."""
    query = _read_query(request)
    return render(request, "runs/reevaluation/_batch.html", _batch(query))


@require_safe
def run_reevaluate(request: Request, pk: int) -> HttpResponse:
    run = find_run(pk, request.user)
    context: dict[str, object] = {"run": run, "titles": checks.titles()}
    if not run.is_open:
        context["old"] = ReevaluatedRun(run, reevaluate_run(run))
    return render(request, "runs/reevaluation/detail.html", context)


def _read_query(request: Request) -> ReevaluationQuery:
    filters = RunFilter.read(
        request.GET, timezone.now(), viewer_time_zone(request), viewer=request.user, also=OTHER_PARAMETERS
    )
    position = read_position(request.GET.get("page", ""), filters.sort)
    return ReevaluationQuery(filters, position, {name: _number(request.GET.get(name, "")) for name in COUNTS})


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def _batch(query: ReevaluationQuery) -> dict[str, object]:
    reevaluated, next_position = reevaluate_page(query.filters, query.position, BATCH_SIZE)
    failed = [run for run in reevaluated if run.result.problem]
    differing = [run for run in reevaluated if run.result.differs]
    counts = {
        "looked": query.counts["looked"] + len(reevaluated),
        "differ": query.counts["differ"] + len(differing),
        "untold": query.counts["untold"] + len(failed),
    }
    parameters: dict[str, str | int] = {"page": next_position, "go": "1", **counts}
    next_query = "&".join(filter(None, (query.filters.to_query(), urlencode(parameters))))
    continues = bool(next_position) and counts["looked"] // RUNS_PER_CLICK == query.counts["looked"] // RUNS_PER_CLICK
    return {
        "olds": [run for run in reevaluated if run.result.differs or run.result.problem],
        "titles": checks.titles(),
        "counts": counts,
        "next": next_query if next_position else "",
        "continues": continues,
        "is_batch": True,
    }
