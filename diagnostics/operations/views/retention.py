"""Retention rules, their preview and their passes; and pinning a run, which exempts it."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from diagnostics import tasks
from diagnostics.accounts.access import admin_required
from diagnostics.accounts.requests import Request, not_modified_fragment
from diagnostics.operations.forms.retention import RulesForm
from diagnostics.operations.queries.retention import changed_rules, pinned_runs, preview, recent_passes, rules_in_force
from diagnostics.operations.retention import pin_run, save_rules, start_pass, unpin_run
from diagnostics.orgs.visibility import visible_rows
from diagnostics.runs.models import Run
from diagnostics.runs.queries.runs import find_run
from diagnostics.web.refusals import ActionRefused


@require_safe
def retention_page(request: Request) -> HttpResponse:
    rules = rules_in_force()
    context = {
        "previews": preview(rules, request.user),
        "changed": changed_rules(),
        "form": RulesForm.of(rules),
        "pinned": pinned_runs(request.user),
        **_passes(request),
    }
    return render(request, "operations/retention/page.html", context)


@require_safe
def retention_passes(request: Request) -> HttpResponse:
    """The fragment that the page polls; 204 if the page's `state` shows that it has the current state."""
    context = _passes(request)
    if context["is_open"] and request.GET.get("state") == context["state"]:
        return not_modified_fragment()
    return render(request, "operations/retention/_passes.html", {**context, "is_fragment": True})


@require_safe
def retention_preview(request: Request) -> HttpResponse:
    """The rows that the rules in the query string, or else those in force, would delete."""
    form = RulesForm(request.GET) if request.GET else RulesForm.of(rules_in_force())
    if form.is_bound and not form.is_valid():
        return render(request, "operations/retention/preview.html", {"form": form})
    rules = form.rules if form.is_bound else rules_in_force()
    context = {
        "form": form,
        "previews": preview(rules, request.user),
        "rules": rules,
        "is_new": rules != rules_in_force(),
    }
    return render(request, "operations/retention/preview.html", context)


@require_POST
@admin_required
def retention_apply(request: Request) -> HttpResponse:
    """Save the previewed rules and, with `act=delete`, start a pass at once."""
    form = RulesForm(request.POST)
    if not form.is_valid():
        return render(request, "operations/retention/preview.html", {"form": form})
    try:
        with transaction.atomic():
            save_rules(form.rules, request.user)
            if request.POST.get("act") == "delete":
                retention_pass = start_pass(request.user)
                transaction.on_commit(lambda: tasks.send(tasks.apply_retention, retention_pass.pk))
    except ActionRefused as refused:
        messages.error(request, str(refused))
    else:
        deletes_now = request.POST.get("act") == "delete"
        messages.success(request, "Cleanup started." if deletes_now else "Rules saved. They apply tonight.")
    return redirect("retention")


@require_POST
@admin_required
def run_pin(request: Request, pk: int) -> HttpResponse:
    run = get_object_or_404(visible_rows(Run.objects.all(), request.user), pk=pk)
    try:
        pin_run(run, request.user)
    except ActionRefused as refused:
        messages.error(request, str(refused))
        return redirect("runs")
    return redirect("run", pk)


@require_POST
@admin_required
def run_unpin(request: Request, pk: int) -> HttpResponse:
    unpin_run(find_run(pk, request.user))
    return redirect("run", pk)


def _passes(request: Request) -> dict[str, object]:
    passes = recent_passes(request.user)
    newest = next((retention_pass for retention_pass in passes if retention_pass.is_open), None)
    state = f"{newest.pk}.{sum(newest.deleted.values())}" if newest else ""
    return {"passes": passes, "is_open": newest is not None, "state": state}
