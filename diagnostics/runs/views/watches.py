"""Watching a run's cause until it is mended: starting, seeing how it goes, stopping."""

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
from diagnostics.runs.watches import start_watch, stop_watch, watchable
from diagnostics.web.refusals import ActionRefused


@require_safe
def watch_state(request: Request, pk: int) -> HttpResponse:
    """The fragment alone. Answers 204 when the page, which says what it has seen, has it all already."""
    run = find_run(pk, request.user)
    told = watch_context(request, run)
    if told["watch_seen"] and request.GET.get("seen") == told["watch_seen"]:
        return not_modified_fragment()
    return render(request, "runs/_watch.html", {"run": run, **told, "is_watch_fragment": True})


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
    """Harmless when it has ended meanwhile: the page then says how."""
    stop_watch(find_run(pk, request.user))
    return redirect("run", pk)


def watch_context(request: Request, run: Run) -> dict[str, Any]:
    """What the fragment shows: the newest watch, and whether one may be started."""
    watch = newest_watch(run)
    may_start = request.user.may_run and not (watch and watch.is_open)
    titles = checks.titles()
    wanted = watchable(run) if may_start else ""
    return {
        "watch": watch,
        "watch_title": titles.get(watch.check_id, watch.check_id) if watch else "",
        "watchable": titles.get(wanted, wanted),
        "watch_seen": f"{watch.pk}.{watch.state}.{watch.checked}.{watch.latest.status if watch.latest else ''}"
        if watch
        else "",
    }
