"""Advisory locks of Postgres, by name."""

from django.db import connection


def lock_until_commit(*names: str) -> None:
    """Wait for the locks and hold them until the transaction ends. They are taken in sorted order to prevent deadlocks."""
    with connection.cursor() as cursor:
        for name in sorted(names):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
