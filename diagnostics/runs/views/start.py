"""Starts a diagnosis: paste a call, preview what was parsed, start."""

import json

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from diagnostics import tasks
from diagnostics.accounts.access import may_run_required
from diagnostics.accounts.rate_limits import TooManyRuns
from diagnostics.accounts.requests import Request
from diagnostics.genesys import gateway
from diagnostics.orgs.lookups import find_provider
from diagnostics.orgs.models import Provider
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.forms.paste import PasteForm, StartForm
from diagnostics.runs.limits import PREVIEW, StillReading, reading_one_text
from diagnostics.runs.models import Run
from diagnostics.runs.runs import create_run
from diagnostics.runs.throttling import too_many_requests


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("call", "answer")
@may_run_required
def start(request: Request) -> HttpResponse:
    """ "Read it" shows what was parsed; "Start" creates the run and redirects to its page. Works without JavaScript."""
    if request.method != "POST":
        return _page(request, StartForm(initial=_prefilled(request), viewer=request.user))
    form = StartForm(request.POST, request.FILES, viewer=request.user)
    with reading_one_text(request.user, _text_size(request)):
        if "read" in request.POST:
            return _page(request, _parse_only(request))
        is_valid = form.is_valid()
        form.mask()
    if not is_valid or form.inputs is None:
        return _page(request, form)
    try:
        with transaction.atomic():
            run = create_run(
                client=form.cleaned_data["client"],
                kind=Run.Kind.DIAGNOSIS,
                inputs=form.inputs,
                user=request.user,
                source=Run.Source.WEB,
            )
            transaction.on_commit(lambda: tasks.send(tasks.execute_run, run.pk))
    except TooManyRuns as busy:
        form.add_error(None, str(busy))
        return too_many_requests(_page(request, form), busy)
    return redirect("run", run.pk)


@require_POST
@sensitive_post_parameters("call", "answer")
@may_run_required
def preview(request: Request) -> HttpResponse:
    """The preview fragment. While another text is being parsed, a fragment that tries again."""
    form = PasteForm(request.POST)
    try:
        with reading_one_text(request.user, _text_size(request), PREVIEW):
            form.is_valid()
    except StillReading as busy:
        return too_many_requests(render(request, "runs/start/_still_reading.html"), busy)
    return render(request, "runs/start/_reading.html", {"form": form})


def _text_size(request: Request) -> int:
    """The size of all submitted texts and files."""
    files = (file.size or 0 for _, file in request.FILES.items() if isinstance(file, UploadedFile))
    return sum(map(len, request.POST.values())) + sum(files)


def _prefilled(request: Request) -> dict[str, object]:
    """The client given in the URL, or a provider's client and the call that starts cobrowse with the provider."""
    provider_id = request.GET.get("provider", "")
    provider = (
        find_provider(int(provider_id), request.user)
        if provider_id.isascii() and provider_id.isdigit() and len(provider_id) < 19
        else None
    )
    if provider is None:
        return {"client": request.GET.get("client", "")}
    if provider.source == Provider.Source.GATEWAY:
        call = f"POST {gateway.SESSIONS_PATH}\n\n{json.dumps({'providerId': provider.ref}, ensure_ascii=False)}"
    else:
        call = "POST /api/v2/conversations/{conversationId}/cobrowse"
    return {"client": provider.client_id, "call": call}


def _parse_only(request: Request) -> StartForm:
    """The form parsed but not validated for a start: the client may be missing."""
    form = StartForm(request.POST, request.FILES, viewer=request.user)
    client = form.fields["client"]
    client.required = False
    form.is_valid()
    client.required = True
    form.mask()
    return form


def _page(request: Request, form: StartForm) -> HttpResponse:
    return render(request, "runs/start/form.html", {"form": form, "inputs": form.inputs or Inputs()})
