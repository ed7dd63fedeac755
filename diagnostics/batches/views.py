"""Pages of batches: the list, one batch with its progress, and its export."""

from collections.abc import Callable, Iterator

from django.db import transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.accounts.audit import record
from diagnostics.accounts.rate_limits import enforce_limit
from diagnostics.accounts.requests import Request, not_modified_fragment
from diagnostics.batches import export
from diagnostics.batches.queries import BatchState, batch_page, find_batch
from diagnostics.runs.limits import EXPORTS
from diagnostics.web.paging import read_key

WRITERS: dict[str, tuple[str, Callable[[BatchState], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", export.as_csv),
    "json": ("application/json", export.as_json),
}


@require_safe
def batch_list(request: Request) -> HttpResponse:
    before = read_key(request.GET.get("before", ""))
    return render(request, "batches/list.html", {"page": batch_page(request.user, before)})


@require_safe
def batch_detail(request: Request, pk: int) -> HttpResponse:
    return render(request, "batches/detail.html", _context(find_batch(pk, request.user)))


@require_safe
def batch_progress(request: Request, pk: int) -> HttpResponse:
    """The body of the page. 204 if the page already shows this state."""
    state = find_batch(pk, request.user)
    if state.is_open and request.GET.get("seen") == str(state):
        return not_modified_fragment()
    return render(request, "batches/_body.html", {**_context(state), "is_fragment": True})


@require_safe
def batch_export(request: Request, pk: int, file_format: str) -> HttpResponseBase:
    if file_format not in WRITERS:
        raise Http404(file_format[:20])
    state = find_batch(pk, request.user)
    content_type, write = WRITERS[file_format]
    name = f'attachment; filename="cobrowse-batch-{pk}.{file_format}"'
    headers = {"Content-Type": content_type, "Content-Disposition": name, "Cache-Control": "no-store"}
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    with transaction.atomic():
        enforce_limit(EXPORTS, request.user)
        record("batch.exported", state.batch, after={"as": file_format})
    return StreamingHttpResponse(write(state), headers=headers)


def _context(state: BatchState) -> dict[str, object]:
    return {"state": state, "batch": state.batch}
