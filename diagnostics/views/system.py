"""How the installation is: for its admins as a page, for machines as readiness and metrics."""

import hmac
import ipaddress
import platform
import time
from dataclasses import dataclass, field
from typing import Any

import celery
import django
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from diagnostics import product
from diagnostics.access import admin_required
from diagnostics.acting import address_of
from diagnostics.http import Request
from diagnostics.metrics import in_prometheus_form
from diagnostics.queries import system
from diagnostics.queries.broker import look_at_broker
from diagnostics.queries.heartbeats import last_beat
from diagnostics.queries.workload import workload

LOOKED_AT_FOR = 2.0  # seconds


@require_safe
@admin_required
def system_page(request: Request) -> HttpResponse:
    return render(request, "system/page.html", _state())


@require_safe
@admin_required
def system_state(request: Request) -> HttpResponse:
    """The state alone, as the page asks for it again and again."""
    return render(request, "system/_state.html", {**_state(), "is_fragment": True})


def _state() -> dict[str, Any]:
    now = timezone.now()
    workers, broker = system.workers(now), look_at_broker()
    parts = [
        system.database_part(),
        system.migrations_part(),
        system.broker_part(broker),
        system.workers_part(workers),
        system.tick_part(now),
        system.disk_part(),
        system.backup_part(now),
    ]
    return {
        "parts": parts,
        "troubles": [each for each in parts if not each.works],
        "late": [each for each in parts if each.state == system.LATE],
        "workers": workers,
        "work": workload(now),
        "versions": _versions(),
        "now": now,
    }


def _versions() -> dict[str, str]:
    return {
        "Cobrowse Doctor": product.version(),
        "Python": platform.python_version(),
        "Django": django.get_version(),
        "Celery": celery.__version__,
    }


@dataclass
class _Look:
    """What this process saw last: anybody may ask, and nobody shall make the database work by asking."""

    at: float = float("-inf")
    parts: list[system.Part] = field(default_factory=list)


_look = _Look()


@require_safe
@login_not_required
@never_cache
def health_live(request: HttpRequest) -> HttpResponse:
    """This process answers. It asks nothing else: a restart of it would not bring a database back."""
    return JsonResponse({"live": True})


@require_safe
@login_not_required
@never_cache
def health_ready(request: HttpRequest) -> HttpResponse:
    """503 where a part does not work. `?without=tick,broker` leaves parts out, for who only sends people here."""
    if time.monotonic() - _look.at > LOOKED_AT_FOR:
        _look.parts, _look.at = list(system.parts_for_readiness()), time.monotonic()
    left_out = request.GET.get("without", "").split(",")
    asked = {part.key: part.works for part in _look.parts if part.key not in left_out}
    ready = all(asked.values())
    return JsonResponse({"ready": ready, "parts": asked}, status=200 if ready else 503)


@require_safe
@login_not_required
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_read_metrics(request):
        said = (
            "Only programs at METRICS_NETWORKS may read this, and those that bring METRICS_TOKEN as a bearer token.\n"
        )
        return HttpResponse(said, status=403, content_type="text/plain; charset=utf-8")
    now = timezone.now()
    try:
        told = in_prometheus_form(workload(now), look_at_broker(), system.workers(now), last_beat(system.TICK), now)
    except Error:
        return HttpResponse("The database does not answer.\n", status=503, content_type="text/plain; charset=utf-8")
    return HttpResponse(told, content_type=CONTENT_TYPE_LATEST)


def _may_read_metrics(request: HttpRequest) -> bool:
    """By the token, or by the address that the outermost proxy of ours saw."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        return True
    address = address_of(request)
    return address is not None and any(
        ipaddress.ip_address(address) in network for network in settings.METRICS_NETWORKS
    )
