"""Middleware that writes one log line and one span per request."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import LazyObject, empty

from diagnostics.telemetry import tracing as traces

log = logging.getLogger("access")
# Machines poll these every few seconds, so they are not logged.
PROBES = ("/health/", "/metrics")
LONGEST_SHOWN = 16


def log_requests(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: log user, method, path, status and duration. The query string is left out: it may contain names."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(PROBES):
            return get_response(request)
        started = time.perf_counter()
        with traces.span(request.method or "", kind="server") as span:
            response = get_response(request)
            span.set_name(f"{request.method} {_route(request)}")
            span.set_attributes(**{"http.response.status_code": response.status_code, "http.route": _route(request)})
        _log(request, response.status_code, (time.perf_counter() - started) * 1000)
        return response

    return middleware


def _log(request: HttpRequest, status: int, ms: float) -> None:
    fields: dict[str, Any] = {"method": request.method, "path": _path(request), "status": status, "ms": round(ms, 1)}
    if user := _user_id(request):
        fields["user"] = user
    log.info("%s %s %s %.0f ms", fields["method"], fields["path"], status, ms, extra=fields)


def _user_id(request: HttpRequest) -> int | None:
    """Return the user's ID only if the view already loaded the user: loading it here would need the database."""
    user = getattr(request, "user", None)
    if isinstance(user, LazyObject) and user._wrapped is empty:
        return None
    return getattr(user, "pk", None)


def _route(request: HttpRequest) -> str:
    return f"/{request.resolver_match.route}" if request.resolver_match else "unknown"


def _path(request: HttpRequest) -> str:
    """Return the path, or only its pattern if an argument is long: it may be a secret that opens the page."""
    match = request.resolver_match
    arguments = [str(value) for value in (*match.args, *match.kwargs.values())] if match else []
    return _route(request) if any(len(argument) > LONGEST_SHOWN for argument in arguments) else request.path[:500]
