"""A database of its own for a measurement, so that no one's rows are touched and none of ours stay."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from django.db import connection


@contextmanager
def own_database(name: str) -> Iterator[None]:
    """Until this ends, every query goes to a new database with our tables; it is dropped afterwards.

    What an earlier measurement of that name left, because it was killed, is dropped first.
    """
    usual = connection.settings_dict["NAME"]
    test: dict[str, object] = connection.settings_dict["TEST"]
    before = test.get("NAME")
    test["NAME"] = f"{usual}_bench_{name}"
    try:
        with redirect_stdout(io.StringIO()):  # one of its steps prints a line whatever its verbosity
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield
        finally:
            connection.creation.destroy_test_db(usual, verbosity=0)
    finally:
        test["NAME"] = before
