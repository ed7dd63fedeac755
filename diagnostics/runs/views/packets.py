"""One run to take along: as a page of its own, and as a packet for a vendor's case."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.accounts.audit import record
from diagnostics.accounts.requests import Request
from diagnostics.product import version
from diagnostics.redaction.leak_scan import kinds_of
from diagnostics.runs.export.packet import Leaky, stamp_of
from diagnostics.runs.export.packets import packet_of, page_of, redacted_run
from diagnostics.runs.export.redacted import RedactedRun
from diagnostics.runs.limits import PACKETS, leave_room_for
from diagnostics.runs.lookups import find_run
from diagnostics.runs.models import Run
from diagnostics.storage.model_fields import UnreadableSecret

audit = logging.getLogger("diagnostics.audit")
Made = TypeVar("Made")


@require_safe
def run_page(request: Request, pk: int) -> HttpResponse:
    return _exported(
        request, pk, "page", page_of, lambda told, page: _file(page.encode(), f"{told.name}.html", "text/html")
    )


@require_safe
def run_packet(request: Request, pk: int) -> HttpResponse:
    return _exported(
        request,
        pk,
        "packet",
        packet_of,
        lambda told, packet: _file(packet.zipped(stamp_of(told)), f"{told.name}.zip", "application/zip"),
    )


def _exported(
    request: Request,
    pk: int,
    made_as: str,
    make: Callable[[RedactedRun, str], Made],
    answer: Callable[[RedactedRun, Made], HttpResponse],
) -> HttpResponse:
    """What a run that is over gives; 409 where it is not, or where the scan says no."""
    run = find_run(pk, request.user)
    if run.is_open:
        return _refused(request, run)
    with transaction.atomic():
        leave_room_for(PACKETS, request.user)
    told = redacted_run(run)
    try:
        made = make(told, version())
    except Leaky as leaky:
        audit.warning("run %s was not handed out: %s", run.pk, leaky)
        return _refused(request, run, found=kinds_of(leaky.leaks))
    except UnreadableSecret as trouble:
        return _refused(request, run, trouble=str(trouble))
    record("run.handed_out", run, after={"as": made_as}, name=f"{run} of {run.client.name}")
    audit.info(
        "run %s was handed out to %s (%s) at %s", run.pk, request.user, request.user.pk, told.made_at.isoformat()
    )
    return answer(told, made)


def _refused(request: Request, run: Run, *, found: tuple[str, ...] = (), trouble: str = "") -> HttpResponse:
    context = {"run": run, "found": found, "trouble": trouble}
    return render(request, "runs/export/not_handed_out.html", context, status=409)


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    """Never shown in place: it is a file to keep."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=kind, headers=headers)
