"""Any two runs side by side, the raw difference of them, and when a target broke."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from diagnostics.accounts.models import User
from diagnostics.accounts.requests import Request
from diagnostics.comparison.history import Flip, TargetHistory
from diagnostics.comparison.raw import raw_difference
from diagnostics.orgs.models import OrgChange
from diagnostics.runs.forms.comparisons import PairForm
from diagnostics.runs.lookups import find_run
from diagnostics.runs.models import Run
from diagnostics.runs.queries import comparisons as queries
from diagnostics.runs.queries.compared import compared

MOST_CELLS = 60
MOST_FLIPS = 30
LONGEST_NUMBER = 20


@require_safe
def comparison(request: Request) -> HttpResponse:
    ticked = list(dict.fromkeys(each[:LONGEST_NUMBER] for each in request.GET.getlist("run")))
    if len(ticked) == 2:
        a_ticked, b_ticked = sorted(ticked, key=lambda each: (len(each), each))  # the lower number is the older run
        return redirect(f"{request.path}?{urlencode({'a': a_ticked, 'b': b_ticked})}")
    form, a, b = _pair(request)
    if a is None or b is None:
        return _pick(request, form, a, b, len(ticked))
    first, second = _in_order(request, a, b)
    told, changes = compared(first, second)
    context = {"a": first, "b": second, "told": told, **_order(request, a, first, second), **_listed(changes)}
    return render(request, "runs/comparisons/detail.html", context)


@require_safe
def comparison_raw(request: Request) -> HttpResponse:
    """The fragment alone for htmx, else a page of its own."""
    form, a, b = _pair(request)
    if a is None or b is None:
        return _pick(request, form, a, b)
    a, b = _in_order(request, a, b)
    template = "runs/comparisons/_raw.html" if request.htmx else "runs/comparisons/raw.html"
    return render(request, template, {"a": a, "b": b, "lines": raw_difference(*queries.sides_of(a, b))})


@require_safe
def run_history(request: Request, pk: int) -> HttpResponse:
    """The last good run of the target, the first bad one, what changed between the two, and the flips since."""
    run = find_run(pk, request.user)
    past = queries.past_of(run)
    broke = past.break_before(run.pk)
    context = {"run": run, "past": past, "broke": broke, "cells": past.points[-MOST_CELLS:]}
    return render(
        request, "runs/history.html", context | _of_break(past, broke, request.user) | {"is_cut": _is_cut(past)}
    )


def _pair(request: Request) -> tuple[PairForm, Run | None, Run | None]:
    """The two runs of the address, None where a number is missing, is none, or no run has it."""
    form = PairForm(request.GET)
    form.is_valid()
    numbers = [form.cleaned_data.get(name) for name in ("a", "b")]
    found = queries.runs_to_compare(*numbers, viewer=request.user)
    a, b = (found.get(number) if number else None for number in numbers)
    return form, a, b


def _in_order(request: Request, a: Run, b: Run) -> tuple[Run, Run]:
    """Two runs of one client in the order of time, however they are named: only so are lost and gained what they are.
    `turned` in the address asks for the other order.
    """
    if a.client_id != b.client_id or "turned" in request.GET:
        return a, b
    first, second = sorted((a, b), key=_in_time)
    return first, second


def _order(request: Request, named_first: Run, first: Run, second: Run) -> dict[str, Any]:
    """What the page says of the order in which the two stand."""
    one_client = first.client_id == second.client_id
    is_turned = one_client and _in_time(first) > _in_time(second)
    words = ("Later", "Earlier") if is_turned else ("Earlier", "Later") if one_client else ("First", "Second")
    return {
        "one_client": one_client,
        "is_turned": is_turned,
        "was_ordered": named_first.pk != first.pk,
        "words": words,
    }


def _in_time(run: Run) -> tuple[datetime, int]:
    return run.started_at or run.created_at, run.pk


def _listed(changes: list[OrgChange]) -> dict[str, Any]:
    return {"changes": changes[: queries.MOST_CHANGES], "has_more_changes": len(changes) > queries.MOST_CHANGES}


def _pick(request: Request, form: PairForm, a: Run | None, b: Run | None, ticked: int = 0) -> HttpResponse:
    """Asks for the runs that are missing. 404 only where a number was given that no run has."""
    given = {name: form.cleaned_data.get(name) for name in ("a", "b")}
    missing = [number for number, run in ((given["a"], a), (given["b"], b)) if number and run is None]
    one = a or b
    context: dict[str, Any] = {"form": form, "missing": missing, "one": one, "ticked": ticked}
    if one is None:
        context["suggestions"] = queries.latest_flips(request.user)
    else:
        context |= {"near": queries.neighbours_of(one), "others": queries.counterparts_of(one, request.user)}
    return render(request, "runs/comparisons/pick.html", context, status=404 if missing else 200)


def _of_break(past: TargetHistory, broke: Flip | None, user: User) -> dict[str, Any]:
    flips = past.flips if broke is None else past.flips_since(broke)
    context: dict[str, Any] = {"flips": flips[-MOST_FLIPS:], "flips_in_all": len(flips)}
    if broke is None:
        return context
    newest = past.newest_break
    runs = queries.runs_to_compare(broke.before.pk, broke.after.pk, viewer=user)
    context |= {"mended": past.fixed_after(broke), "newest": newest if newest != broke else None}
    context["earlier"] = [(each, past.fixed_after(each)) for each in past.earlier_breaks(broke)]
    if len(runs) < 2:
        return context
    told, changes = compared(runs[broke.before.pk], runs[broke.after.pk])
    return context | {"told": told, "a": told.a, "b": told.b, **_listed(changes)}


def _is_cut(past: TargetHistory) -> bool:
    return len(past.points) >= queries.MOST_POINTS
