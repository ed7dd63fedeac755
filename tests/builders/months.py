"""Months of runs, as the tick would make them in the course of time."""

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from diagnostics.runs.months import TABLES, Month, close_month, months


def end_month() -> Month:
    """End the open month, which has a run, as the first tick of the next month does. Returns it."""
    *_, newest = months()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # of rows that this transaction, if it is one, has written
    assert close_month(month_after(newest))
    return months()[-2]


def month_after(month: Month) -> datetime:
    return datetime.strptime(month.name, "%Y_%m").replace(tzinfo=UTC) + timedelta(days=40)


@transaction.atomic
def undo_months() -> None:
    """Back to one open month for all runs. Rows of the others are lost."""
    *ended, newest = months()
    with connection.cursor() as cursor:
        for table in TABLES.values():
            cursor.execute(f"TRUNCATE {table}_kept")
            for month in ended:
                cursor.execute(f"DROP TABLE {table}_{month.name}")
            cursor.execute(f"ALTER TABLE {table} DETACH PARTITION {table}_{newest.name}")
            cursor.execute(
                f"ALTER TABLE {table} ATTACH PARTITION {table}_{newest.name} FOR VALUES FROM (MINVALUE) TO (MAXVALUE)"
            )
