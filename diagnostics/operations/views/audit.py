"""The audit log: list and export."""

from collections.abc import Callable, Iterable, Iterator

from django.db import transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from diagnostics.accounts.access import may_audit_required
from diagnostics.accounts.audit import record
from diagnostics.accounts.models import AuditEntry
from diagnostics.accounts.rate_limits import enforce_limit
from diagnostics.accounts.requests import Request, viewer_time_zone
from diagnostics.operations import audit_export as exports
from diagnostics.operations.forms.audit import AuditForm
from diagnostics.operations.queries.audit import audit_entries, audit_page, client_names
from diagnostics.runs.limits import EXPORTS, one_export, refuse_second_export
from diagnostics.web.filters import filter_context
from diagnostics.web.paging import in_batches
from diagnostics.web.streaming import in_chunks

EXPORT_BATCH = 1_000  # entries in memory at a time

Writer = Callable[[Iterable[AuditEntry]], Iterator[str]]
EXPORT_FORMATS: dict[str, tuple[str, Writer]] = {
    "csv": ("text/csv; charset=utf-8", exports.audit_as_csv),
    "jsonl": ("application/x-ndjson; charset=utf-8", exports.audit_as_jsonl),
}


@require_safe
@may_audit_required
def audit_log(request: Request) -> HttpResponse:
    form = AuditForm(request.GET, viewer=request.user, zone=viewer_time_zone(request))
    filters = form.filters()
    page = audit_page(request.user, **filters, before=form.chosen().get("before"))
    context = {
        **filter_context(form, request)[1],
        "client": filters.get("client"),
        "page": page,
        "client_names": client_names(page.rows, request.user),
    }
    return render(request, "operations/audit/list.html", context)


@require_safe
@may_audit_required
def audit_export(request: Request, form: str) -> HttpResponseBase:
    """All entries that match the list's filters. 400 for an invalid filter, which would export more than intended."""
    if form not in EXPORT_FORMATS:
        raise Http404(form[:20])
    filter_form = AuditForm(request.GET, viewer=request.user, zone=viewer_time_zone(request))
    filters = filter_form.filters()
    if left_out := list(filter_form.left_out()):
        return render(request, "operations/audit/refused.html", {"left_out": left_out}, status=400)
    content_type, write = EXPORT_FORMATS[form]
    name = f'attachment; filename="cobrowse-audit-{timezone.now():%Y-%m-%d}.{form}"'
    headers = {"Content-Type": content_type, "Content-Disposition": name, "Cache-Control": "no-store"}
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    refuse_second_export(request.user)
    with transaction.atomic():
        enforce_limit(EXPORTS, request.user)
        record("audit.exported", after={"as": form, "query": request.GET.urlencode()})
    entries = in_batches(audit_entries(request.user, **filters), EXPORT_BATCH)
    pieces = in_chunks(write(entries))
    return StreamingHttpResponse(one_export(request.user, pieces), headers=headers)
