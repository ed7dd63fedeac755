"""Run pages: one run and its progress, one exchange, and repeating a run."""

from math import ceil

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
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
from diagnostics.runs.lookups import find_exchange, find_finding, find_run
from diagnostics.runs.models import Run
from diagnostics.runs.queries.comparisons import neighbours_of
from diagnostics.runs.queries.named_providers import providers_named
from diagnostics.runs.queries.runs import exchanges_of, findings_of, state_of
from diagnostics.runs.rate_limit_waits import wait_of_run
from diagnostics.runs.run_json import run_json
from diagnostics.runs.views.watches import watch_context
from diagnostics.web.refusals import ActionRefused


@require_safe
def run_detail(request: Request, pk: int) -> HttpResponse:
    """With `print` in the query string everything on the page is expanded."""
    run = find_run(pk, request.user)
    context = {"unfolded": "print" in request.GET}
    return render(request, "runs/detail.html", {**_run_context(request, run), **context})


@require_safe
def run_as_json(request: Request, pk: int) -> HttpResponse:
    """The same JSON as the command line prints with --json."""
    run = find_run(pk, request.user)
    data = run_json(
        run=run.pk,
        verdict=run.verdict if isinstance(run.verdict, dict) else {},
        findings=[finding.as_dict() for finding in findings_of(run)],
        exchanges=[exchange.as_dict() for exchange in run.exchanges.order_by("position")],
        duration_ms=run.duration_ms or 0.0,
        critical_path_ms=run.critical_path_ms or 0.0,
        wait_s=ceil(wait_of_run(run)),
    )
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
