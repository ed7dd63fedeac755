"""Issue pages: the list, one issue, and what people do about it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from diagnostics.accounts.access import admin_required, may_assign_required, may_note_required, may_run_required
from diagnostics.accounts.requests import Request
from diagnostics.checks import base as checks
from diagnostics.engine.as_it_was import verdict_of_today
from diagnostics.engine.chain import chain
from diagnostics.issues import queries
from diagnostics.issues.forms import (
    AcceptForm,
    AssignForm,
    FailingCallsForm,
    IssueFilterForm,
    NoteForm,
    SnoozeForm,
    WhatIfForm,
)
from diagnostics.issues.issues import (
    accept_issue,
    add_note,
    assign_issue,
    end_acceptance,
    issues_of_run,
)
from diagnostics.issues.models import Issue
from diagnostics.issues.queries import find_incident, find_issue
from diagnostics.issues.snoozes import end_snooze, snooze
from diagnostics.issues.timeline import timeline_of
from diagnostics.issues.what_if import changes_query, read_changes, what_if_page
from diagnostics.orgs.visibility import visible_rows
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs import report
from diagnostics.runs.queries.runs import exchanges_of, find_run, findings_of
from diagnostics.runs.views.runs import watch_context
from diagnostics.runs.watches import start_watch, stop_watch
from diagnostics.runs.what_if.changes import MOST_CHANGES
from diagnostics.web.filters import filter_context
from diagnostics.web.refusals import ActionRefused


@require_safe
def issue_list(request: Request) -> HttpResponse:
    form = IssueFilterForm(request.GET, viewer=request.user)
    filters, context = filter_context(form, request)
    status = filters.get("status", "")
    query = request.GET.copy()
    query.pop("before", None)
    tabs = []
    for key in ("", "accepted", "resolved", "all"):
        query["status"] = key
        tabs.append((f"{request.path}?{query.urlencode()}", queries.STATUSES[key], key == status))
    narrowed = bool(filters.keys() - {"before", "status"})
    context |= {
        "page": queries.issue_page(request.user, **filters),
        "not_understood": form.not_understood(),
        "tabs": tabs,
        "tabs_label": "Status",
        "narrowed": narrowed,
        "shown_status": queries.STATUSES[status].lower(),
    }
    return render(request, "issues/list.html", context)


@require_safe
def failing_calls(request: Request) -> HttpResponse:
    filters, context = filter_context(FailingCallsForm(request.GET, viewer=request.user), request)
    page = queries.failing_calls_page(request.user, filters.get("org", ""))
    return render(request, "issues/failing_calls.html", {**context, **page})


@require_safe
def issue_detail(request: Request, pk: int) -> HttpResponse:
    return _page(request, find_issue(pk, request.user))


@require_safe
def issue_what_if(request: Request, pk: int) -> HttpResponse:
    """The predicted verdict after changes. Sends and stores nothing. With `kind`, one more change is added.

    The address then has only the masked changes, because what a person typed can contain a secret.
    """
    issue = find_issue(pk, request.user)
    if issue.last_run_id is None:
        raise Http404
    changes, form = read_changes(request.GET.getlist("change")), WhatIfForm()
    if "kind" in request.GET:
        form = WhatIfForm(request.GET)
        if form.is_valid():
            changes, form = tuple(dict.fromkeys((*changes, form.change)))[:MOST_CHANGES], WhatIfForm()
            if not request.htmx:
                return redirect(f"{request.path}?{changes_query(changes)}")
    page = what_if_page(find_run(issue.last_run_id, request.user), changes)
    template = "issues/_what_if.html" if request.htmx else "issues/what_if.html"
    return render(request, template, {"issue": issue, "what_if": page, "form": form})


@require_POST
@may_note_required
def issue_note(request: Request, pk: int) -> HttpResponse:
    issue, form = find_issue(pk, request.user), NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, issue, note_form=form)
    add_note(issue, form.cleaned_data["text"], request.user)
    return redirect("issue", issue.pk)


@require_POST
@may_assign_required
def issue_assign(request: Request, pk: int) -> HttpResponse:
    issue = find_issue(pk, request.user)
    form = AssignForm(request.POST, issue=issue, viewer=request.user)
    if not form.is_valid():
        return _page(request, issue, assign_form=form)
    assign_issue(issue, form.cleaned_data["assignee"], request.user)
    return redirect("issue", issue.pk)


@require_POST
@admin_required
def issue_accept(request: Request, pk: int) -> HttpResponse:
    """If it is already accepted, the new reason and end replace the old ones."""
    issue, form = find_issue(pk, request.user), AcceptForm(request.POST, auto_id="accept_%s")
    if not form.is_valid():
        return _page(request, issue, accept_form=form)
    accept_issue(issue, form.cleaned_data["reason"], form.ends_at, request.user)
    messages.success(request, "Issue accepted. It is open again after that day.")
    return redirect("issue", issue.pk)


@require_POST
@admin_required
def issue_end_acceptance(request: Request, pk: int) -> HttpResponse:
    """Does nothing if the acceptance has already expired."""
    issue = find_issue(pk, request.user)
    if end_acceptance(issue, request.user):
        messages.success(request, "The issue is no longer accepted.")
    return redirect("issue", issue.pk)


@require_POST
@may_run_required
def issue_snooze(request: Request, pk: int) -> HttpResponse:
    issue, form = find_issue(pk, request.user), SnoozeForm(request.POST, auto_id="snooze_%s")
    if not form.is_valid():
        return _page(request, issue, snooze_form=form)
    snooze(issue, form.cleaned_data["reason"], form.ends_at, request.user)
    messages.success(request, "Alerts snoozed.")
    return redirect("issue", issue.pk)


@require_POST
@may_run_required
def issue_end_snooze(request: Request, pk: int) -> HttpResponse:
    """Does nothing if the snooze has already ended."""
    issue = find_issue(pk, request.user)
    end_snooze(issue)
    return redirect("issue", issue.pk)


@require_POST
@may_run_required
def issue_watch(request: Request, pk: int) -> HttpResponse:
    """Re-check the newest run of the issue until it is fixed."""
    issue = find_issue(pk, request.user)
    if issue.last_run is None:
        raise Http404
    try:
        start_watch(find_run(issue.last_run.pk, request.user), request.user)
    except ActionRefused as refused:
        messages.error(request, str(refused))
    return redirect("issue", issue.pk)


@require_POST
@may_run_required
def issue_end_watch(request: Request, pk: int) -> HttpResponse:
    issue = find_issue(pk, request.user)
    if issue.last_run is not None:
        stop_watch(issue.last_run)
    return redirect("issue", issue.pk)


@require_safe
def incident(request: Request, pk: int) -> HttpResponse:
    """The page of an incident of earlier versions: now a part of its issue."""
    return redirect("issue", find_incident(pk, request.user).issue_id, permanent=True)


@require_safe
def run_history(request: Request, pk: int) -> HttpResponse:
    """The page “When did it break?” of earlier versions: now a part of the issue."""
    run = find_run(pk, request.user)
    same_target = Issue.objects.filter(last_run__target=run.target).exclude(last_run__target="")
    found = issues_of_run(run) or list(visible_rows(same_target, request.user)[:1])
    return redirect(f"{reverse('issue', args=[found[0].pk])}#since" if found else reverse("run", args=[run.pk]))


def _page(request: Request, issue: Issue, **forms: Any) -> HttpResponse:
    """`forms` are those with errors."""
    incidents = queries.incidents_of(issue)
    context: dict[str, Any] = {
        "issue": issue,
        "incidents": incidents,
        "open_incident": next((incident for incident in incidents if incident.is_open), None),
        "timeline": timeline_of(issue, incidents, request.user),
        "works_in": queries.runs_where_it_works(issue, request.user),
        "notes": queries.notes_of(issue),
        "note_form": NoteForm(),
        "assign_form": AssignForm(issue=issue, viewer=request.user),
        "accept_form": AcceptForm(auto_id="accept_%s"),
        "snooze_form": SnoozeForm(auto_id="snooze_%s"),
        "unfolded": "print" in request.GET,
        **forms,
        "open_form": next(iter(forms), ""),
    }
    if issue.last_run_id is not None:
        context |= _evidence(request, issue)
    return render(request, "issues/detail.html", context)


def _evidence(request: Request, issue: Issue) -> dict[str, Any]:
    """What the newest run that shows the issue found."""
    run = find_run(issue.last_run_id or 0, request.user)
    verdict = run.verdict = verdict_of_today(run.verdict)
    run.cause = verdict.get("cause", run.cause)
    findings = findings_of(run)
    built = report.build(run, findings, exchanges_of(run), checks.titles())
    proof = [line for line in built.lines if line.finding.check_id == issue.check_id]
    is_main = run.cause == issue.cause
    return {
        "run": run,
        "report": built,
        "chain": chain(findings, verdict),
        "inputs": Inputs.from_json(run.inputs),
        "is_main": is_main,
        "proof": built.evidence if is_main else [line for line in proof if line.finding.code == issue.code] or proof,
        "first_problem": None if is_main else next(iter(issues_of_run(run)), None),
        **watch_context(request, run),
    }
