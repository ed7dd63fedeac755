"""Middleware that cleans request headers, query strings and form fields before any view reads them.

The API cleans JSON bodies when it decodes them; `uploads` cleans uploaded files.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase

from diagnostics.text.cleaning import clean_line, clean_text

FORM_CONTENT_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
# Every other field has one line. A test compares this set with the text areas of all forms.
MULTILINE_FIELDS = frozenset({"text", "call", "answer", "reason", "lines"})
# Passwords and client secrets are never changed; a form that can't accept one rejects it.
UNCLEANED_FIELDS = ("password", "secret")


class CleanRequestMiddleware:
    """Runs after the CSRF middleware, which is the first to read a form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        for name, value in request.META.items():
            if name.startswith("HTTP_") and isinstance(value, str):
                request.META[name] = clean_text(value)
        request.GET = _clean(request.GET)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, values: Any) -> None:
        if (
            request.method == "POST"
            and request.content_type in FORM_CONTENT_TYPES
            and not getattr(view, "csrf_exempt", False)
        ):
            clean_form(request)


def clean_form(request: HttpRequest) -> None:
    request.POST = _clean(request.POST)


def _clean(query: QueryDict) -> Any:
    """Return an immutable copy. The type is Any because django-stubs separates mutable and immutable QueryDicts."""
    cleaned = QueryDict(mutable=True, encoding=query.encoding)
    for name, values in query.lists():
        cleaned.setlist(clean_line(name), [_clean_value(name, value) for value in values])
    cleaned._mutable = False
    return cleaned


def _clean_value(name: str, value: str) -> str:
    if any(part in name.lower() for part in UNCLEANED_FIELDS):
        return value
    return clean_text(value) if name in MULTILINE_FIELDS else clean_line(value)
