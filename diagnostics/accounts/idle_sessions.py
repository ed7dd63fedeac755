"""Ends idle sessions. The sign-in page then gives the reason."""

import time
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url

from diagnostics.accounts.sign_in_events import LAST_ACTIVE

WITHOUT_SESSION = ("/health/", "/metrics", "/api/v1/")
WRITE_SECONDS = 60  # precision of the time of last use


def end_idle_sessions(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: end sessions idle for SESSION_IDLE_MINUTES (0 = never). Automatic page refreshes don't count as use."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        if not settings.SESSION_IDLE_MINUTES or not has_session or request.path.startswith(WITHOUT_SESSION):
            return get_response(request)
        if not request.user.is_authenticated:
            return get_response(request)
        now, last = time.time(), request.session.get(LAST_ACTIVE)
        if isinstance(last, int | float) and now - last > settings.SESSION_IDLE_MINUTES * 60:
            logout(request)
            return _with_reason(request, get_response(request))
        if last is None or (now - last > WRITE_SECONDS and not _is_automatic(request)):
            request.session[LAST_ACTIVE] = now
        return get_response(request)

    return middleware


def _is_automatic(request: HttpRequest) -> bool:
    """Return whether a page loaded a fragment, usually on a timer."""
    return request.method == "GET" and request.headers.get("HX-Request") == "true"


def _with_reason(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Add the reason and the page to return to if the response redirects to sign-in."""
    login = resolve_url(settings.LOGIN_URL)
    for header in ("Location", "HX-Redirect"):
        if response.headers.get(header, "").split("?", 1)[0] == login:
            response.headers[header] = f"{login}?{urlencode({'ended': 'idle', 'next': _page(request)})}"
    return response


def _page(request: HttpRequest) -> str:
    """Return the path of the page to return to: for a form or fragment, the page that sent it.

    Our Referrer-Policy is same-origin, so a Referer with another host is ignored.
    """
    if request.method == "GET" and request.headers.get("HX-Request") != "true":
        return request.get_full_path()
    page = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "")
    if page.netloc != request.get_host() or not page.path.startswith("/") or page.path.startswith("//"):
        return "/"
    return f"{page.path}?{page.query}" if page.query else page.path
