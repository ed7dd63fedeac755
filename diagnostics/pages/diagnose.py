"""The first page: one field that is judged in place, and the check of its call in an org.

Other pages link to `home` with `?client=<pk>` to choose the client, or `?provider=<pk>` or
`?failing_call=<pk>` to fill in a call.
Their buttons POST to `start`: `client=<pk>` and `kind=health` start a health check of that client.
"""

import json
from functools import partial
from typing import cast

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from diagnostics import tasks
from diagnostics.accounts.access import may_run_required
from diagnostics.accounts.rate_limits import TooManyRuns
from diagnostics.accounts.requests import Request
from diagnostics.batches.batches import create_batch, start_runs
from diagnostics.demo.tour import tour
from diagnostics.genesys import gateway
from diagnostics.orgs.models import Provider
from diagnostics.orgs.visibility import find_failing_call, find_provider, visible_clients
from diagnostics.pages.paste_review import PasteReview, review_paste
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.forms.paste import DiagnoseForm
from diagnostics.runs.limits import PREVIEW, StillReading, reading_one_text, too_many_requests
from diagnostics.runs.models import Run
from diagnostics.web.clean_requests import clean_form
from diagnostics.web.paging import read_key
from diagnostics.web.refusals import ActionRefused

STALE_FORM = (
    "You signed in again after you opened this page, so we didn't start anything. Your text is still here: try again."
)


@require_safe
def home(request: Request) -> HttpResponse:
    form = DiagnoseForm(initial=_prefilled(request), viewer=request.user)
    form.fields["call"].widget.attrs["autofocus"] = True
    return _page(request, form)


@require_POST
@sensitive_post_parameters("call", "answer")
def read(request: Request) -> HttpResponse:
    """Shows the review on a page of its own: for files, and without JavaScript."""
    return _page(request, *_reviewed(request))


@require_POST
@sensitive_post_parameters("call", "answer")
def preview(request: Request) -> HttpResponse:
    """The review as a fragment. While another text is being parsed, a fragment that tries again."""
    form = DiagnoseForm(request.POST, request.FILES, viewer=request.user)
    try:
        with reading_one_text(request.user, _text_size(request), PREVIEW):
            review = review_paste(form, request.user)
    except StillReading as busy:
        return too_many_requests(render(request, "pages/diagnose/_still_reading.html"), busy)
    return render(request, "pages/diagnose/_review.html", {**_context(request, form, review), "is_fragment": True})


@require_POST
@sensitive_post_parameters("call", "answer")
@may_run_required
def start(request: Request) -> HttpResponse:
    form, review = _reviewed(request, starts=True)
    is_health_check = request.POST.get("kind") == Run.Kind.HEALTH
    client, inputs = form.cleaned_data.get("client"), form.inputs
    if client is None or not (is_health_check or (form.is_valid() and inputs)):
        return _page(request, form, review)
    try:
        with transaction.atomic():
            run = create_run(
                client=client,
                kind=Run.Kind.HEALTH if is_health_check else Run.Kind.DIAGNOSIS,
                inputs=Inputs() if is_health_check or inputs is None else inputs,
                user=request.user,
                source=Run.Source.WEB,
            )
            transaction.on_commit(lambda: tasks.send(tasks.execute_run, run.pk))
    except TooManyRuns as busy:
        form.add_error(None, str(busy))
        return too_many_requests(_page(request, form, review), busy)
    return redirect("run", run.pk)


@require_POST
@sensitive_post_parameters("call", "answer")
@may_run_required
def start_batch(request: Request) -> HttpResponse:
    """Diagnoses each group of a text with many calls."""
    form, review = _reviewed(request, starts=True)
    client, offer = form.cleaned_data.get("client"), review.batch if review else None
    if client is None or offer is None or not offer.review.groups:
        if client is not None:
            form.add_error(None, "This text has no failing calls to check. Paste it again.")
        return _page(request, form, review)
    try:
        batch = create_batch(client, offer.review, request.user, key=offer.key)
    except ActionRefused as refused:
        form.add_error("client", str(refused))
        return _page(request, form, review)
    with transaction.atomic():
        for run_id in start_runs(batch.pk):
            transaction.on_commit(partial(tasks.send, tasks.execute_run, run_id))
    return redirect("batch", batch.pk)


def show_draft_again(request: HttpRequest) -> HttpResponse:
    """The page with what was typed, for a form whose CSRF token is stale: nothing is started. `request` is signed in."""
    signed_in = cast("Request", request)
    clean_form(signed_in)
    form = DiagnoseForm(signed_in.POST, viewer=signed_in.user)
    try:
        with reading_one_text(signed_in.user, _text_size(signed_in)):
            form.is_valid()
            form.add_error(None, STALE_FORM)
            form.mask()
    except StillReading as busy:
        return too_many_requests(render(request, "429.html", {"sentence": str(busy)}), busy)
    response = _page(signed_in, form)
    response.status_code = 403
    return response


def _reviewed(request: Request, *, starts: bool = False) -> tuple[DiagnoseForm, PasteReview | None]:
    form = DiagnoseForm(request.POST, request.FILES, viewer=request.user, starts=starts)
    with reading_one_text(request.user, _text_size(request)):
        review = review_paste(form, request.user)
        form.mask()
    return form, review


def _text_size(request: Request) -> int:
    """The size of all submitted texts and files."""
    files = (file.size or 0 for _, file in request.FILES.items() if isinstance(file, UploadedFile))
    return sum(map(len, request.POST.values())) + sum(files)


def _prefilled(request: Request) -> dict[str, object]:
    """The client and the call given in the URL; otherwise the client that the user chose last."""
    if pk := read_key(request.GET.get("failing_call", "")):
        failing = find_failing_call(pk, request.user)
        return {"client": failing.client_id, "call": f"{failing.method} {failing.template}"}
    pk = read_key(request.GET.get("provider", ""))
    if pk is None:
        return {"client": request.GET.get("client") or _last_client(request)}
    provider = find_provider(pk, request.user)
    if provider.source == Provider.Source.GATEWAY:
        call = f"POST {gateway.SESSIONS_PATH}\n\n{json.dumps({'providerId': provider.ref}, ensure_ascii=False)}"
    else:
        call = "POST /api/v2/conversations/{conversationId}/cobrowse"
    return {"client": provider.client_id, "call": call}


def _last_client(request: Request) -> int | None:
    """The client of the user's latest run, or the only client there is."""
    clients = visible_clients(request.user).filter(retired_at=None)
    own = Run.objects.filter(started_by=request.user, client__in=clients).order_by("-pk")
    last: int | None = own.values_list("client_id", flat=True).first()
    if last is None:
        first_two: list[int] = list(clients.order_by("pk").values_list("pk", flat=True)[:2])
        last = first_two[0] if len(first_two) == 1 else None
    return last


def _page(request: Request, form: DiagnoseForm, review: PasteReview | None = None) -> HttpResponse:
    context = {**_context(request, form, review), "tour": tour(request.user)}
    return render(request, "pages/diagnose/page.html", context)


def _context(request: Request, form: DiagnoseForm, review: PasteReview | None) -> dict[str, object]:
    """`offer` has the groups of a text with many calls, signed for its form; "" without, or for who may not start runs."""
    batch = review.batch if review and request.user.may_run else None
    return {
        "form": form,
        "review": review,
        "offer": batch.signed(form["call"].value() or "", request.user) if batch else "",
        "has_clients": form.fields["client"].queryset.exists(),  # type: ignore[attr-defined]
    }
