"""One run to take along: as a page of its own, and as a packet for a vendor's case."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.access import find_run
from diagnostics.exports.packet import Leaky, stamp_of
from diagnostics.exports.told import Told
from diagnostics.fields import UnreadableSecret
from diagnostics.http import Request
from diagnostics.leaks import kinds_of
from diagnostics.models import Run
from diagnostics.product import version
from diagnostics.services.audit import record
from diagnostics.services.packets import packet_of, page_of, told_of_run
from diagnostics.services.personal_limits import PACKETS, leave_room_for

audit = logging.getLogger("diagnostics.audit")
Made = TypeVar("Made")


@require_safe
def run_page(request: Request, pk: int) -> HttpResponse:
    return _handed_out(
        request, pk, "page", page_of, lambda told, page: _file(page.encode(), f"{told.name}.html", "text/html")
    )


@require_safe
def run_packet(request: Request, pk: int) -> HttpResponse:
    return _handed_out(
        request,
        pk,
        "packet",
        packet_of,
        lambda told, packet: _file(packet.zipped(stamp_of(told)), f"{told.name}.zip", "application/zip"),
    )


def _handed_out(
    request: Request,
    pk: int,
    made_as: str,
    make: Callable[[Told, str], Made],
    answer: Callable[[Told, Made], HttpResponse],
) -> HttpResponse:
    """What a run that is over gives; 409 where it is not, or where the scan says no."""
    run = find_run(pk, request.user)
    if run.is_open:
        return _refused(request, run)
    with transaction.atomic():
        leave_room_for(PACKETS, request.user)
    told = told_of_run(run)
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
    return render(request, "taking/not_handed_out.html", context, status=409)


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    """Never shown in place: it is a file to keep."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=kind, headers=headers)
