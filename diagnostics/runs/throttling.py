"""Shows on any page that a user has to wait, and limits each user to one large form upload at a time."""

from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from diagnostics.accounts.actor import API_PREFIXES
from diagnostics.accounts.models import User
from diagnostics.accounts.rate_limits import TooManyRequests
from diagnostics.runs.limits import SHORT_TEXT, StillReading, one_upload


class TooManyRequestsMiddleware:
    """Middleware: 429 with `Retry-After` when a user exceeds a limit. Pages with a form handle it themselves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, TooManyRequests):
            return None
        return _refused(request, exception)


def limit_uploads(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: accepts one multipart upload per user at a time, and none without a signed-in user.

    It must be last: Django parses such a form before any view, when it looks for the CSRF token.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        is_large = request.content_type == "multipart/form-data" and not (
            length.isdigit() and int(length) <= SHORT_TEXT
        )
        if not is_large or request.path.startswith(API_PREFIXES):
            return get_response(request)
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path())
        try:
            with one_upload(request.user):
                return get_response(request)
        except StillReading as busy:
            return _refused(request, busy)

    return middleware


def _refused(request: HttpRequest, busy: TooManyRequests) -> HttpResponse:
    is_fragment = request.headers.get("HX-Request") == "true"
    response = render(request, "parts/_refused.html" if is_fragment else "429.html", {"sentence": str(busy)})
    return too_many_requests(response, busy)


def too_many_requests(response: HttpResponse, busy: TooManyRequests) -> HttpResponse:
    response.status_code = 429
    response.headers["Retry-After"] = str(busy.wait_seconds)
    return response
