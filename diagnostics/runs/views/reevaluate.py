"""Re-evaluation of stored runs: in batches, and of one run. Stores nothing and sends nothing to an org."""

import re

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request, viewer_time_zone
from diagnostics.checks import base as checks
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.forms.list import RunFilterForm
from diagnostics.runs.queries.choices import run_choices
from diagnostics.runs.queries.pages import read_position
from diagnostics.runs.queries.runs import find_run
from diagnostics.runs.reevaluate import ReevaluatedRun, reevaluate_page, reevaluate_run

BATCH_SIZE = 10
RUNS_PER_CLICK = 200  # runs that one click re-evaluates before the user has to continue
COUNTS = ("looked", "differ", "untold")
OTHER_PARAMETERS = ("page", "go", *COUNTS)


@require_safe
def reevaluate(request: Request) -> HttpResponse:
    """The runs are filtered as in the run list; `go` starts the re-evaluation."""
    filters = _filters(request)
    context: dict[str, object] = {
        "filters": filters,
        "form": RunFilterForm(filters, run_choices(request.user)),
        "query": filters.to_query(),
    }
    if "go" in request.GET and not filters.problems:
        context |= _batch(request, filters)
    return render(request, "runs/reevaluation/list.html", context)


@require_safe
def reevaluate_batch(request: Request) -> HttpResponse:
    """The fragment with the next batch."""
    return render(request, "runs/reevaluation/_batch.html", _batch(request, _filters(request)))


@require_safe
def run_reevaluate(request: Request, pk: int) -> HttpResponse:
    run = find_run(pk, request.user)
    context: dict[str, object] = {"run": run, "titles": checks.titles()}
    if not run.is_open:
        context["old"] = ReevaluatedRun(run, reevaluate_run(run))
    return render(request, "runs/reevaluation/detail.html", context)


def _filters(request: Request) -> RunFilter:
    now, zone = timezone.now(), viewer_time_zone(request)
    return RunFilter.read(request.GET, now, zone, viewer=request.user, also=OTHER_PARAMETERS)


def _batch(request: Request, filters: RunFilter) -> dict[str, object]:
    """The next runs, and the counts of these and the earlier batches."""
    position = read_position(request.GET.get("page", ""), filters.sort)
    reevaluated, next_position = reevaluate_page(filters, position, BATCH_SIZE)
    given = {name: request.GET.get(name, "") for name in COUNTS}
    before = {name: int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0 for name, text in given.items()}
    counts = {
        "looked": before["looked"] + len(reevaluated),
        "differ": before["differ"] + sum(run.result.differs for run in reevaluated),
        "untold": before["untold"] + sum(bool(run.result.problem) for run in reevaluated),
    }
    parameters: dict[str, str | int] = {"page": next_position, "go": "1", **counts}
    next_query = "&".join(filter(None, (filters.to_query(), urlencode(parameters))))
    continues = bool(next_position) and counts["looked"] // RUNS_PER_CLICK == before["looked"] // RUNS_PER_CLICK
    return {
        "olds": [run for run in reevaluated if run.result.differs or run.result.problem],
        "titles": checks.titles(),
        "counts": counts,
        "next": next_query if next_position else "",
        "continues": continues,
        "is_batch": True,
    }
