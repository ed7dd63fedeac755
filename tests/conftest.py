"""The base of every test: a real Postgres for the session, and a real broker on request."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker, Settings

from config.embedded import broker, child, cluster, data_dir, postgres, sockets
from diagnostics import tasks
from diagnostics.accounts.models import User
from diagnostics.demo import server
from diagnostics.demo.scenarios import scenario
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import OAuthClient
from tests.factories import make_team_lead, make_user

# These tables need not survive a crash of the machine, and every test that commits empties all of them.
SHORT_LIVED = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


@pytest.fixture(scope="session")
def embedded_postgres() -> Iterator[cluster.Cluster]:
    """The launcher's own Postgres, in the data folder that tests/settings.py made for this session."""
    place = cluster.prepare(data_dir.current())
    with (place.files / "postgresql.conf").open("a") as settings_file:
        settings_file.write(SHORT_LIVED)
    process = postgres.start(place)
    if not postgres.wait_until_ready(place, process):
        pytest.exit(place.data.log("postgres").read_text())
    yield place
    postgres.stop(process)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(embedded_postgres: cluster.Cluster) -> None:
    """pytest-django's hook before it makes the test database: by then Postgres has to answer."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Tests empty all tables after themselves, which the audit log would refuse; test_audit puts the guard back."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE IF EXISTS diagnostics_auditentry DISABLE TRIGGER audit_no_truncate")


@pytest.fixture(scope="session")
def valkey(embedded_postgres: cluster.Cluster) -> Iterator[str]:
    """The address of a real broker on a socket of its own, empty at the session's start."""
    data = embedded_postgres.data
    with open(data.log("broker"), "ab") as log:
        process = child.spawn(broker.argv(data), log=log)
    deadline = time.monotonic() + 20
    while not broker.is_ready(data):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.exit(data.log("broker").read_text())
        time.sleep(0.02)
    yield f"redis+socket://{sockets.broker_file(data)}"
    process.terminate()
    process.wait(10)


@pytest.fixture
def demo(settings: Settings) -> Iterator[server.Running]:
    """Demo orgs of this test alone, behind the regions `demo-published` and `demo-gateway`."""
    running = server.start()
    settings.GENESYS_ENDPOINTS = running.endpoints
    yield running
    running.stop()


@pytest.fixture
def demo_client(demo: server.Running, db: None) -> OAuthClient:
    """The published demo org's healthy client, registered."""
    known = next(each for each in demo.orgs["published"].orgs[0].clients if each.name == scenario("healthy-web").client)
    return create_client(name="Demo", region_key="demo-published", client_id=known.id, secret=known.secret, user=None)


@pytest.fixture
def bare_database(transactional_db: None) -> Iterator[None]:
    """An empty database without any table, to which every query of the test goes while it lasts."""
    usual, bare = connection.settings_dict["NAME"], "cobrowse_doctor_bare"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {bare}")
        cursor.execute(f"CREATE DATABASE {bare}")
    connection.close()
    connection.settings_dict["NAME"] = bare
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {bare}")


@pytest.fixture
def ada(db: None) -> User:
    return make_user("ada")


@pytest.fixture
def tess(db: None) -> User:
    return make_team_lead("tess")


@pytest.fixture
def as_admin(ada: User) -> Client:
    return _signed_in(ada)


@pytest.fixture
def as_lead(tess: User) -> Client:
    return _signed_in(tess)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """(task, row) for each message that would have been sent."""
    messages: list[tuple[str, int]] = []

    def remember(task: Any, pk: int) -> None:
        messages.append((task.__name__, pk))

    monkeypatch.setattr(tasks, "send", remember)
    return messages


@pytest.fixture
def queries_of() -> Callable[[Client, str], int]:
    """How often a page asks the database."""

    def count(browser: Client, place: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(place).status_code == 200
        return len(asked)

    return count


def _signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser
