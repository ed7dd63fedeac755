"""Any two runs side by side, the raw difference of them, and when a target broke."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.access import find_run
from diagnostics.checks.base import all_checks
from diagnostics.comparison.raw import raw_difference
from diagnostics.comparison.result import Comparison, compare_runs
from diagnostics.flips import Flip, History
from diagnostics.forms.comparisons import PairForm
from diagnostics.http import Request
from diagnostics.models import OrgChange, Run, User
from diagnostics.queries import comparisons as queries

MOST_CELLS = 60
MOST_FLIPS = 30


@require_safe
def comparison(request: Request) -> HttpResponse:
    form, a, b = _pair(request)
    if a is None or b is None:
        return _pick(request, form, a, b)
    told, changes = compared(a, b)
    return render(request, "comparisons/detail.html", {"a": a, "b": b, "told": told, **_listed(changes)})


@require_safe
def comparison_raw(request: Request) -> HttpResponse:
    """The fragment alone for htmx, else a page of its own."""
    form, a, b = _pair(request)
    if a is None or b is None:
        return _pick(request, form, a, b)
    template = "comparisons/_raw.html" if request.htmx else "comparisons/raw.html"
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


def compared(a: Run, b: Run) -> tuple[Comparison, list[OrgChange]]:
    """With what snapshots saw in between; two clients have no time in common, so nothing lies between their runs."""
    changes: list[OrgChange] = []
    if a.client_id == b.client_id and a.pk != b.pk:
        first, second = sorted((_when(a), _when(b)))
        changes = queries.changes_between(a.client_id, first, second)
    checks = {check.id: (check.title, check.needs) for check in all_checks()}
    return compare_runs(*queries.sides_of(a, b), checks, queries.seen_in(changes)), changes


def _when(run: Run) -> datetime:
    return run.started_at or run.created_at


def _listed(changes: list[OrgChange]) -> dict[str, Any]:
    return {"changes": changes[: queries.MOST_CHANGES], "has_more_changes": len(changes) > queries.MOST_CHANGES}


def _pick(request: Request, form: PairForm, a: Run | None, b: Run | None) -> HttpResponse:
    """Asks for the runs that are missing. 404 only where a number was given that no run has."""
    given = {name: form.cleaned_data.get(name) for name in ("a", "b")}
    missing = [number for number, run in ((given["a"], a), (given["b"], b)) if number and run is None]
    one = a or b
    context: dict[str, Any] = {"form": form, "missing": missing, "one": one}
    if one is None:
        context["suggestions"] = queries.latest_flips(request.user)
    else:
        context |= {"near": queries.neighbours_of(one), "others": queries.counterparts_of(one, request.user)}
    return render(request, "comparisons/pick.html", context, status=404 if missing else 200)


def _of_break(past: History, broke: Flip | None, user: User) -> dict[str, Any]:
    flips = past.flips if broke is None else past.flips_since(broke)
    context: dict[str, Any] = {"flips": flips[-MOST_FLIPS:], "flips_in_all": len(flips)}
    if broke is None:
        return context
    newest = past.newest_break
    runs = queries.runs_to_compare(broke.before.pk, broke.after.pk, viewer=user)
    context |= {"mended": past.mended_after(broke), "newest": newest if newest != broke else None}
    if len(runs) < 2:
        return context
    told, changes = compared(runs[broke.before.pk], runs[broke.after.pk])
    return context | {"told": told, "a": told.a, "b": told.b, **_listed(changes)}


def _is_cut(past: History) -> bool:
    return len(past.points) >= queries.MOST_POINTS
