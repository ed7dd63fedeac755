"""Ends a session that nobody has used for a while, and says so where the person signs in again."""

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
WRITE_SECONDS = 60  # how exactly the last use is known


def end_idle_sessions(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware. A page that refreshes itself doesn't count as use. SESSION_IDLE_MINUTES of 0 switches this off."""

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
    """Fragments are read by the page itself, most of them on a timer."""
    return request.method == "GET" and request.headers.get("HX-Request") == "true"


def _with_reason(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """On the way to the sign-in, with the page to return to: the one with the form, where a form was sent."""
    login = resolve_url(settings.LOGIN_URL)
    for header in ("Location", "HX-Redirect"):
        if response.headers.get(header, "").split("?", 1)[0] == login:
            place = f"{login}?{urlencode({'ended': 'idle', 'next': _page(request)})}"
            response.headers[header] = place
    return response


def _page(request: HttpRequest) -> str:
    """The page that the person saw. The Referer is ours by the policy same-origin; another one leads home."""
    if request.method == "GET" and request.headers.get("HX-Request") != "true":
        return request.get_full_path()
    seen = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "")
    if seen.netloc != request.get_host() or not seen.path.startswith("/") or seen.path.startswith("//"):
        return "/"
    return f"{seen.path}?{seen.query}" if seen.query else seen.path
