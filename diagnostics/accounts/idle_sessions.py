"""Ends idle sessions. The sign-in page then gives the reason."""

import time

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url

from diagnostics.accounts.actor import GetResponse
from diagnostics.accounts.sign_in_events import LAST_ACTIVE

WITHOUT_SESSION = ("/health/", "/metrics", "/api/v1/")
WRITE_SECONDS = 60  # precision of the time of last use


def end_idle_sessions(get_response: GetResponse) -> GetResponse:
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
            return _with_reason(get_response(request))
        if last is None or (now - last > WRITE_SECONDS and not _is_automatic(request)):
            request.session[LAST_ACTIVE] = now
        return get_response(request)

    return middleware


def _is_automatic(request: HttpRequest) -> bool:
    """Return whether a page loaded a fragment, usually on a timer."""
    return request.method == "GET" and request.headers.get("HX-Request") == "true"


def _with_reason(response: HttpResponseBase) -> HttpResponseBase:
    """Add the reason if the response redirects to sign-in."""
    login, _, query = response.headers.get("Location", "").partition("?")
    if login == resolve_url(settings.LOGIN_URL):
        response.headers["Location"] = f"{login}?ended=idle&{query}"
    return response
