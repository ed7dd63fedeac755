"""The state of each part of the installation."""

import contextlib
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.db.models import Count, Q
from django.utils import timezone

from config.migrations import missing_migrations, newest_migration
from diagnostics.jobs.models import RowFailure
from diagnostics.operations.heartbeats import TICK, last_beat
from diagnostics.operations.models import Heartbeat, TickPart
from diagnostics.operations.queries.broker import Broker, broker_state
from diagnostics.orgs.row_limits import is_enforced
from diagnostics.storage.clock import database_now
from diagnostics.web.format import bytes_in_words, count_of, duration_in_words

OK, LATE, BROKEN = "ok", "late", "broken"
WORKER = "worker:"
BEAT = "beat:"
TICK_LATE = timedelta(seconds=60)
PART_FAILURES = 3  # in a row
PART_HANGS_AFTER = timedelta(seconds=15)  # longer than BUDGET_SECONDS and one more row
MAX_SHOWN = 100
SILENT_AFTER = timedelta(seconds=14)  # a worker sends a heartbeat every five seconds
MAX_SKEW_SECONDS = 2.0
NO_ROW_LIMITS = (
    "Connected, but row-level security isn't in force. Create the role that the deployment guide names, then run "
    "manage.py migrate."
)
MIN_FREE_BYTES = 1_000_000_000  # below that the database may soon be unable to write


@dataclass(frozen=True)
class SystemPart:
    """The state of one part of the installation. `sentence` describes it and, if something is wrong, the remedy."""

    key: str
    title: str
    state: str
    sentence: str
    facts: tuple[tuple[str, str], ...] = ()
    failing: tuple[str, ...] = ()  # names of its failing sub-parts

    @property
    def works(self) -> bool:
        return self.state != BROKEN


@dataclass(frozen=True)
class Worker:
    name: str
    at: datetime
    is_silent: bool
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def queues(self) -> list[str]:
        return [str(queue) for queue in self.details.get("queues", [])]

    @property
    def skew_seconds(self) -> float:
        return float(self.details.get("skew_seconds") or 0)

    @property
    def clock(self) -> str:
        is_right = abs(self.skew_seconds) < MAX_SKEW_SECONDS
        return "In sync" if is_right else skew_in_words(self.skew_seconds)


def database_part() -> SystemPart:
    """Runs and times one query. An error is only named: the driver's message has hosts and users, and readiness is public."""
    part = partial(SystemPart, "database", "Database")
    began = time.perf_counter()
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version'), pg_database_size(current_database()), "
                "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), "
                "current_setting('max_connections')"
            )
            version, size, used, most = cursor.fetchone()
        limits_rows = is_enforced()
    except Error as error:
        return part(BROKEN, f"Not responding: {type(error).__name__}.")
    ms = (time.perf_counter() - began) * 1000
    facts = (
        ("Server", f"PostgreSQL {version}, {'embedded' if settings.EMBEDDED_DATABASE else 'your own'}"),
        ("Response time", f"{ms:.1f} ms"),
        ("Size", bytes_in_words(size)),
        ("Connections", f"{used} of {most}"),
    )
    if used > 0.9 * int(most):
        return part(LATE, "Nearly all connections are in use.", facts)
    if not limits_rows:
        return part(LATE, NO_ROW_LIMITS, facts)
    return part(OK, "Connected", facts)


def migrations_part() -> SystemPart:
    part = partial(SystemPart, "migrations", "Schema")
    try:
        missing = missing_migrations()
    except Error as error:
        return part(BROKEN, f"Unknown: the database isn't responding ({type(error).__name__}).")
    if missing:
        sentence = f"{count_of(len(missing), 'migration')} missing. Run: manage.py migrate"
        return part(BROKEN, sentence, (("Missing", ", ".join(missing[:5])),))
    newest = newest_migration("diagnostics")
    return part(OK, "Schema up to date", (("Newest migration", newest),))


def server_major() -> int:
    """For example 18 for PostgreSQL 18.4."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        (number,) = cursor.fetchone()
    return int(number) // 10_000


def clock_part(skews: Mapping[str, float]) -> SystemPart:
    """Due times and leases are compared by the database's clock. The other clocks decide on sign-in codes and logs."""
    part = partial(SystemPart, "clock", "Clocks")
    facts = tuple((name, skew_in_words(seconds)) for name, seconds in skews.items() if abs(seconds) >= MAX_SKEW_SECONDS)
    if facts:
        sentence = (
            "Clocks differ from the database's. Scheduled work isn't affected; sign-in codes and log times are. "
            "Synchronize them, for example with chrony."
        )
        return part(LATE, sentence, facts)
    return part(OK, f"All within {MAX_SKEW_SECONDS:.0f} s of the database's clock")


def skew_in_words(seconds: float) -> str:
    return f"{duration_in_words(timedelta(seconds=abs(seconds)))} {'ahead' if seconds > 0 else 'behind'}"


def clock_skews() -> dict[str, float]:
    """Seconds that each clock is ahead of the database's, by process: this web server, and workers and beats that run."""
    before = timezone.now()
    now = database_now()
    skews = {"web": round((before - now).total_seconds() + (timezone.now() - before).total_seconds() / 2, 2)}
    for each in [*workers(now), *beats(now)]:
        if not each.is_silent:
            skews[each.name] = each.skew_seconds
    return skews


def tick_part(now: datetime | None = None) -> SystemPart:
    """Beat runs the parts of the tick. The scheduler works if all parts do."""
    part = partial(SystemPart, "tick", "Scheduler")
    try:
        now = now or database_now()
        at = last_beat(TICK)
        parts = list(TickPart.objects.all())
    except Error:
        return part(BROKEN, "Unknown: the database isn't responding.")
    failing = failing_parts(parts, now)
    facts = (
        *((("Last tick", f"{duration_in_words(now - at)} ago"),) if at else ()),
        *((f"Part {each.name}", _how_it_fails(each, now)) for each in parts if each.failures or each in failing),
    )
    if failing:
        names = ", ".join(each.name for each in failing)
        sentence = f"Failing: {names}. The other parts still run. Beat's log has the errors."
        return part(BROKEN, sentence, facts, tuple(each.name for each in failing))
    if at is None:
        return part(BROKEN, "Never ran. Start beat.")
    if now - at > TICK_LATE:
        sentence = "Stopped: no scheduled work starts until beat runs."
        return part(BROKEN, sentence, facts)
    if any(each.failures for each in parts):
        return part(LATE, "A part failed and is being retried.", facts)
    return part(OK, "Scheduler running", facts)


def failing_parts(parts: Iterable[TickPart], now: datetime) -> list[TickPart]:
    """Parts that failed several times in a row, or that started long ago and haven't ended."""
    return [
        part
        for part in parts
        if part.failures >= PART_FAILURES or (part.started_at is not None and now - part.started_at > PART_HANGS_AFTER)
    ]


def _how_it_fails(part: TickPart, now: datetime) -> str:
    worked = (
        f"last worked {duration_in_words(now - part.succeeded_at)} ago" if part.succeeded_at else "has never worked"
    )
    if part.failures:
        return f"failed {count_of(part.failures, 'time')} in a row ({part.error}), {worked}"
    return f"hasn't ended since {duration_in_words(now - part.started_at)}, {worked}" if part.started_at else worked


def rows_part(failures: Sequence[RowFailure]) -> SystemPart:
    """Rows that no job processes until an admin retries them."""
    part = partial(SystemPart, "rows", "Items set aside")
    if not failures:
        return part(OK, "None")
    sentence = f"{count_of(len(failures), 'item')} set aside after repeated errors. See below."
    return part(LATE, sentence)


def rows_set_aside() -> list[RowFailure]:
    return list(RowFailure.objects.filter(set_aside_at__isnull=False)[:MAX_SHOWN])


def tick_parts() -> list[TickPart]:
    return list(TickPart.objects.all())


def failures_by_kind() -> dict[str, tuple[int, int]]:
    """By kind: the numbers of rows set aside, and of failed rows that are still retried."""
    aside, trying = Count("id", filter=Q(set_aside_at__isnull=False)), Count("id", filter=Q(set_aside_at=None))
    counted = RowFailure.objects.order_by().values("kind").annotate(aside=aside, trying=trying)
    return {row["kind"]: (row["aside"], row["trying"]) for row in counted}


def broker_part(broker: Broker) -> SystemPart:
    facts = (
        ("Broker", broker.description),
        *((f"Queue {name}", f"{n:,} waiting") for name, n in broker.queues.items()),
    )
    if not broker.answers:
        sentence = f"Not responding: {broker.error}. Runs wait in the database until it does."
        return SystemPart("broker", "Queue", BROKEN, sentence, facts)
    return SystemPart("broker", "Queue", OK, f"Connected ({broker.ms:.0f} ms)", facts)


def workers(now: datetime) -> list[Worker]:
    found = Heartbeat.objects.filter(name__startswith=WORKER).order_by("name")
    return [Worker(row.name.removeprefix(WORKER), row.at, now - row.at > SILENT_AFTER, row.details) for row in found]


def beats(now: datetime) -> list[Worker]:
    found = Heartbeat.objects.filter(name__startswith=BEAT).order_by("name")
    return [Worker(row.name, row.at, now - row.at > SILENT_AFTER, row.details) for row in found]


def workers_part(found: list[Worker]) -> SystemPart:
    """Every queue needs a worker that consumes it."""
    part = partial(SystemPart, "workers", "Workers")
    consumed = {queue for worker in found if not worker.is_silent for queue in worker.queues}
    unconsumed = [queue for queue in settings.QUEUES if queue not in consumed]
    silent = [worker.name for worker in found if worker.is_silent]
    if unconsumed:
        sentence = (
            f"No worker for the queue {' and '.join(unconsumed)}. Start one with --queues {','.join(unconsumed)}."
        )
        return part(BROKEN, sentence)
    if silent:
        return part(LATE, f"No heartbeat for a while: {', '.join(silent)}.")
    return part(OK, "Workers connected")


def disk_part() -> SystemPart:
    """The disk of the data folder. An external database has its own."""
    part = partial(SystemPart, "disk", "Disk")
    try:
        usage = shutil.disk_usage(settings.DATA_DIR)
    except OSError as error:
        return part(LATE, f"The data folder can't be read: {error.strerror}.")
    facts = (
        ("Data folder", str(settings.DATA_DIR)),
        ("Free", f"{bytes_in_words(usage.free)} of {bytes_in_words(usage.total)}"),
    )
    if usage.free < MIN_FREE_BYTES:
        return part(LATE, "Nearly full. Free some space before the database can't write.", facts)
    return part(OK, "Enough free space", facts)


def backup_part(now: datetime) -> SystemPart:
    part = partial(SystemPart, "backup", "Backup")
    beat = Heartbeat.objects.filter(name="backup").first()
    if beat is None:
        return part(LATE, "No backup made with manage.py backup. Other backups aren't known here.")
    facts = (
        ("Last", f"{duration_in_words(now - beat.at)} ago"),
        ("Size", bytes_in_words(int(beat.details.get("bytes", 0)))),
    )
    return part(OK, "Backed up. Keep the encryption keys elsewhere.", facts)


def parts_for_readiness() -> Iterator[SystemPart]:
    """The parts without which requests can't be served or scheduled work doesn't run."""
    yield database_part()
    yield migrations_part()
    yield broker_part(broker_state())
    yield tick_part()
    with contextlib.suppress(Error):  # of the database, which has its own part
        yield clock_part(clock_skews())
