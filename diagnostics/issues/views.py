"""Issue pages: the list, one issue, notes, and acceptance."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from diagnostics.accounts.access import admin_required, may_note_required
from diagnostics.accounts.requests import Request
from diagnostics.checks import base as checks
from diagnostics.issues.forms import AcceptForm, IssueFilterForm, NoteForm
from diagnostics.issues.issues import accept_issue, add_note, end_acceptance
from diagnostics.issues.lookups import find_issue
from diagnostics.issues.models import Issue
from diagnostics.issues.queries import issue_page, notes_of, runs_with_issue
from diagnostics.web.filters import filter_context


@require_safe
def issue_list(request: Request) -> HttpResponse:
    form = IssueFilterForm(request.GET, viewer=request.user)
    filters, context = filter_context(form, request)
    context = {
        **context,
        "page": issue_page(request.user, **filters),
        "not_understood": form.not_understood(),
        "titles": checks.titles(),
    }
    return render(request, "issues/list.html", context)


@require_safe
def issue_detail(request: Request, pk: int) -> HttpResponse:
    return _page(request, find_issue(pk, request.user), NoteForm(), AcceptForm())


@require_POST
@may_note_required
def issue_note(request: Request, pk: int) -> HttpResponse:
    issue, form = find_issue(pk, request.user), NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, issue, form, AcceptForm())
    add_note(issue, form.cleaned_data["text"], request.user)
    return redirect("finding", issue.pk)


@require_POST
@admin_required
def issue_accept(request: Request, pk: int) -> HttpResponse:
    """If it is already accepted, the new reason and end replace the old ones."""
    issue, form = find_issue(pk, request.user), AcceptForm(request.POST)
    if not form.is_valid():
        return _page(request, issue, NoteForm(), form)
    accept_issue(issue, form.cleaned_data["reason"], form.ends_at, request.user)
    messages.success(request, "Accepted. It comes back by itself when the time is over.")
    return redirect("finding", issue.pk)


@require_POST
@admin_required
def issue_end_acceptance(request: Request, pk: int) -> HttpResponse:
    """Does nothing if the acceptance has already expired."""
    issue = find_issue(pk, request.user)
    if end_acceptance(issue, request.user):
        messages.success(request, "It is no longer accepted.")
    return redirect("finding", issue.pk)


def _page(request: Request, issue: Issue, note_form: NoteForm, accept_form: AcceptForm) -> HttpResponse:
    context = {
        "issue": issue,
        "title": checks.titles().get(issue.check_id, ""),
        "runs": runs_with_issue(issue),
        "notes": notes_of(issue),
        "note_form": note_form,
        "accept_form": accept_form,
    }
    return render(request, "issues/detail.html", context)
