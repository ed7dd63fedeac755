"""Starts, shows and stops the re-checking of a run's cause."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from diagnostics.accounts.access import may_run_required
from diagnostics.accounts.requests import Request, not_modified_fragment
from diagnostics.checks import base as checks
from diagnostics.runs.lookups import find_run, newest_watch
from diagnostics.runs.models import Run
from diagnostics.runs.watches import check_to_watch, start_watch, stop_watch
from diagnostics.web.refusals import ActionRefused


@require_safe
def watch_state(request: Request, pk: int) -> HttpResponse:
    """The fragment. 204 if the page already shows this state."""
    run = find_run(pk, request.user)
    context = watch_context(request, run)
    if context["watch_seen"] and request.GET.get("seen") == context["watch_seen"]:
        return not_modified_fragment()
    return render(request, "runs/_watch.html", {"run": run, **context, "is_watch_fragment": True})


@require_POST
@may_run_required
def watch_start(request: Request, pk: int) -> HttpResponse:
    try:
        start_watch(find_run(pk, request.user), request.user)
    except ActionRefused as refused:
        messages.error(request, str(refused))
    return redirect("run", pk)


@require_POST
@may_run_required
def watch_stop(request: Request, pk: int) -> HttpResponse:
    """Does nothing if the watch has already ended."""
    stop_watch(find_run(pk, request.user))
    return redirect("run", pk)


def watch_context(request: Request, run: Run) -> dict[str, Any]:
    """The newest watch, and whether the user may start one."""
    watch = newest_watch(run)
    may_start = request.user.may_run and not (watch and watch.is_open)
    titles = checks.titles()
    check_id = check_to_watch(run) if may_start else ""
    state = f"{watch.pk}.{watch.state}.{watch.checked}.{watch.latest.status if watch.latest else ''}" if watch else ""
    return {
        "watch": watch,
        "watch_title": titles.get(watch.check_id, watch.check_id) if watch else "",
        "watchable": titles.get(check_id, check_id),
        "watch_seen": state,
    }
