"""The request as our views know it, and what an expired session answers to htmx."""

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
from diagnostics.web.time_ranges import NotUnderstood, read_zone


class Request(HttpRequest):
    """A request behind the login: the user is one of ours, and htmx has been asked."""

    user: User
    htmx: HtmxDetails


ZONE_COOKIE = "zone"


def zone_of(request: HttpRequest) -> ZoneInfo:
    """The reader's time zone as their browser told it, else the one of this installation."""
    try:
        return read_zone(request.COOKIES.get(ZONE_COOKIE, ""))
    except NotUnderstood:
        return ZoneInfo(settings.TIME_ZONE)


def in_viewers_zone(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: a page says its times in the reader's zone."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with timezone.override(zone_of(request)):
            return get_response(request)

    return middleware


def keep_out_of_caches(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: no cache keeps a response, unless its view calls it public, as that of a badge does."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if "public" not in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = "private, no-store"
            del response.headers["Expires"]
        return response

    return middleware


def login_again(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: sends the whole page to the login, so that the login form never turns up inside a fragment."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        login = resolve_url(settings.LOGIN_URL)
        if request.headers.get("HX-Request") == "true" and _leads_to(response, login):
            return HttpResponseClientRedirect(f"{login}?{urlencode({'next': _page_of(request)})}")
        return response

    return middleware


def _leads_to(response: HttpResponseBase, login: str) -> bool:
    return response.status_code == 302 and response.headers.get("Location", "").split("?", 1)[0] == login


def _page_of(request: HttpRequest) -> str:
    """The page the fragment belongs to; the fragment's own address would be no place to return to."""
    details = getattr(request, "htmx", None)
    return (details.current_url_abs_path if details else None) or "/"


def narrowed_by(form: Form, request: Request) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a list is narrowed to, and what its page needs to say so and to lead on: the form, the query to keep."""
    form.is_valid()
    chosen = {name: value for name, value in form.cleaned_data.items() if value}
    kept = request.GET.copy()
    kept.pop("before", None)
    narrowed = bool(chosen.keys() - {"before"})
    return chosen, {"form": form, "kept": kept.urlencode(), "narrowed": narrowed, "is_first": "before" not in chosen}


def go_to(request: Request, name: str, *args: int) -> HttpResponse:
    """On to another page, also for a form that htmx has sent."""
    place = resolve_url(name, *args)
    return HttpResponseClientRedirect(place) if request.htmx else HttpResponseRedirect(place)


def not_modified_fragment() -> HttpResponse:
    """204: htmx leaves the page as it is and asks again at its next tick."""
    return HttpResponse(status=204)
