"""The page that confirms a live start."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from diagnostics import tasks
from diagnostics.accounts.access import admin_required
from diagnostics.accounts.requests import Request
from diagnostics.runs.live_start import start_live, why_start_refused
from diagnostics.runs.models import Run
from diagnostics.runs.queries.runs import find_run
from diagnostics.web.refusals import ActionRefused


class LiveStartForm(forms.Form):
    typed = forms.CharField(
        label="Conversation ID",
        max_length=200,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )

    def __init__(self, *args: Any, conversation_id: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conversation_id = conversation_id

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed != self.conversation_id:
            raise ValidationError("That isn't this run's conversation ID. Nothing was started.")
        return typed


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
