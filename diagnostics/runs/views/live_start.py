"""The page that confirms a live start."""

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from diagnostics import tasks
from diagnostics.accounts.access import admin_required
from diagnostics.accounts.requests import Request
from diagnostics.runs.forms.live_start import LiveStartForm
from diagnostics.runs.live_start import start_live, why_start_refused
from diagnostics.runs.lookups import find_run
from diagnostics.runs.models import Run
from diagnostics.web.refusals import ActionRefused


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def live_start(request: Request, pk: int) -> HttpResponse:
    """If the run does not allow a live start, the page says why, and a POST changes nothing (409)."""
    run = find_run(pk, request.user)
    why = why_start_refused(run)
    if why:
        return _page(request, run, None, why, status=409 if request.method == "POST" else 200)
    form = LiveStartForm(request.POST or None, conversation_id=run.conversation_id)
    if not form.is_valid():
        return _page(request, run, form)
    try:
        with transaction.atomic():
            started = start_live(run, request.user, form.cleaned_data["typed"])
            transaction.on_commit(lambda: tasks.send(tasks.execute_run, started.pk))
    except ActionRefused as refused:
        return _page(request, run, None, str(refused), status=409)
    return redirect("run", started.pk)


def _page(request: Request, run: Run, form: LiveStartForm | None, why: str = "", status: int = 200) -> HttpResponse:
    return render(request, "runs/live.html", {"run": run, "form": form, "why": why}, status=status)
