"""Run pages: one run and its progress, one exchange, repeating a run, and re-checking its cause until it is fixed."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from diagnostics import tasks
from diagnostics.accounts.access import may_run_required
from diagnostics.accounts.requests import Request, not_modified_fragment, redirect_to
from diagnostics.checks import base as checks
from diagnostics.comparison.findings import FindingChange
from diagnostics.engine.as_it_was import verdict_of_today
from diagnostics.engine.chain import chain
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs import report
from diagnostics.runs.create import repeat_run, repeatable_checks
from diagnostics.runs.live_start import why_start_refused
from diagnostics.runs.models import Run
from diagnostics.runs.queries.comparisons import neighbours_of
from diagnostics.runs.queries.runs import (
    exchanges_of,
    find_exchange,
    find_finding,
    find_run,
    findings_of,
    newest_watch,
    providers_named,
    state_of,
)
from diagnostics.runs.run_json import json_of_stored_run
from diagnostics.runs.watches import check_to_watch, start_watch, stop_watch
from diagnostics.web.refusals import ActionRefused


@require_safe
def run_detail(request: Request, pk: int) -> HttpResponse:
    """With `print` in the query string everything on the page is expanded."""
    run = find_run(pk, request.user)
    return render(request, "runs/detail.html", {**_run_context(request, run), "unfolded": "print" in request.GET})


@require_safe
def run_as_json(request: Request, pk: int) -> HttpResponse:
    """The same JSON as the command line prints with --json."""
    data = json_of_stored_run(find_run(pk, request.user))
    return JsonResponse(data, json_dumps_params={"indent": 1, "ensure_ascii": False})


@require_safe
def run_progress(request: Request, pk: int) -> HttpResponse:
    """The body of the run page. 204 if the page already shows this state."""
    run = find_run(pk, request.user)
    if run.is_open and request.GET.get("seen") == str(state_of(run)):
        return not_modified_fragment()
    return render(request, "runs/_body.html", {**_run_context(request, run), "is_fragment": True})


@require_safe
def exchange_detail(request: Request, pk: int, position: int) -> HttpResponse:
    template = "runs/_exchange_row.html" if request.htmx else "runs/exchange.html"
    exchange = find_exchange(pk, position, request.user)
    check_title = checks.titles().get(exchange.check_id, exchange.check_id)
    return render(request, template, {"exchange": exchange, "check_title": check_title})


@require_POST
@may_run_required
def run_again(request: Request, pk: int) -> HttpResponse:
    """Start a new run with the same inputs and the client as it is today."""
    return _repeat(request, find_run(pk, request.user))


@require_POST
@may_run_required
def check_again(request: Request, pk: int, position: int) -> HttpResponse:
    """Start a new run of one finding's branch."""
    finding = find_finding(pk, position, request.user)
    return _repeat(request, find_run(pk, request.user), finding.check_id)


def _repeat(request: Request, run: Run, branch: str = "") -> HttpResponse:
    try:
        with transaction.atomic():
            repetition = repeat_run(run, request.user, branch=branch)
            transaction.on_commit(lambda: tasks.send(tasks.execute_run, repetition.pk))
    except ActionRefused as refused:
        messages.error(request, str(refused))
        return redirect_to(request, "run", run.pk)
    return redirect_to(request, "run", repetition.pk)


def _run_context(request: Request, run: Run) -> dict[str, object]:
    """Reads the state first: findings that arrive meanwhile make the next poll differ."""
    state = state_of(run)
    findings = findings_of(run)
    exchanges = [] if run.is_open else exchanges_of(run)
    titles = checks.titles()
    context: dict[str, object] = {
        "run": run,
        "report": report.build(run, findings, exchanges, titles),
        "seen": str(state),
        "wait_s": state.wait_s,
        "inputs": Inputs.from_json(run.inputs),
        "branch_title": titles.get(run.branch, run.branch),
    }
    if not run.is_open:
        verdict = verdict_of_today(run.verdict)
        context |= watch_context(request, run)
        context |= {"near": neighbours_of(run), "named": providers_named(run), "chain": chain(findings, verdict)}
    if request.user.may_run and not run.is_open and not run.client.is_retired:
        context["may_repeat"] = True
        context["repeatable"] = {check.id for check in repeatable_checks(run)}
        context["offers_start"] = request.user.is_admin and not why_start_refused(run)
    if run.repeats is not None and not run.is_open:
        changes = report.compare_with_repeated(run, findings_of(run.repeats), findings, titles)
        context["since"] = [change for change in changes if change.change != FindingChange.SAME]
        context["unchanged"] = [change for change in changes if change.change == FindingChange.SAME]
    return context


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
