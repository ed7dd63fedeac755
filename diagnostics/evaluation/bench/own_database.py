"""A temporary database for a measurement."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from django.db import connection

from diagnostics.orgs.row_limits import limited_role


@contextmanager
def own_database(name: str) -> Iterator[None]:
    """Redirects all queries to a new database with our tables, which is dropped at the end.

    A database left over from a killed measurement of the same name is dropped first.
    """
    usual = connection.settings_dict["NAME"]
    test: dict[str, object] = connection.settings_dict["TEST"]
    before = test.get("NAME")
    test["NAME"] = f"{usual}_bench_{name}"
    try:
        with redirect_stdout(io.StringIO()):  # one step prints a line even with verbosity=0
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        role = limited_role()
        try:
            yield
        finally:
            connection.creation.destroy_test_db(usual, verbosity=0)
            with connection.cursor() as cursor:
                cursor.execute(f"DROP ROLE IF EXISTS {connection.ops.quote_name(role)}")
    finally:
        test["NAME"] = before
