"""The typed request of our views, request middleware, and response helpers."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from diagnostics.accounts.models import User
from diagnostics.web.time_ranges import InvalidFilterValue, parse_zone


class Request(HttpRequest):
    """A request with a signed-in user and django-htmx details."""

    user: User
    htmx: HtmxDetails


ZONE_COOKIE = "zone"


def viewer_time_zone(request: HttpRequest) -> ZoneInfo:
    """Return the time zone from the browser's cookie, or TIME_ZONE if the cookie is missing or invalid."""
    try:
        return parse_zone(request.COOKIES.get(ZONE_COOKIE, ""))
    except InvalidFilterValue:
        return ZoneInfo(settings.TIME_ZONE)


def use_viewer_time_zone(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: show times in the viewer's time zone."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with timezone.override(viewer_time_zone(request)):
            return get_response(request)

    return middleware


def disable_caching(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: mark responses as not cacheable, unless the view marked them public, as badges do."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if "public" not in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = "private, no-store"
            del response.headers["Expires"]
        return response

    return middleware


def redirect_htmx_to_login(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: redirect the whole page to sign-in, so that htmx doesn't load the sign-in form into a fragment."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        login = resolve_url(settings.LOGIN_URL)
        if request.headers.get("HX-Request") == "true" and _redirects_to(response, login):
            return HttpResponseClientRedirect(f"{login}?{urlencode({'next': _page_of(request)})}")
        return response

    return middleware


def _redirects_to(response: HttpResponseBase, url: str) -> bool:
    return response.status_code == 302 and response.headers.get("Location", "").split("?", 1)[0] == url


def _page_of(request: HttpRequest) -> str:
    """Return the path of the page that contains the fragment; the fragment's own URL isn't a page."""
    details = getattr(request, "htmx", None)
    return (details.current_url_abs_path if details else None) or "/"


def filter_context(form: Form, request: Request) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values of a list's filter form that are set, and the template context of its filters and paging."""
    form.is_valid()
    filters = {name: value for name, value in form.cleaned_data.items() if value}
    query = request.GET.copy()
    query.pop("before", None)
    narrowed = bool(filters.keys() - {"before"})
    return filters, {
        "form": form,
        "query_string": query.urlencode(),
        "narrowed": narrowed,
        "is_first": "before" not in filters,
    }


def redirect_to(request: Request, name: str, *args: int) -> HttpResponse:
    """Redirect to a named URL, for regular and htmx requests."""
    url = resolve_url(name, *args)
    return HttpResponseClientRedirect(url) if request.htmx else HttpResponseRedirect(url)


def not_modified_fragment() -> HttpResponse:
    """Return 204: htmx leaves the page unchanged and polls again later."""
    return HttpResponse(status=204)
