"""Cleans what a request brings, before any form, filter or view reads it: headers, query string and form fields.

JSON bodies are cleaned where the API decodes them, uploaded files where they arrive (`uploads`).
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase

from diagnostics.text.cleaning import clean_line, clean_text

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# Every other field has one line. A test holds this against the text areas of all forms.
OF_SEVERAL_LINES = frozenset({"text", "call", "answer", "reason"})
# A password or a client's secret is never changed: it is what its owner typed, or its form refuses it.
AS_TYPED = ("password", "secret")


class CleanRequestMiddleware:
    """Stands after the CSRF middleware, which is the first to read a form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        for name, value in request.META.items():
            if name.startswith("HTTP_") and isinstance(value, str):
                request.META[name] = clean_text(value)
        request.GET = _clean(request.GET)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, values: Any) -> None:
        if request.method == "POST" and request.content_type in FORMS and not getattr(view, "csrf_exempt", False):
            request.POST = _clean(request.POST)


def _clean(given: QueryDict) -> Any:
    """Any: only the type checker tells a QueryDict that may not be changed from one that may."""
    cleaned = QueryDict(mutable=True, encoding=given.encoding)
    for name, values in given.lists():
        cleaned.setlist(clean_line(name), [_clean_value(name, value) for value in values])
    cleaned._mutable = False
    return cleaned


def _clean_value(name: str, value: str) -> str:
    if any(word in name.lower() for word in AS_TYPED):
        return value
    return clean_text(value) if name in OF_SEVERAL_LINES else clean_line(value)
