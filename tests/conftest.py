"""The base of every test: a real Postgres for the session, and a real broker on request."""

import time
from collections.abc import Iterator

import pytest

from config.local import broker, child, cluster, data_dir, postgres, sockets


@pytest.fixture(scope="session")
def embedded_postgres() -> Iterator[cluster.Cluster]:
    """The launcher's own Postgres, in the data folder that tests/settings.py made for this session."""
    place = cluster.prepare(data_dir.current())
    process = postgres.start(place)
    if not postgres.wait_until_it_answers(place, process):
        pytest.exit(place.data.log("postgres").read_text())
    yield place
    postgres.stop(process)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(embedded_postgres: cluster.Cluster) -> None:
    """pytest-django's hook before it makes the test database: by then Postgres has to answer."""


@pytest.fixture(scope="session")
def valkey(embedded_postgres: cluster.Cluster) -> Iterator[str]:
    """The address of a real broker on a socket of its own, empty at the session's start."""
    data = embedded_postgres.data
    with open(data.log("broker"), "ab") as log:
        process = child.spawn(broker.argv(data), log=log)
    deadline = time.monotonic() + 20
    while not broker.answers(data):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.exit(data.log("broker").read_text())
        time.sleep(0.02)
    yield f"redis+socket://{sockets.broker_file(data)}"
    process.terminate()
    process.wait(10)
