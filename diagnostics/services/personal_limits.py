"""What one person may use of the server at a time: runs started in a minute, and texts read at once.

The same limits hold for pages and for programs. All locks are Postgres advisory locks that end with their transaction, so
they hold across processes and can't be left behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from diagnostics import time_budget
from diagnostics.models import Run, Snapshot, User, Watch

MINUTE = timedelta(minutes=1)
BY_A_PERSON = (Run.Source.WEB, Run.Source.API)
SHORT = 20_000  # characters
STARTS, READING, PREVIEW = 7_301, 7_302, 7_303  # the first half of the locks' keys; the second is the person


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
        *Snapshot.objects.filter(**recent).order_by("-created_at").values_list("created_at")[:most],
    ]
    newest = sorted((at for (at,) in started), reverse=True)
    if len(newest) >= most:
        raise TooManyRuns(max(1, round((newest[most - 1] + MINUTE - now).total_seconds())))


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
