"""Findings that live: the list, one of them, notes, accepting one for a while."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from diagnostics.accounts.access import admin_required, may_note_required
from diagnostics.accounts.requests import Request, narrowed_by
from diagnostics.checks import base as checks
from diagnostics.issues.forms import AcceptForm, KnownFilterForm, NoteForm
from diagnostics.issues.issues import accept_finding, add_note, end_acceptance
from diagnostics.issues.lookups import find_known
from diagnostics.issues.models import Issue
from diagnostics.issues.queries import known_page, notes_of, runs_with_issue


@require_safe
def known_list(request: Request) -> HttpResponse:
    form = KnownFilterForm(request.GET, viewer=request.user)
    chosen, told = narrowed_by(form, request)
    context = {
        **told,
        "page": known_page(request.user, **chosen),
        "not_understood": form.not_understood(),
        "titles": checks.titles(),
    }
    return render(request, "issues/list.html", context)


@require_safe
def known_detail(request: Request, pk: int) -> HttpResponse:
    return _page(request, find_known(pk, request.user), NoteForm(), AcceptForm())


@require_POST
@may_note_required
def known_note(request: Request, pk: int) -> HttpResponse:
    known, form = find_known(pk, request.user), NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, known, form, AcceptForm())
    add_note(known, form.cleaned_data["text"], request.user)
    return redirect("finding", known.pk)


@require_POST
@admin_required
def known_accept(request: Request, pk: int) -> HttpResponse:
    """Also where it is accepted already: the newer reason and end hold."""
    known, form = find_known(pk, request.user), AcceptForm(request.POST)
    if not form.is_valid():
        return _page(request, known, NoteForm(), form)
    accept_finding(known, form.cleaned_data["reason"], form.ends_at, request.user)
    messages.success(request, "Accepted. It comes back by itself when the time is over.")
    return redirect("finding", known.pk)


@require_POST
@admin_required
def known_end_acceptance(request: Request, pk: int) -> HttpResponse:
    """Harmless where the time was over meanwhile."""
    known = find_known(pk, request.user)
    if end_acceptance(known, request.user):
        messages.success(request, "It is no longer accepted.")
    return redirect("finding", known.pk)


def _page(request: Request, known: Issue, note_form: NoteForm, accept_form: AcceptForm) -> HttpResponse:
    context = {
        "known": known,
        "title": checks.titles().get(known.check_id, ""),
        "runs": runs_with_issue(known),
        "notes": notes_of(known),
        "note_form": note_form,
        "accept_form": accept_form,
    }
    return render(request, "issues/detail.html", context)
