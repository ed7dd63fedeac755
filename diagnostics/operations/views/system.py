"""The state of the installation: a page for admins, readiness probes and metrics."""

import hmac
import ipaddress
import platform
from collections.abc import Sequence
from typing import Any

import celery
import django
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from diagnostics import product
from diagnostics.accounts.access import admin_required
from diagnostics.accounts.actor import GetResponse, address_of
from diagnostics.accounts.requests import Request
from diagnostics.jobs.models import RowFailure
from diagnostics.operations import readiness
from diagnostics.operations.heartbeats import TICK, last_beat
from diagnostics.operations.metrics import Scheduler, render_metrics
from diagnostics.operations.queries import system
from diagnostics.operations.queries.broker import broker_state
from diagnostics.operations.queries.workload import workload
from diagnostics.operations.set_aside import dismiss_failure, retry_row
from diagnostics.orgs.models import ConfigurationSync
from diagnostics.runs.models import Watch
from diagnostics.storage.clock import database_now
from diagnostics.web.format import count_of
from diagnostics.web.templatetags.navigation import SECTION_TABS

Kind = RowFailure.Kind
# URL names of the pages that show a row, by its kind or the kind's first word.
ROW_PAGES = {
    "run": "run",
    Kind.WATCH: "run",
    Kind.SCHEDULE: "schedule",
    "batch": "batch",
    "client": "client",
    Kind.SNAPSHOT: "client",
    Kind.CONTRACT: "contract",
    Kind.RETENTION: "retention",
    Kind.INCIDENT: "incident",
    Kind.DELIVERY: "delivery",
    Kind.ISSUE_RETENTION: "issue",
}


@require_safe
def settings_home(request: Request) -> HttpResponse:
    """The first tab of the settings that the user may see."""
    tabs = (tab for tab in SECTION_TABS["Settings"] if not tab.needs or getattr(request.user, tab.needs))
    return redirect(next(tabs).address)


@require_safe
@admin_required
def system_page(request: Request) -> HttpResponse:
    return render(request, "operations/system/page.html", _state())


@require_safe
@admin_required
def system_state(request: Request) -> HttpResponse:
    """The fragment that the page polls."""
    return render(request, "operations/system/_state.html", {**_state(), "is_fragment": True})


@require_POST
@admin_required
def row_retry(request: Request, pk: int) -> HttpResponse:
    failure = get_object_or_404(RowFailure, pk=pk)
    if error := retry_row(failure):
        messages.error(request, f"Failed again. {error}")
    else:
        messages.success(request, "Retrying.")
    return redirect("system")


@require_POST
@admin_required
def row_dismiss(request: Request, pk: int) -> HttpResponse:
    dismiss_failure(get_object_or_404(RowFailure, pk=pk))
    messages.success(request, "Removed from the list.")
    return redirect("system")


def page_of(failure: RowFailure) -> str:
    """The URL of the page that shows the row, "" if there is none."""
    name = ROW_PAGES.get(failure.kind.partition("_")[0] if failure.kind not in ROW_PAGES else failure.kind, "")
    if name in ("", "retention", "contract"):
        return reverse(name) if name else ""
    pk: int | None = failure.row_id
    if failure.kind == Kind.WATCH:
        pk = Watch.objects.filter(pk=failure.row_id).values_list("run_id", flat=True).first()
    elif failure.kind in (Kind.SNAPSHOT, Kind.SNAPSHOT_RETENTION):
        pk = ConfigurationSync.objects.filter(pk=failure.row_id).values_list("client_id", flat=True).first()
    return reverse(name, args=(pk,)) if pk else ""


def _state() -> dict[str, Any]:
    now = database_now()
    workers, broker = system.workers(now), broker_state()
    failures = system.rows_set_aside()
    parts = [
        system.database_part(),
        system.migrations_part(),
        system.broker_part(broker),
        system.workers_part(workers),
        system.tick_part(now),
        system.clock_part(system.clock_skews()),
        system.rows_part(failures),
        system.disk_part(),
        system.backup_part(now),
    ]
    return {
        "parts": parts,
        "summary": _summary(parts),
        "workers": workers,
        "failures": [(failure, page_of(failure)) for failure in failures],
        "work": workload(now),
        "versions": {
            "Cobrowse Doctor": product.version(),
            "Python": platform.python_version(),
            "Django": django.get_version(),
            "Celery": celery.__version__,
        },
        "now": now,
    }


def _summary(parts: Sequence[system.SystemPart]) -> str:
    """For example "1 part down, 1 warning"."""
    down = sum(not part.works for part in parts)
    warnings = sum(part.state == system.LATE for part in parts)
    counts = [f"{count_of(down, 'part')} down"] * bool(down) + [count_of(warnings, "warning")] * bool(warnings)
    return ", ".join(counts) or "Everything is working"


def answer_probes(get_response: GetResponse) -> GetResponse:
    """Middleware that answers probes before the session and sign-in, which need the database."""
    probes = {"/health/live": health_live, "/health/ready": health_ready}

    def middleware(request: HttpRequest) -> HttpResponseBase:
        probe = probes.get(request.path)
        if probe is None:
            return get_response(request)
        response = probe(request)
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["X-Frame-Options"] = "DENY"
        response._has_been_logged = True  # type: ignore[attr-defined]  # probes are frequent, and each part logs its own errors
        return response

    return middleware


@require_safe
@login_not_required
@never_cache
def health_live(request: HttpRequest) -> HttpResponse:
    """Checks nothing but this process, since a restart of it wouldn't repair a database."""
    return JsonResponse({"live": True})


@require_safe
@login_not_required
@never_cache
def health_ready(request: HttpRequest) -> HttpResponse:
    """503 if a part doesn't work. `?without=tick,broker` ignores parts, for a load balancer that only routes people.

    Reports the last result of a background check, so it responds at once.
    """
    left_out = request.GET.get("without", "").split(",")
    parts = [part for part in readiness.latest() if part.key not in left_out]
    works = {part.key: part.works for part in parts}
    ready = all(works.values())
    failing = [name for part in parts for name in part.failing]
    warnings = [part.key for part in parts if part.state == system.LATE]
    state = {"ready": ready, "parts": works, "failing": failing, "warnings": warnings}
    return JsonResponse(state, status=200 if ready else 503)


@require_safe
@login_not_required
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_read_metrics(request):
        text = "Metrics are for clients in METRICS_NETWORKS, and for those that send METRICS_TOKEN as a bearer token.\n"
        return HttpResponse(text, status=403, content_type="text/plain; charset=utf-8")
    now = database_now()
    state = last_beat(TICK), system.tick_parts(), system.failures_by_kind(), system.clock_skews()
    scheduler = Scheduler(*state)
    body = render_metrics(workload(now), broker_state(), system.workers(now), scheduler, now)
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)


def _may_read_metrics(request: HttpRequest) -> bool:
    """By the token, or by the client's address as our outermost proxy saw it."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        return True
    address = address_of(request)
    return address is not None and any(
        ipaddress.ip_address(address) in network for network in settings.METRICS_NETWORKS
    )
