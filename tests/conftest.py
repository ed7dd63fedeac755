"""Fixtures for all tests: a real Postgres for the session, and a real broker on request."""

import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.db import connection, transaction
from django.test import Client, TransactionTestCase
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker, Settings
from xdist.scheduler import LoadScopeScheduling

from config.embedded import broker, child, cluster, data_dir, postgres, sockets
from diagnostics import tasks
from diagnostics.accounts.models import User
from diagnostics.demo import server
from diagnostics.demo.scenarios import scenario
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import OAuthClient
from tests.builders.months import undo_months
from tests.factories import make_team_lead, make_user

TESTS = Path(__file__).parent
BROWSER = "tests/browser/"
DEMO_HISTORY = ("tests/demo/test_seed.py", "tests/demo/test_story.py")  # which take as long to make it as to test it
# The test database need not survive a crash.
FAST_SETTINGS = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
# The files that take longest, so that none of them is the last.
LONGEST = (
    "evaluation/test_cases.py", "faults/test_seeds.py", "config/embedded/test_commands.py",
    "config/embedded/test_up.py", "redaction/test_leaks.py", "config/embedded/test_cluster.py",
    "parsing/test_parse.py", "claims/test_checker.py", "web/test_odd_text.py", "runs/reevaluation/test_verdicts.py",
)  # fmt: skip


# No example fails because the machine is busy.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=300, help="how many seeds tests/faults/test_seeds.py runs")
    parser.addoption("--first-seed", type=int, default=0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {TESTS / file: rank for rank, file in enumerate(LONGEST)}
    items.sort(key=lambda item: (not item.nodeid.startswith(BROWSER), ranks.get(item.path, len(ranks))))


def pytest_collection_finish() -> None:
    """A garbage collection looks through all tests otherwise, and can take the time that the product gives to a text."""
    gc.collect()
    gc.freeze()


class OneProcessPerFile(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """A file stays in one process, because its tests share what is built once. So do two files of the demo, and all of the
    browser.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        if file in DEMO_HISTORY:
            return DEMO_HISTORY[0]
        return BROWSER if file.startswith(BROWSER) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return OneProcessPerFile(config, log)


@pytest.fixture
def no_rate_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo orgs allow as many requests as a test sends that runs every scenario through the database."""
    monkeypatch.setattr("diagnostics.demo.tokens.PER_MINUTE", 100_000)


@pytest.fixture(scope="session")
def embedded_postgres() -> Iterator[cluster.Cluster]:
    """The embedded Postgres, in the data folder that tests/settings.py has created for this session."""
    session_cluster = cluster.prepare(data_dir.current())
    with (session_cluster.files / "postgresql.conf").open("a") as settings_file:
        settings_file.write(FAST_SETTINGS)
    process = postgres.start(session_cluster)
    if not postgres.wait_until_ready(session_cluster, process):
        pytest.exit(session_cluster.data.log("postgres").read_text())
    yield session_cluster
    postgres.stop(process)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(embedded_postgres: cluster.Cluster) -> None:
    """Overrides pytest-django's hook, so that Postgres runs before the test database is created."""


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The database goes with its folder: dropping it would fail if a thread still has a connection."""
    return True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Allows TRUNCATE of the audit log, which some tests need."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE IF EXISTS diagnostics_auditentry DISABLE TRIGGER audit_no_truncate")


@pytest.fixture(scope="session", autouse=True)
def quick_cleanup() -> Iterator[None]:
    """Empty only the tables that have rows after a test with real transactions: truncating all takes ten times as long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: empty_tables())
        yield


def empty_tables() -> None:
    # Content types and permissions are the same after every test. Replica mode skips foreign keys and the guard of the audit log.
    # The names in the SQL are those of the catalog.
    tables = set(connection.introspection.django_table_names(only_existing=True)) - {
        "django_content_type",
        "auth_permission",
    }
    filled = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables)  # noqa: S608
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(filled)
        for (table,) in cursor.fetchall():
            cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608


@pytest.fixture(scope="session")
def valkey(embedded_postgres: cluster.Cluster) -> Iterator[str]:
    """The URL of a real broker, empty at the start of the session."""
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
    """Demo orgs for this test, in the regions `demo-published` and `demo-gateway`."""
    running = server.start()
    settings.GENESYS_ENDPOINTS = running.endpoints
    yield running
    running.stop()


@pytest.fixture
def demo_client(demo: server.Running, db: None) -> OAuthClient:
    """A registered client: the healthy one of the published demo org."""
    name = scenario("healthy-web").client
    client = next(client for client in demo.orgs["published"].orgs[0].clients if client.name == name)
    return create_client(name="Demo", region_key="demo-published", client_id=client.id, secret=client.secret, user=None)


@pytest.fixture
def bare_database(transactional_db: None) -> Iterator[None]:
    """Makes the test use a database without tables."""
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
def one_month(transactional_db: None) -> Iterator[None]:
    """One open month, before the test and after it. Tests in a transaction don't need it."""
    undo_months()
    yield
    undo_months()


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
def sent_tasks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """(task name, primary key) of each task sent, instead of sending it."""
    sent: list[tuple[str, int]] = []

    def record(task: Any, pk: int) -> None:
        sent.append((task.__name__, pk))

    monkeypatch.setattr(tasks, "send", record)
    return sent


@pytest.fixture
def queries_of() -> Callable[[Client, str], int]:
    """Counts the database queries of a GET request."""

    def count(browser: Client, path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(path).status_code == 200
        return len(queries)

    return count


def _signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser
