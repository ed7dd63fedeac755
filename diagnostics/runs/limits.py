"""Limits per user: one upload, parse and export at a time.

Pages and the API share the limits. All locks are Postgres advisory locks that end with their transaction or connection,
so they hold across processes and cannot be left behind.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from django.db import Error, connection, transaction

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
    """Another export of this user is running."""

    def __init__(self) -> None:
        super().__init__(EXPORT_SECONDS, f"Your previous export isn't finished. Try again in {EXPORT_SECONDS} seconds.")


class StillReading(TooManyRequests):
    """Another text of this user is being parsed."""

    def __init__(self) -> None:
        super().__init__(1, "We're still reading the previous text. Try again in 1 second.")


@contextmanager
def one_upload(person: User) -> Iterator[None]:
    """Raises StillReading if another large form of this user is being uploaded, in any process."""
    key = [UPLOADING, person.pk % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        [is_locked] = cursor.fetchone()
    if not is_locked:
        raise StillReading
    try:
        yield
    finally:
        _unlock(key)


def refuse_second_export(person: User) -> None:
    """Raises StillExporting if an export of this user is running, in any process."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [EXPORTING, person.pk % 2**31])
        [is_locked] = cursor.fetchone()
    if not is_locked:
        raise StillExporting


def one_export(person: User, pieces: Iterable[str]) -> Iterator[str]:
    """Yields the pieces and refuses other exports of the user until the last one."""
    key = [EXPORTING, person.pk % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", key)
    try:
        yield from pieces
    finally:
        _unlock(key)


def _unlock(key: list[int]) -> None:
    with suppress(Error), connection.cursor() as cursor:  # a lost connection has released its locks
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)


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
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [lock, person.pk % 2**31])
            [is_locked] = cursor.fetchone()
        if not is_locked:
            raise StillReading
        with time_budget.limited():
            yield
