"""Findings and requests of each month of runs are a partition of their tables, so that old ones are dropped at once.

A partition has the rows of the runs from one ID up to another. The newest one is open: it has no end until its month is
over. A default partition has the rows of runs that outlive their month, because they are kept forever. See
decisions/growth.md.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from diagnostics.jobs.row_failures import is_busy
from diagnostics.runs.models import CLOSED, Exchange, Finding, Run
from diagnostics.storage.clock import database_now
from diagnostics.storage.locks import lock_until_commit

log = logging.getLogger(__name__)

HAS_FINDINGS = Exists(Finding.objects.filter(run_id=OuterRef("pk")))
TABLES = {"findings": Finding._meta.db_table, "requests": Exchange._meta.db_table}
RUNS = Run._meta.db_table
LOCK = "months of runs"
# Everything that reads these tables queues behind a lock that waits. It's shorter than Postgres' deadlock_timeout of 1 s,
# so that in a deadlock it is we who give up.
LOCK_TIMEOUT = "200ms"
MONTHS = """
SELECT right(relname, 7), coalesce(substring(bounds FROM 'FROM \\(''?(\\d+)')::bigint, 0),
    substring(bounds FROM 'TO \\(''?(\\d+)')::bigint
FROM (SELECT relname, pg_get_expr(relpartbound, oid) AS bounds FROM pg_class JOIN pg_inherits ON inhrelid = oid
    WHERE inhparent = to_regclass(%s)) partitions
WHERE bounds <> 'DEFAULT' ORDER BY 2
"""
NEXT_RUN = f"""
SELECT 1 + greatest(pg_sequence_last_value(pg_get_serial_sequence('{RUNS}', 'id')::regclass), max(id), 0) FROM {RUNS}
"""  # noqa: S608 - constants


@dataclass(frozen=True)
class Month:
    """The runs from `first` to before `end`, None if it is open. `name` is the month it was opened in, such as 2026_11."""

    name: str
    first: int
    end: int | None

    def runs(self) -> QuerySet[Run]:
        runs = Run.objects.filter(pk__gte=self.first)
        return runs if self.end is None else runs.filter(pk__lt=self.end)


def months() -> list[Month]:
    """Oldest first; the last one is open."""
    with connection.cursor() as cursor:
        cursor.execute(MONTHS, [Finding._meta.db_table])
        return [Month(*row) for row in cursor.fetchall()]


def first_run_of_months() -> int:
    """The months of the runs before this ID were dropped."""
    return months()[0].first


def close_month(now: datetime | None = None) -> bool:
    """End the open month once it is over. False if it isn't, or if its tables are in use: a later tick tries again."""
    name = f"{timezone.localtime(now or database_now()):%Y_%m}"
    if not _is_over(name):
        return False
    try:
        with transaction.atomic():
            _lock_months()
            if not _is_over(name):  # another tick was faster
                return False
            _lock_tables(RUNS, *TABLES.values())
            with connection.cursor() as cursor:
                cursor.execute(NEXT_RUN)
                (end,) = cursor.fetchone()
            end_open_month(end, name)
    except DatabaseError as error:
        if not is_busy(error):
            raise
        log.info("the month before %s can't end yet, its tables are in use", name)
        return False
    log.info("runs from %s on belong to %s", end, name)
    return True


def _is_over(name: str) -> bool:
    *_, newest = months()
    return newest.name < name and newest.runs().exists()


def end_open_month(end: int, name: str) -> None:
    """End the open month before the run `end`, and open the month `name`. Postgres then reads all rows of the old one."""
    *_, newest = months()
    first = newest.first or "MINVALUE"
    with connection.cursor() as cursor:
        for table in TABLES.values():
            old, new = f"{table}_{newest.name}", f"{table}_{name}"
            cursor.execute(f"ALTER TABLE {table} DETACH PARTITION {old}")
            cursor.execute(f"ALTER TABLE {table} ATTACH PARTITION {old} FOR VALUES FROM ({first}) TO ({end})")
            cursor.execute(f"CREATE TABLE {new} PARTITION OF {table} FOR VALUES FROM ({end}) TO (MAXVALUE)")
            cursor.execute(f"ALTER TABLE {new} ENABLE ROW LEVEL SECURITY")


def expired_months(cutoff: datetime) -> list[Month]:
    """The months before the first one whose newest run isn't older. The open one never expires."""
    expired = []
    for month in months()[:-1]:
        newest = month.runs().order_by("-pk").values_list("created_at", flat=True).first()
        if newest is not None and newest >= cutoff:
            break
        expired.append(month)
    return expired


def first_run_that_stays(cutoff: datetime) -> int:
    """The first run of the months that aren't expired."""
    return months()[len(expired_months(cutoff))].first


@transaction.atomic
def drop_month(month: Month, cutoff: datetime) -> dict[str, int]:
    """Drop its findings and requests, after moving those of runs that stay. Returns the numbers of dropped rows by noun.

    Raises DatabaseError, for which `is_busy` is true, if the tables are in use.
    """
    _lock_months()
    if month not in months():
        return {}
    dropped: dict[str, int] = {}
    with connection.cursor() as cursor:
        for noun, table in TABLES.items():
            cursor.execute(f"SELECT count(*) FROM {table}_{month.name}")  # noqa: S608
            (dropped[noun],) = cursor.fetchone()
    _lock_tables(*TABLES.values())
    stays = Q(pinned_at__isnull=False) | ~Q(status__in=CLOSED) | Q(created_at__gte=cutoff)
    staying = list(month.runs().filter(stays).order_by().values_list("pk", flat=True))
    with connection.cursor() as cursor:
        for noun, table in TABLES.items():
            partition, moved = f"{table}_{month.name}", f"{table}_moved"
            # Detaching the partition first would lock the table of runs too.
            cursor.execute(
                f"CREATE UNLOGGED TABLE {moved} AS SELECT * FROM {partition} WHERE run_id = ANY(%s)",  # noqa: S608
                [staying],
            )
            cursor.execute(f"DROP TABLE {partition}")
            cursor.execute(f"INSERT INTO {table} SELECT * FROM {moved}")  # noqa: S608
            dropped[noun] -= cursor.rowcount
            cursor.execute(f"DROP TABLE {moved}")
    return {noun: count for noun, count in dropped.items() if count}


def runs_without_findings() -> QuerySet[Run]:
    """Runs of dropped months that remain to be deleted themselves."""
    first = first_run_of_months()
    findings = Finding.objects.filter(run_id__lt=first, run_id=OuterRef("pk"))
    return Run.objects.filter(~Exists(findings), pk__lt=first, pinned_at=None, status__in=CLOSED)


def has_lost_findings(run: Run) -> bool:
    """Whether its month was dropped, so that it will be deleted. It isn't dropped before the caller's transaction ends."""
    if run.is_open or run.pinned_at or run.findings.exists():  # reading the table locks it for `drop_month`
        return False
    return run.pk < first_run_of_months()


def _lock_months() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    lock_until_commit(LOCK)


def _lock_tables(*tables: str) -> None:
    """Nobody else reads or writes them until the transaction ends. Raises DatabaseError after LOCK_TIMEOUT."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE")
