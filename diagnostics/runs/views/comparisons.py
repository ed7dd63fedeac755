"""Pages that compare two runs, their raw difference, and the history of a target."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.comparison.raw import raw_difference
from diagnostics.runs.models import Run
from diagnostics.runs.queries import comparisons as queries
from diagnostics.runs.queries.comparisons import compare_stored_runs

MAX_NUMBER_LENGTH = 20
LARGEST = 2**63 - 1
MESSAGES = {
    "invalid": "Enter the number of a run, such as 275.",
    "min_value": "Enter the number of a run, such as 275.",
    "max_value": "No run has this number.",
}


class PairForm(forms.Form):
    """Two runs by their numbers, from the address; either may be missing."""

    a = forms.IntegerField(label="First run", required=False, min_value=1, max_value=LARGEST, error_messages=MESSAGES)
    b = forms.IntegerField(label="Second run", required=False, min_value=1, max_value=LARGEST, error_messages=MESSAGES)


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
        "changes": changes[: queries.MAX_CHANGES],
        "has_more_changes": len(changes) > queries.MAX_CHANGES,
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
    one_client = first.client_id == second.client_id
    is_turned = one_client and _start_time(first) > _start_time(second)
    labels = ("Later", "Earlier") if is_turned else ("Earlier", "Later")
    return {
        "one_client": one_client,
        "is_turned": is_turned,
        "was_ordered": named_first.pk != first.pk,
        "words": labels if one_client else ("First", "Second"),
    }


def _start_time(run: Run) -> tuple[datetime, int]:
    return run.started_at or run.created_at, run.pk


def _pick(request: Request, form: PairForm, a: Run | None, b: Run | None, ticked: int = 0) -> HttpResponse:
    """Asks for the missing runs. 404 only if an ID was given that no run has."""
    given = ((form.cleaned_data.get("a"), a), (form.cleaned_data.get("b"), b))
    missing = [number for number, run in given if number and run is None]
    one = a or b
    context: dict[str, Any] = {"form": form, "missing": missing, "one": one, "ticked": ticked}
    if one is None:
        context["suggestions"] = queries.latest_flips(request.user)
    else:
        context |= {"near": queries.neighbours_of(one), "others": queries.counterparts_of(one, request.user)}
    return render(request, "runs/comparisons/pick.html", context, status=404 if missing else 200)
