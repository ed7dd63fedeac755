"""Pages that compare two runs, their raw difference, and the history of a target."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.comparison.raw import raw_difference
from diagnostics.orgs.models import OrgChange
from diagnostics.runs.forms.comparisons import PairForm
from diagnostics.runs.models import Run
from diagnostics.runs.queries import comparisons as queries
from diagnostics.runs.queries.comparisons import compare_stored_runs

MAX_CELLS = 60
MAX_FLIPS = 30
MAX_NUMBER_LENGTH = 20


@require_safe
def comparison(request: Request) -> HttpResponse:
    ticked = list(dict.fromkeys(number[:MAX_NUMBER_LENGTH] for number in request.GET.getlist("run")))
    if len(ticked) == 2:
        a_ticked, b_ticked = sorted(ticked, key=lambda number: (len(number), number))  # the lower ID is the older run
        return redirect(f"{request.path}?{urlencode({'a': a_ticked, 'b': b_ticked})}")
    form, a, b = _pair(request)
    if a is None or b is None:
        return _pick(request, form, a, b, len(ticked))
    first, second = _time_ordered(request, a, b)
    result, changes = compare_stored_runs(first, second)
    context = {
        "a": first,
        "b": second,
        "comparison": result,
        **_order_context(request, a, first, second),
        **_changes_context(changes),
    }
    return render(request, "runs/comparisons/detail.html", context)


@require_safe
def comparison_raw(request: Request) -> HttpResponse:
    """Only the fragment for htmx, otherwise a page."""
    form, a, b = _pair(request)
    if a is None or b is None:
        return _pick(request, form, a, b)
    a, b = _time_ordered(request, a, b)
    template = "runs/comparisons/_raw.html" if request.htmx else "runs/comparisons/raw.html"
    return render(request, template, {"a": a, "b": b, "lines": raw_difference(*queries.sides_of(a, b))})


def _pair(request: Request) -> tuple[PairForm, Run | None, Run | None]:
    """The two runs from the URL; None if the ID is missing, invalid or unknown."""
    form = PairForm(request.GET)
    form.is_valid()
    run_ids = [form.cleaned_data.get(name) for name in ("a", "b")]
    found = queries.runs_to_compare(*run_ids, viewer=request.user)
    a, b = (found.get(run_id) if run_id else None for run_id in run_ids)
    return form, a, b


def _time_ordered(request: Request, a: Run, b: Run) -> tuple[Run, Run]:
    """Two runs of one client in order of time, as "lost" and "gained" require. `turned` in the URL reverses them."""
    if a.client_id != b.client_id or "turned" in request.GET:
        return a, b
    first, second = sorted((a, b), key=_start_time)
    return first, second


def _order_context(request: Request, named_first: Run, first: Run, second: Run) -> dict[str, Any]:
    """The order of the two runs, for the page."""
    one_client = first.client_id == second.client_id
    is_turned = one_client and _start_time(first) > _start_time(second)
    if not one_client:
        labels = ("First", "Second")
    elif is_turned:
        labels = ("Later", "Earlier")
    else:
        labels = ("Earlier", "Later")
    return {
        "one_client": one_client,
        "is_turned": is_turned,
        "was_ordered": named_first.pk != first.pk,
        "words": labels,
    }


def _start_time(run: Run) -> tuple[datetime, int]:
    return run.started_at or run.created_at, run.pk


def _changes_context(changes: list[OrgChange]) -> dict[str, Any]:
    return {"changes": changes[: queries.MAX_CHANGES], "has_more_changes": len(changes) > queries.MAX_CHANGES}


def _pick(request: Request, form: PairForm, a: Run | None, b: Run | None, ticked: int = 0) -> HttpResponse:
    """Asks for the missing runs. 404 only if an ID was given that no run has."""
    given = {name: form.cleaned_data.get(name) for name in ("a", "b")}
    missing = [number for number, run in ((given["a"], a), (given["b"], b)) if number and run is None]
    one = a or b
    context: dict[str, Any] = {"form": form, "missing": missing, "one": one, "ticked": ticked}
    if one is None:
        context["suggestions"] = queries.latest_flips(request.user)
    else:
        context |= {"near": queries.neighbours_of(one), "others": queries.counterparts_of(one, request.user)}
    return render(request, "runs/comparisons/pick.html", context, status=404 if missing else 200)
