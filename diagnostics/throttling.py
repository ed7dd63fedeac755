"""Says on any page that a person has to wait."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from diagnostics.services.personal_limits import TooManyRequests


class SayTooMany:
    """Middleware: 429 with `Retry-After` for a start beyond a person's limits. Pages with a form show it there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, TooManyRequests):
            return None
        is_fragment = request.headers.get("HX-Request") == "true"
        response = render(request, "parts/_refused.html" if is_fragment else "429.html", {"sentence": str(exception)})
        return told_to_wait(response, exception)


def told_to_wait(response: HttpResponse, busy: TooManyRequests) -> HttpResponse:
    response.status_code = 429
    response.headers["Retry-After"] = str(busy.wait_seconds)
    return response
