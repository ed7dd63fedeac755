"""Starting a diagnosis: paste, see what was read, start."""

import json

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from diagnostics import tasks
from diagnostics.access import find_provider, may_run_required
from diagnostics.forms.paste import PasteForm, StartForm
from diagnostics.genesys import gateway
from diagnostics.http import Request
from diagnostics.inputs import Inputs
from diagnostics.models import Provider, Run
from diagnostics.services.runs import create_run


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("call", "answer")
@may_run_required
def start(request: Request) -> HttpResponse:
    """A plain form: "Read it" shows what would be taken, "Start" creates the run and goes to its page."""
    if request.method != "POST":
        return _page(request, StartForm(initial=_prefilled(request), viewer=request.user))
    form = StartForm(request.POST, request.FILES, viewer=request.user)
    if "read" in request.POST:
        return _page(request, _read_only(request))
    if not form.is_valid() or form.inputs is None:
        form.mask()
        return _page(request, form)
    with transaction.atomic():
        run = create_run(
            client=form.cleaned_data["client"],
            kind=Run.Kind.DIAGNOSIS,
            inputs=form.inputs,
            user=request.user,
            source=Run.Source.WEB,
        )
        transaction.on_commit(lambda: tasks.ring(tasks.execute_run, run.pk))
    return redirect("run", run.pk)


@require_POST
@sensitive_post_parameters("call", "answer")
@may_run_required
def preview(request: Request) -> HttpResponse:
    """The fragment beside the form: what was taken, guessed, dropped and masked."""
    form = PasteForm(request.POST)
    form.is_valid()
    return render(request, "start/_reading.html", {"form": form})


def _prefilled(request: Request) -> dict[str, object]:
    """A client that was chosen elsewhere, or a provider: then the call that starts cobrowse with it in its org."""
    number = request.GET.get("provider", "")
    provider = (
        find_provider(int(number), request.user) if number.isascii() and number.isdigit() and len(number) < 19 else None
    )
    if provider is None:
        return {"client": request.GET.get("client", "")}
    if provider.source == Provider.Source.GATEWAY:
        call = f"POST {gateway.SESSIONS_PATH}\n\n{json.dumps({'providerId': provider.ref}, ensure_ascii=False)}"
    else:
        call = "POST /api/v2/conversations/{conversationId}/cobrowse"
    return {"client": provider.client_id, "call": call}


def _read_only(request: Request) -> StartForm:
    """The form read but not judged as a start: a client that is not chosen yet is no error."""
    form = StartForm(request.POST, request.FILES, viewer=request.user)
    client = form.fields["client"]
    client.required = False
    form.is_valid()
    client.required = True
    form.mask()
    return form


def _page(request: Request, form: StartForm) -> HttpResponse:
    return render(request, "start/form.html", {"form": form, "inputs": form.inputs or Inputs()})
