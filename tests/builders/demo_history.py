"""The demo's clients and history, made once in each process and put back for each test that needs them."""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction

from diagnostics.demo import seed
from diagnostics.demo.server import Running, ensure_running

Columns = tuple[str, str]  # the name of a table, and those of its columns


@dataclass(frozen=True)
class SavedHistory:
    """`rows` are in Postgres's own format, and their orgs are served by `running`."""

    running: Running
    seeded: seed.Seeded
    rows: dict[Columns, bytes]


_saved: list[SavedHistory] = []


def put_demo_history() -> seed.Seeded:
    """Serves the demo orgs, and fills the database as the first start with the demo does. Says what that creates."""
    running = ensure_running()
    settings.GENESYS_ENDPOINTS = {**settings.GENESYS_ENDPOINTS, **running.endpoints}
    if _saved and _saved[0].running is running:
        _put(_saved[0].rows)
    else:
        empty = _tables() - _filled(_tables())
        seeded = seed.seed()
        _saved[:] = [SavedHistory(running, seeded, _rows(_filled(empty)))]
    return _saved[0].seeded


def _tables() -> set[str]:
    return set(connection.introspection.django_table_names(only_existing=True))


def _filled(tables: set[str]) -> set[str]:
    # The names in the SQL of this file are those of the catalog.
    query = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables)  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {table for (table,) in cursor.fetchall()}


def _rows(tables: set[str]) -> dict[Columns, bytes]:
    rows = {}
    with connection.cursor() as cursor:
        for table in tables:
            columns = _stored_columns(table)
            with cursor.copy(f'COPY (SELECT {columns} FROM "{table}") TO STDOUT (FORMAT BINARY)') as copy:  # noqa: S608
                rows[table, columns] = b"".join(bytes(part) for part in copy)
    return rows


def _stored_columns(table: str) -> str:
    """All but those that Postgres computes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
            [table],
        )
        return str(cursor.fetchone()[0])


def _put(rows: dict[Columns, bytes]) -> None:
    """Replica mode skips foreign keys and triggers, whose effects are among the rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for (table, columns), content in rows.items():
            with cursor.copy(f'COPY "{table}" ({columns}) FROM STDIN (FORMAT BINARY)') as copy:
                copy.write(content)
        cursor.execute("SET LOCAL session_replication_role = origin")
