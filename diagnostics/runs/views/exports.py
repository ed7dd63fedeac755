"""Exactly the runs that a list shows, to take along."""

from collections.abc import Callable, Iterator

from django.db import transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from diagnostics.accounts.audit import record
from diagnostics.accounts.requests import Request, zone_of
from diagnostics.runs.export import streams
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.limits import EXPORTS, leave_room_for, one_export, refuse_second_export
from diagnostics.runs.queries.exports import ExportedRun, runs_to_export
from diagnostics.web.streaming import in_pieces

# What an address may carry beside the filters: where in the list its reader was plays no part here.
OTHER_PARAMETERS = ("page", "findings")
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "jsonl": "application/x-ndjson; charset=utf-8",
}


@require_safe
def runs_export(request: Request, form: str) -> HttpResponseBase:
    """A filter that was not understood would hand out more than was meant, so nothing is (400)."""
    if form not in TYPES:
        raise Http404(form[:20])
    now = timezone.now()
    narrowed = RunFilter.read(request.GET, now, zone_of(request), viewer=request.user, also=OTHER_PARAMETERS)
    problems = [*narrowed.problems, *_problems_of_findings(request)]
    if problems:
        return render(request, "runs/export/refused.html", {"problems": problems}, status=400)
    name = f'attachment; filename="cobrowse-runs-{now:%Y-%m-%d}.{form}"'
    headers = {"Content-Type": TYPES[form], "Content-Disposition": name, "Cache-Control": "no-store"}
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    findings = request.GET.get("findings") == "1"
    refuse_second_export(request.user)
    with transaction.atomic():
        leave_room_for(EXPORTS, request.user)
        record("runs.exported", after={"as": form, "query": narrowed.to_query(), "findings": findings})
    runs = runs_to_export(narrowed, findings=findings)
    writers: dict[str, Callable[[Iterator[ExportedRun]], Iterator[str]]] = {
        "csv": lambda found: streams.as_csv(found, findings=findings),
        "json": lambda found: streams.as_json(found, query=narrowed.to_query(), made_at=now),
        "jsonl": streams.as_jsonl,
    }
    pieces = in_pieces(writers[form](runs))
    return StreamingHttpResponse(one_export(request.user, pieces), headers=headers)


def _problems_of_findings(request: Request) -> list[str]:
    known = request.GET.get("findings", "") in ("", "0", "1")
    return [] if known else ["findings: write 1 for the findings of each run, or leave it out."]
