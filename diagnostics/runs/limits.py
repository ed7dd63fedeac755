"""Limits per user: runs, exports and other actions per minute, and one upload, parse and export at a time.

Pages and the API share the limits. All locks are Postgres advisory locks that end with their transaction or connection,
so they hold across processes and cannot be left behind.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import Error, connection, transaction
from django.utils import timezone

from diagnostics.accounts.models import AuditEntry, User
from diagnostics.orgs.models import ConfigurationSync
from diagnostics.runs.models import Run, Watch
from diagnostics.text import time_budget

MINUTE = timedelta(minutes=1)
COUNTED_SOURCES = (Run.Source.WEB, Run.Source.API)
SHORT_TEXT = 20_000  # characters
EXPORT_SECONDS = 10  # to wait before another try while an export is running
# First half of the lock keys; the second half is the user ID.
STARTS, READING, PREVIEW, EXPORTING, UPLOADING = 7_301, 7_302, 7_303, 7_304, 7_305


@dataclass(frozen=True)
class Limit:
    """How often one user may do something per minute. The rows of the audit log are counted."""

    actions: tuple[str, ...]
    most: int
    what: str  # in the sentence, with the verb: "started 6 exports"


EXPORTS = Limit(("runs.exported", "audit.exported"), 6, "started {} exports")
PACKETS = Limit(("run.handed_out",), 20, "downloaded {} runs")
VERIFICATIONS = Limit(("client.verification_started",), 20, "started {} verifications")
CONTRACT_REFRESHES = Limit(("contract.reading_started",), 5, "refreshed the API reference {} times")


class TooManyRequests(Exception):
    """The user has to wait `wait_seconds`. str() is the message for the page."""

    def __init__(self, wait_seconds: int, sentence: str) -> None:
        super().__init__(sentence)
        self.wait_seconds = wait_seconds


class TooManyRuns(TooManyRequests):
    """The user has reached the limit of runs, re-checks and syncs per minute."""

    def __init__(self, wait_seconds: int) -> None:
        limit = settings.RUNS_PER_MINUTE
        super().__init__(
            wait_seconds,
            f"You started {limit} run{'' if limit == 1 else 's'} in the last minute, which is the limit. "
            f"Try again in {wait_seconds} second{'' if wait_seconds == 1 else 's'}.",
        )


class TooOften(TooManyRequests):
    """The user has reached the limit of this action per minute."""

    def __init__(self, wait_seconds: int, limit: Limit) -> None:
        super().__init__(
            wait_seconds,
            f"You {limit.what.format(limit.most)} in the last minute, which is the limit. "
            f"Try again in {wait_seconds} second{'' if wait_seconds == 1 else 's'}.",
        )


class StillExporting(TooManyRequests):
    """Another export of this user is running."""

    def __init__(self) -> None:
        super().__init__(EXPORT_SECONDS, f"Your previous export isn't finished. Try again in {EXPORT_SECONDS} seconds.")


class StillReading(TooManyRequests):
    """Another text of this user is being parsed."""

    def __init__(self) -> None:
        super().__init__(1, "We're still reading the previous text. Try again in 1 second.")


def enforce_run_limit(person: User) -> None:
    """Raises TooManyRuns. Call it in the transaction that starts the run, re-check or sync: it takes the user's lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [STARTS, person.pk % 2**31])
    now, limit = timezone.now(), settings.RUNS_PER_MINUTE
    recent = {"started_by": person, "created_at__gt": now - MINUTE}
    started = [
        *Run.objects.filter(source__in=COUNTED_SOURCES, **recent)
        .order_by("-created_at")
        .values_list("created_at")[:limit],
        *Watch.objects.filter(**recent).order_by("-created_at").values_list("created_at")[:limit],
        *ConfigurationSync.objects.filter(**recent).order_by("-created_at").values_list("created_at")[:limit],
    ]
    newest = sorted((at for (at,) in started), reverse=True)
    if len(newest) >= limit:
        raise TooManyRuns(max(1, round((newest[limit - 1] + MINUTE - now).total_seconds())))


def enforce_limit(limit: Limit, person: User | None) -> None:
    """Raises TooOften. Call it before writing the audit log entry, in the same transaction.

    `person` is None for actions of the product or the command line, which have no limit.
    """
    if person is None or person.pk is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [STARTS, person.pk % 2**31])
    now = timezone.now()
    recent = AuditEntry.objects.filter(at__gt=now - MINUTE, actor_id=person.pk, action__in=limit.actions)
    newest = list(recent.order_by("-at").values_list("at", flat=True)[: limit.most])
    if len(newest) >= limit.most:
        raise TooOften(max(1, round((newest[-1] + MINUTE - now).total_seconds())), limit)


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
