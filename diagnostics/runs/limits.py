"""Limits per user: one upload, parse and export at a time, and the middleware that shows them on any page.

Pages and the API share the limits. All locks are Postgres advisory locks that end with their transaction or connection,
so they hold across processes and cannot be left behind.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.db import Error, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from diagnostics.accounts.actor import API_PREFIXES
from diagnostics.accounts.models import User
from diagnostics.accounts.rate_limits import Limit, TooManyRequests
from diagnostics.text import time_budget

SHORT_TEXT = 20_000  # characters
EXPORT_SECONDS = 10  # to wait before another try while an export is running
# First half of the lock keys; the second half is the user ID.
READING, PREVIEW, EXPORTING, UPLOADING = 7_302, 7_303, 7_304, 7_305

EXPORTS = Limit(("runs.exported", "audit.exported", "batch.exported"), 6, "started {} exports")
PACKETS = Limit(("run.exported",), 20, "downloaded {} runs")


class StillExporting(TooManyRequests):
    def __init__(self) -> None:
        super().__init__(EXPORT_SECONDS, f"Your previous export isn't finished. Try again in {EXPORT_SECONDS} seconds.")


class StillReading(TooManyRequests):
    def __init__(self) -> None:
        super().__init__(1, "We're still reading the previous text. Try again in 1 second.")


@contextmanager
def one_upload(person: User) -> Iterator[None]:
    """Raises StillReading if another large form of this user is being uploaded, in any process."""
    key = _lock_key(UPLOADING, person)
    if not _selected("pg_try_advisory_lock", key):
        raise StillReading
    try:
        yield
    finally:
        _unlock(key)


def refuse_second_export(person: User) -> None:
    """Raises StillExporting if an export of this user is running, in any process."""
    with transaction.atomic():
        if not _selected("pg_try_advisory_xact_lock", _lock_key(EXPORTING, person)):
            raise StillExporting


def one_export(person: User, pieces: Iterable[str]) -> Iterator[str]:
    """Yields the pieces and refuses other exports of the user until the last one."""
    key = _lock_key(EXPORTING, person)
    _selected("pg_advisory_lock", key)
    try:
        yield from pieces
    finally:
        _unlock(key)


def _lock_key(kind: int, person: User) -> list[int]:
    return [kind, person.pk % 2**31]


def _selected(function: str, key: list[int]) -> Any:
    """The result of one of Postgres' functions of advisory locks."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", key)
        [result] = cursor.fetchone()
    return result


def _unlock(key: list[int]) -> None:
    with suppress(Error):  # a lost connection has released its locks
        _selected("pg_advisory_unlock", key)


@contextmanager
def reading_one_text(person: User, size: int, lock: int = READING) -> Iterator[None]:
    """Raises StillReading if another text of this user is being parsed, in any process.

    `size` is the length of the text. Short texts take a few milliseconds and need no lock, so programs may send several
    at once. Everything parsed inside shares one time budget. The live preview uses its own lock, so that it does not
    block the form submitted meanwhile.
    """
    if size <= SHORT_TEXT:
        with time_budget.limited():
            yield
        return
    with transaction.atomic():
        if not _selected("pg_try_advisory_xact_lock", _lock_key(lock, person)):
            raise StillReading
        with time_budget.limited():
            yield


class TooManyRequestsMiddleware:
    """Middleware: 429 with `Retry-After` when a user exceeds a limit. Pages with a form handle it themselves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return _refused(request, exception) if isinstance(exception, TooManyRequests) else None


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
