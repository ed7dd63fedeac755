"""The database's clock, which all processes share.

Whatever one process stores for another one to compare (due times, leases, retries, heartbeats) is read from it, because
the clocks of machines differ. `timezone.now()` is for texts and for what only people compare.
"""

from datetime import datetime

from django.db import connection
from django.db.models import DateTimeField, Func

# Within a statement. Unlike `Now()`, it isn't fixed to the start of the transaction.
DATABASE_NOW = Func(function="clock_timestamp", output_field=DateTimeField())


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    return now  # type: ignore[no-any-return]
