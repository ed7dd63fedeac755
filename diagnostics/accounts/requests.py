"""The typed request of our views, request middleware, and response helpers."""

import logging
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from diagnostics.accounts.actor import GetResponse, address_of
from diagnostics.accounts.models import User
from diagnostics.web.time_ranges import InvalidFilterValue, parse_zone


class Request(HttpRequest):
    """A request with a signed-in user and django-htmx details."""

    user: User
    htmx: HtmxDetails


log = logging.getLogger("access")
LONGEST_SHOWN = 100
# Load balancers and Kubernetes ask for them by IP address. They don't use the host name.
PROBES = ("/health/live", "/health/ready")
REFUSED = (
    "400 Bad Request: this server doesn't answer to that host name. An administrator can add it to ALLOWED_HOSTS.\n"
)
ZONE_COOKIE = "zone"


def viewer_time_zone(request: HttpRequest) -> ZoneInfo:
    """Return the time zone from the browser's cookie, or TIME_ZONE if the cookie is missing or invalid."""
    try:
        return parse_zone(request.COOKIES.get(ZONE_COOKIE, ""))
    except InvalidFilterValue:
        return ZoneInfo(settings.TIME_ZONE)


def use_viewer_time_zone(get_response: GetResponse) -> GetResponse:
    """Middleware: show times in the viewer's time zone."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with timezone.override(viewer_time_zone(request)):
            return get_response(request)

    return middleware


def disable_caching(get_response: GetResponse) -> GetResponse:
    """Middleware: mark responses as not cacheable, unless the view marked them public, as badges do."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if "public" not in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = "private, no-store"
            del response.headers["Expires"]
        return response

    return middleware


def refuse_unknown_hosts(get_response: GetResponse) -> GetResponse:
    """Middleware, before any other: a plain-text 400 for an unknown host name.

    The name is logged as ASCII without control characters.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path in PROBES:
            return get_response(request)
        try:
            request.get_host()
        except DisallowedHost:
            host = ascii(request.META.get("HTTP_HOST", "")[:LONGEST_SHOWN])
            log.warning("400 unknown host %s from %s", host, address_of(request) or "an unknown address")
            return HttpResponse(
                REFUSED, status=400, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"}
            )
        return get_response(request)

    return middleware


SESSION_ENDED = "Your session ended. Sign in in a new tab, then continue."


def return_after_sign_in(get_response: GetResponse) -> GetResponse:
    """Middleware: a redirect to sign-in leads back to the page of a form, not to the form's own address.

    For htmx it becomes 401: the sign-in form would take the place of a fragment, and what was typed would be lost.
    app.js shows the sentence.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response, login = get_response(request), resolve_url(settings.LOGIN_URL)
        if not _redirects_to(response, login):
            return response
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(f"{SESSION_ENDED}\n", status=401, content_type="text/plain; charset=utf-8")
        if request.method not in ("GET", "HEAD"):
            response.headers["Location"] = f"{login}?{urlencode({'next': _page_of_form(request)})}"
        return response

    return middleware


def _page_of_form(request: HttpRequest) -> str:
    """Our Referrer-Policy is same-origin, so a Referer with another host is ignored."""
    page = urlsplit(request.headers.get("Referer", ""))
    if page.netloc != request.get_host() or not page.path.startswith("/") or page.path.startswith("//"):
        return "/"
    return f"{page.path}?{page.query}" if page.query else page.path


def _redirects_to(response: HttpResponseBase, url: str) -> bool:
    """Only a redirect that leads back: signing out redirects to sign-in too."""
    return response.status_code == 302 and response.headers.get("Location", "").startswith(f"{url}?next=")


def redirect_to(request: Request, name: str, *args: int) -> HttpResponse:
    """Redirect to a named URL, for regular and htmx requests."""
    url = resolve_url(name, *args)
    return HttpResponseClientRedirect(url) if request.htmx else HttpResponseRedirect(url)


def not_modified_fragment() -> HttpResponse:
    """Return 204: htmx leaves the page unchanged and polls again later."""
    return HttpResponse(status=204)
