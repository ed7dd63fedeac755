"""Exports one run: as a page, and as a support packet for a vendor's case."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.accounts.audit import record
from diagnostics.accounts.rate_limits import enforce_limit
from diagnostics.accounts.requests import Request
from diagnostics.product import version
from diagnostics.redaction.leak_scan import kinds_of
from diagnostics.runs.export.packet import LeakFound, stamp_of
from diagnostics.runs.export.packets import packet_of, page_of, redacted_run
from diagnostics.runs.export.redacted import RedactedRun
from diagnostics.runs.limits import PACKETS
from diagnostics.runs.lookups import find_run
from diagnostics.runs.models import Run
from diagnostics.storage.model_fields import UnreadableSecret

audit = logging.getLogger("diagnostics.audit")
Exported = TypeVar("Exported")


@require_safe
def run_page(request: Request, pk: int) -> HttpResponse:
    return _exported(
        request, pk, "page", page_of, lambda redacted, page: _file(page.encode(), f"{redacted.name}.html", "text/html")
    )


@require_safe
def run_packet(request: Request, pk: int) -> HttpResponse:
    return _exported(
        request,
        pk,
        "packet",
        packet_of,
        lambda redacted, packet: _file(packet.zipped(stamp_of(redacted)), f"{redacted.name}.zip", "application/zip"),
    )


def _exported(
    request: Request,
    pk: int,
    file_kind: str,
    make: Callable[[RedactedRun, str], Exported],
    respond: Callable[[RedactedRun, Exported], HttpResponse],
) -> HttpResponse:
    """The run as a file. 409 if the run has not ended, or if the scan finds something confidential."""
    run = find_run(pk, request.user)
    if run.is_open:
        return _refused(request, run)
    with transaction.atomic():
        enforce_limit(PACKETS, request.user)
    redacted = redacted_run(run)
    try:
        exported = make(redacted, version())
    except LeakFound as error:
        audit.warning("run %s was not exported: %s", run.pk, error)
        return _refused(request, run, found=kinds_of(error.leaks))
    except UnreadableSecret as error:
        return _refused(request, run, problem=str(error))
    record("run.exported", run, after={"as": file_kind}, name=f"{run} of {run.client.name}")
    audit.info(
        "run %s was exported to %s (%s) at %s", run.pk, request.user, request.user.pk, redacted.made_at.isoformat()
    )
    return respond(redacted, exported)


def _refused(request: Request, run: Run, *, found: tuple[str, ...] = (), problem: str = "") -> HttpResponse:
    context = {"run": run, "found": found, "problem": problem}
    return render(request, "runs/export/not_exported.html", context, status=409)


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    """Always downloaded, never displayed in the browser."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=kind, headers=headers)
