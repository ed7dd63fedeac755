"""Reads about the installation itself: does each part of it work, and how much is there to do?"""

import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.db.models import Count, Q
from django.utils import timezone

from config.migrations import missing_migrations, newest_migration
from diagnostics.jobs.models import RowFailure
from diagnostics.operations.models import Heartbeat, TickPart
from diagnostics.operations.queries.broker import Broker, broker_state
from diagnostics.web.format import bytes_in_words, count_of, duration_in_words

OK, LATE, BROKEN = "ok", "late", "broken"
TICK = "tick"
WORKER = "worker:"
TICK_LATE = timedelta(seconds=60)
PART_FAILURES = 3  # in a row
PART_HANGS = timedelta(seconds=15)  # after its own time a part begins no further row, so none takes that long
MOST_SHOWN = 100
WORKER_SILENT = timedelta(seconds=60)
DISK_SHORT = 1_000_000_000  # bytes; below that the database may not be able to write for long


@dataclass(frozen=True)
class SystemPart:
    """One part of the installation. `sentence` says how it is, and what to do where something is wrong."""

    key: str
    title: str
    state: str
    sentence: str
    facts: tuple[tuple[str, str], ...] = ()
    failing: tuple[str, ...] = ()  # what of it fails, by name

    @property
    def works(self) -> bool:
        return self.state != BROKEN


@dataclass(frozen=True)
class Worker:
    name: str
    at: datetime
    is_silent: bool
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def queues(self) -> list[str]:
        return [str(each) for each in self.told.get("queues", [])]


def database_part() -> SystemPart:
    """Asks one question, and takes the time of it."""
    began = time.perf_counter()
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version'), pg_database_size(current_database()), "
                "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), "
                "current_setting('max_connections')"
            )
            version, size, used, most = cursor.fetchone()
    except Error as trouble:
        return SystemPart("database", "Database", BROKEN, f"It does not answer: {_first_line(trouble)}.")
    ms = (time.perf_counter() - began) * 1000
    facts = (
        ("Server", f"PostgreSQL {version}, {'embedded' if settings.EMBEDDED_DATABASE else 'your own'}"),
        ("Answers in", f"{ms:.1f} ms"),
        ("Size", bytes_in_words(size)),
        ("Connections", f"{used} of {most}"),
    )
    if used > 0.9 * int(most):
        return SystemPart("database", "Database", LATE, "Nearly all its connections are taken.", facts)
    return SystemPart("database", "Database", OK, "It answers.", facts)


def migrations_part() -> SystemPart:
    try:
        missing = missing_migrations()
    except Error as trouble:
        return SystemPart(
            "migrations", "Tables", BROKEN, f"Not known, the database does not answer: {_first_line(trouble)}."
        )
    if missing:
        said = f"{len(missing)} migrations of this version are missing. Run: manage.py migrate"
        return SystemPart("migrations", "Tables", BROKEN, said, (("Missing", ", ".join(missing[:5])),))
    newest = newest_migration("diagnostics")
    return SystemPart("migrations", "Tables", OK, "They are those of this version.", (("Newest migration", newest),))


def server_major() -> int:
    """18 for PostgreSQL 18.4."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        (number,) = cursor.fetchone()
    return int(number) // 10_000


def tick_part(now: datetime) -> SystemPart:
    """The scheduler: beat sends the tick, a worker runs its parts. It works while every part does."""
    title = "Scheduler"
    try:
        at = Heartbeat.objects.filter(name=TICK).values_list("at", flat=True).first()
        parts = list(TickPart.objects.all())
    except Error:
        return SystemPart("tick", title, BROKEN, "Unknown: the database doesn't respond.")
    failing = failing_parts(parts, now)
    facts = (
        *((("Last tick", f"{duration_in_words(now - at)} ago"),) if at else ()),
        *((f"Part {each.name}", _how_it_fails(each, now)) for each in parts if each.failures or each in failing),
    )
    if failing:
        names = ", ".join(each.name for each in failing)
        said = f"Failing: {names}. The other parts still run. The workers' logs have the errors."
        return SystemPart("tick", title, BROKEN, said, facts, tuple(each.name for each in failing))
    if at is None:
        return SystemPart("tick", title, BROKEN, "It has never run. Start beat and a worker.")
    if now - at > TICK_LATE:
        said = "It has stopped: no scheduled work starts until beat and a worker run again."
        return SystemPart("tick", title, BROKEN, said, facts)
    if any(each.failures for each in parts):
        return SystemPart("tick", title, LATE, "A part has failed and is tried again.", facts)
    return SystemPart("tick", title, OK, "Scheduled work is running.", facts)


def failing_parts(parts: Iterable[TickPart], now: datetime) -> list[TickPart]:
    """Those that failed several times in a row, or that were started long ago and haven't ended."""
    return [
        each
        for each in parts
        if each.failures >= PART_FAILURES or (each.started_at is not None and now - each.started_at > PART_HANGS)
    ]


def _how_it_fails(part: TickPart, now: datetime) -> str:
    worked = (
        f"last worked {duration_in_words(now - part.succeeded_at)} ago" if part.succeeded_at else "has never worked"
    )
    if part.failures:
        return f"failed {count_of(part.failures, 'time')} in a row ({part.error}), {worked}"
    return f"hasn't ended since {duration_in_words(now - part.started_at)}, {worked}" if part.started_at else worked


def rows_part(failures: Sequence[RowFailure]) -> SystemPart:
    """Rows that no job touches any more until somebody retries them."""
    title = "Items set aside"
    if not failures:
        return SystemPart("rows", title, OK, "None.")
    said = (
        f"{len(failures)} item{' was' if len(failures) == 1 else 's were'} set aside after repeated errors. See below."
    )
    return SystemPart("rows", title, LATE, said)


def rows_set_aside() -> list[RowFailure]:
    return list(RowFailure.objects.filter(set_aside_at__isnull=False)[:MOST_SHOWN])


def tick_parts() -> list[TickPart]:
    return list(TickPart.objects.all())


def failures_by_kind() -> dict[str, tuple[int, int]]:
    """Of each kind how many rows are set aside, and how many have failed and are still tried."""
    aside, trying = Count("id", filter=Q(set_aside_at__isnull=False)), Count("id", filter=Q(set_aside_at=None))
    counted = RowFailure.objects.order_by().values("kind").annotate(aside=aside, trying=trying)
    return {each["kind"]: (each["aside"], each["trying"]) for each in counted}


def broker_part(broker: Broker) -> SystemPart:
    facts = (("Broker", broker.words), *((f"Queue {name}", _waiting(n)) for name, n in broker.queues.items()))
    if not broker.answers:
        said = f"It does not answer: {broker.trouble}. Runs wait in the database until it does."
        return SystemPart("broker", "Queue", BROKEN, said, facts)
    return SystemPart("broker", "Queue", OK, f"It answers in {broker.ms:.0f} ms.", facts)


def workers(now: datetime) -> list[Worker]:
    beats = Heartbeat.objects.filter(name__startswith=WORKER).order_by("name")
    return [Worker(each.name.removeprefix(WORKER), each.at, now - each.at > WORKER_SILENT, each.told) for each in beats]


def workers_part(found: list[Worker]) -> SystemPart:
    """Every queue of ours needs somebody who listens to it."""
    heard = {queue for worker in found if not worker.is_silent for queue in worker.queues}
    unheard = [queue for queue in settings.QUEUES if queue not in heard]
    silent = [worker.name for worker in found if worker.is_silent]
    if unheard:
        said = f"Nobody works on the queue {' and '.join(unheard)}. Start a worker with --queues {','.join(unheard)}."
        return SystemPart("workers", "Workers", BROKEN, said)
    if silent:
        return SystemPart("workers", "Workers", LATE, f"Not heard of for a while: {', '.join(silent)}.")
    return SystemPart("workers", "Workers", OK, "Each queue is worked on.")


def disk_part() -> SystemPart:
    """Where our data folder lies; a database of its own server has its own disk."""
    try:
        usage = shutil.disk_usage(settings.DATA_DIR)
    except OSError as trouble:
        return SystemPart("disk", "Disk", LATE, f"The data folder cannot be looked at: {trouble.strerror}.")
    facts = (
        ("Data folder", str(settings.DATA_DIR)),
        ("Free", f"{bytes_in_words(usage.free)} of {bytes_in_words(usage.total)}"),
    )
    if usage.free < DISK_SHORT:
        return SystemPart("disk", "Disk", LATE, "It is nearly full. Make room before the database cannot write.", facts)
    return SystemPart("disk", "Disk", OK, "There is room.", facts)


def backup_part(now: datetime) -> SystemPart:
    title = "Backup"
    beat = Heartbeat.objects.filter(name="backup").first()
    if beat is None:
        return SystemPart(
            "backup", title, LATE, "None was made with manage.py backup. Another way of making one is not seen."
        )
    facts = (
        ("Last", f"{duration_in_words(now - beat.at)} ago"),
        ("Size", bytes_in_words(int(beat.told.get("bytes", 0)))),
    )
    return SystemPart("backup", title, OK, "The database was written to a file; its keys have to be kept apart.", facts)


def parts_for_readiness() -> Iterator[SystemPart]:
    """What has to work so that somebody can be served, and what runs by itself runs."""
    yield database_part()
    yield migrations_part()
    yield broker_part(broker_state())
    yield tick_part(timezone.now())


def _waiting(number: int) -> str:
    return f"{number:,} waiting" if number else "nothing waits"


def _first_line(trouble: Exception) -> str:
    """Without what a driver adds of hosts and users: the page is for admins, the readiness for everybody."""
    return type(trouble).__name__
