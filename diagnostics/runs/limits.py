"""What one person may use of the server: how often they may start something in a minute, and what is read or made at once.

The same limits hold for pages and for programs. All locks are Postgres advisory locks that end with their transaction or
their connection, so they hold across processes and can't be left behind.
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
BY_A_PERSON = (Run.Source.WEB, Run.Source.API)
SHORT = 20_000  # characters
EXPORT_SECONDS = 10  # after which somebody whose export is being made may ask again
# The first half of the locks' keys; the second is the person.
STARTS, READING, PREVIEW, EXPORTING, UPLOADING = 7_301, 7_302, 7_303, 7_304, 7_305


@dataclass(frozen=True)
class Limit:
    """How often one person may do something in a minute. The audit log, which has a row for each, is what is counted."""

    actions: tuple[str, ...]
    most: int
    what: str  # in the sentence, with the verb: "started 6 exports"


EXPORTS = Limit(("runs.exported", "audit.exported"), 6, "started {} exports")
PACKETS = Limit(("run.handed_out",), 20, "downloaded {} runs")
VERIFICATIONS = Limit(("client.verification_started",), 20, "started {} verifications")
CONTRACT_REFRESHES = Limit(("contract.reading_started",), 5, "refreshed the API reference {} times")


class TooManyRequests(Exception):
    """A person has to wait. str() is the sentence for the screen, `wait_seconds` says for how long."""

    def __init__(self, wait_seconds: int, sentence: str) -> None:
        super().__init__(sentence)
        self.wait_seconds = wait_seconds


class TooManyRuns(TooManyRequests):
    """The person has started as many runs, re-checks and syncs in the last minute as they may."""

    def __init__(self, wait_seconds: int) -> None:
        limit = settings.RUNS_PER_MINUTE
        super().__init__(
            wait_seconds,
            f"You started {limit} run{'' if limit == 1 else 's'} in the last minute, which is the limit. "
            f"Try again in {wait_seconds} second{'' if wait_seconds == 1 else 's'}.",
        )


class TooOften(TooManyRequests):
    """The person has done this as often in the last minute as they may."""

    def __init__(self, wait_seconds: int, limit: Limit) -> None:
        super().__init__(
            wait_seconds,
            f"You {limit.what.format(limit.most)} in the last minute, which is the limit. "
            f"Try again in {wait_seconds} second{'' if wait_seconds == 1 else 's'}.",
        )


class StillExporting(TooManyRequests):
    """An export of this person is being made right now."""

    def __init__(self) -> None:
        super().__init__(EXPORT_SECONDS, f"Your previous export isn't finished. Try again in {EXPORT_SECONDS} seconds.")


class StillReading(TooManyRequests):
    """A text of this person is being read right now."""

    def __init__(self) -> None:
        super().__init__(1, "We're still reading the previous text. Try again in 1 second.")


def leave_room(person: User) -> None:
    """Raises TooManyRuns. Called in the transaction that starts something; others of the same person wait for its end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [STARTS, person.pk % 2**31])
    now, most = timezone.now(), settings.RUNS_PER_MINUTE
    recent = {"started_by": person, "created_at__gt": now - MINUTE}
    started = [
        *Run.objects.filter(source__in=BY_A_PERSON, **recent).order_by("-created_at").values_list("created_at")[:most],
        *Watch.objects.filter(**recent).order_by("-created_at").values_list("created_at")[:most],
        *ConfigurationSync.objects.filter(**recent).order_by("-created_at").values_list("created_at")[:most],
    ]
    newest = sorted((at for (at,) in started), reverse=True)
    if len(newest) >= most:
        raise TooManyRuns(max(1, round((newest[most - 1] + MINUTE - now).total_seconds())))


def leave_room_for(limit: Limit, person: User | None) -> None:
    """Raises TooOften. Called in the transaction that writes the audit log's row, and before it.

    `person` is None for what the product or the command line does, which has no limit.
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
    """Raises StillReading where another large form of this person is arriving, in any process."""
    key = [UPLOADING, person.pk % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        [got] = cursor.fetchone()
    if not got:
        raise StillReading
    try:
        yield
    finally:
        _unlock(key)


def refuse_second_export(person: User) -> None:
    """Raises StillExporting while an export of this person is made, in any process."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [EXPORTING, person.pk % 2**31])
        [got] = cursor.fetchone()
    if not got:
        raise StillExporting


def one_export(person: User, pieces: Iterable[str]) -> Iterator[str]:
    """The same pieces; until the last one is made, the person's other exports are refused."""
    key = [EXPORTING, person.pk % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", key)
    try:
        yield from pieces
    finally:
        _unlock(key)


def _unlock(key: list[int]) -> None:
    with suppress(Error), connection.cursor() as cursor:  # a lost connection has lost its locks
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)


@contextmanager
def reading_one_text(person: User, size: int, lock: int = READING) -> Iterator[None]:
    """Raises StillReading where another text of this person is being read, in any process.

    `size` is the length of the text: short ones take a few milliseconds, and programs may send several at once.
    Everything read inside shares one time budget.
    The live preview has a lock of its own: it must not refuse the form that is sent meanwhile.
    """
    if size <= SHORT:
        with time_budget.limited():
            yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [lock, person.pk % 2**31])
            [got] = cursor.fetchone()
        if not got:
            raise StillReading
        with time_budget.limited():
            yield
