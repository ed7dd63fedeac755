"""Exports the runs of a list."""

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
from diagnostics.runs.export import streams
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.limits import EXPORTS, one_export, refuse_second_export
from diagnostics.runs.queries.exports import ExportedRun, runs_to_export
from diagnostics.web.streaming import in_chunks

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
    problems = [*filters.problems, *_problems_of_findings(request)]
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


def _problems_of_findings(request: Request) -> list[str]:
    known = request.GET.get("findings", "") in ("", "0", "1")
    return [] if known else ["findings: write 1 for the findings of each run, or leave it out."]
