"""One line of the log, and one trace, for each request."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import LazyObject, empty

from diagnostics.telemetry import tracing as traces

log = logging.getLogger("access")
# Asked every few seconds by machines: told only when they are refused.
PROBES = ("/health/", "/metrics")
LONGEST_SHOWN = 16


def log_requests(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: says who asked for what, what came of it and how long it took. The query string stays out: people
    search for names in it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(PROBES):
            return get_response(request)
        started = time.perf_counter()
        with traces.span(request.method or "", kind="server") as span:
            response = get_response(request)
            span.name(f"{request.method} {_route(request)}")
            span.tell(**{"http.response.status_code": response.status_code, "http.route": _route(request)})
        _log(request, response.status_code, (time.perf_counter() - started) * 1000)
        return response

    return middleware


def _log(request: HttpRequest, status: int, ms: float) -> None:
    told = {"method": request.method, "path": _path(request), "status": status, "ms": round(ms, 1)}
    if user := _user_id(request):
        told["user"] = user
    log.info("%s %s %s %.0f ms", told["method"], told["path"], status, ms, extra=told)


def _user_id(request: HttpRequest) -> int | None:
    """Only of a person whom the page has looked up: to look them up here would ask a database that may be away."""
    user = getattr(request, "user", None)
    if isinstance(user, LazyObject) and user._wrapped is empty:
        return None
    return getattr(user, "pk", None)


def _route(request: HttpRequest) -> str:
    return f"/{request.resolver_match.route}" if request.resolver_match else "unknown"


def _path(request: HttpRequest) -> str:
    """The address; only its pattern where it holds a long word, for that may be all one needs to open it."""
    match = request.resolver_match
    words = [str(each) for each in (*match.args, *match.kwargs.values())] if match else []
    return _route(request) if any(len(word) > LONGEST_SHOWN for word in words) else request.path[:500]
