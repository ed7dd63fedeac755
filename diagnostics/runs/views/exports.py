"""Exports: the runs of a list, and one run as a page or as a support packet for a vendor's case."""

import logging
from collections.abc import Callable, Iterator

from django.db import transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from diagnostics.accounts.audit import record
from diagnostics.accounts.rate_limits import enforce_limit
from diagnostics.accounts.requests import Request, viewer_time_zone
from diagnostics.product import version
from diagnostics.redaction.leak_scan import kinds_of
from diagnostics.runs.export import streams
from diagnostics.runs.export.packet import LeakFound, packet_of, page_of, redacted_run
from diagnostics.runs.export.redacted import RedactedRun
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.limits import EXPORTS, PACKETS, one_export, refuse_second_export
from diagnostics.runs.models import Run
from diagnostics.runs.queries.exports import ExportedRun, runs_to_export
from diagnostics.runs.queries.runs import find_run
from diagnostics.storage.model_fields import UnreadableSecret
from diagnostics.web.streaming import in_chunks

audit = logging.getLogger("diagnostics.audit")
# Parameters besides the filters; the page in the list is ignored.
OTHER_PARAMETERS = ("page", "findings")
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "jsonl": "application/x-ndjson; charset=utf-8",
}


@require_safe
def runs_export(request: Request, file_format: str) -> HttpResponseBase:
    """400 if a filter is invalid: ignoring it would export more runs than intended."""
    if file_format not in TYPES:
        raise Http404(file_format[:20])
    now = timezone.now()
    filters = RunFilter.read(request.GET, now, viewer_time_zone(request), viewer=request.user, also=OTHER_PARAMETERS)
    problems = list(filters.problems)
    if request.GET.get("findings", "") not in ("", "0", "1"):
        problems.append("findings: write 1 for the findings of each run, or leave it out.")
    if problems:
        return render(request, "runs/export/refused.html", {"problems": problems}, status=400)
    name = f'attachment; filename="cobrowse-runs-{now:%Y-%m-%d}.{file_format}"'
    headers = {"Content-Type": TYPES[file_format], "Content-Disposition": name, "Cache-Control": "no-store"}
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    findings = request.GET.get("findings") == "1"
    refuse_second_export(request.user)
    with transaction.atomic():
        enforce_limit(EXPORTS, request.user)
        record("runs.exported", after={"as": file_format, "query": filters.to_query(), "findings": findings})
    runs = runs_to_export(filters, findings=findings)
    writers: dict[str, Callable[[Iterator[ExportedRun]], Iterator[str]]] = {
        "csv": lambda exported: streams.as_csv(exported, findings=findings),
        "json": lambda exported: streams.as_json(exported, query=filters.to_query(), made_at=now),
        "jsonl": streams.as_jsonl,
    }
    pieces = in_chunks(writers[file_format](runs))
    return StreamingHttpResponse(one_export(request.user, pieces), headers=headers)


@require_safe
def run_page(request: Request, pk: int) -> HttpResponse:
    return _exported(request, pk, "page", lambda redacted: page_of(redacted, version()).encode(), "html", "text/html")


@require_safe
def run_packet(request: Request, pk: int) -> HttpResponse:
    return _exported(
        request, pk, "packet", lambda redacted: packet_of(redacted, version()).zipped(), "zip", "application/zip"
    )


def _exported(
    request: Request, pk: int, file_kind: str, make: Callable[[RedactedRun], bytes], suffix: str, content_type: str
) -> HttpResponse:
    """The run as a file, never displayed in the browser. 409 if it hasn't ended, or if the scan finds something confidential."""
    run = find_run(pk, request.user)
    if run.is_open:
        return _refused(request, run)
    with transaction.atomic():
        enforce_limit(PACKETS, request.user)
    redacted = redacted_run(run)
    try:
        content = make(redacted)
    except LeakFound as error:
        audit.warning("run %s was not exported: %s", run.pk, error)
        return _refused(request, run, found=kinds_of(error.leaks))
    except UnreadableSecret as error:
        return _refused(request, run, problem=str(error))
    record("run.exported", run, after={"as": file_kind}, name=f"{run} of {run.client.name}")
    audit.info(
        "run %s was exported to %s (%s) at %s", run.pk, request.user, request.user.pk, redacted.made_at.isoformat()
    )
    headers = {"Content-Disposition": f'attachment; filename="{redacted.name}.{suffix}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=content_type, headers=headers)


def _refused(request: Request, run: Run, *, found: tuple[str, ...] = (), problem: str = "") -> HttpResponse:
    context = {"run": run, "found": found, "problem": problem}
    return render(request, "runs/export/not_exported.html", context, status=409)
