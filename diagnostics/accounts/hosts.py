"""Middleware that rejects requests for unknown host names before any other middleware runs."""

import logging
from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from diagnostics.accounts import actor as acting

log = logging.getLogger("access")
LONGEST_SHOWN = 100
# Load balancers and Kubernetes ask for them by IP address. They don't use the host name.
PROBES = ("/health/live", "/health/ready")
REFUSED = (
    "400 Bad Request: this server doesn't answer to that host name. An administrator can add it to ALLOWED_HOSTS.\n"
)


def refuse_unknown_hosts(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: return a plain-text 400 and log the host name as ASCII without control characters."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path in PROBES:
            return get_response(request)
        try:
            request.get_host()
        except DisallowedHost:
            host = ascii(request.META.get("HTTP_HOST", "")[:LONGEST_SHOWN])
            log.warning("400 unknown host %s from %s", host, acting.address_of(request) or "an unknown address")
            return HttpResponse(
                REFUSED, status=400, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"}
            )
        return get_response(request)

    return middleware
