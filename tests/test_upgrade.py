"""From the tables of earlier releases to those of today: no row is lost, and the old version goes on writing meanwhile."""

from typing import Any
from unittest.mock import ANY

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import IntegrityError, connection, migrations
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.test import Client
from django.utils import timezone

from diagnostics.index_building import BuildIndex
from diagnostics.inputs import Inputs
from diagnostics.models import Exchange, Finding, OAuthClient, Run, User
from diagnostics.services.catching_up import catch_up

APP = "diagnostics"
FIRST, SECOND = "0001_initial", "0006_watch"
LARGE = {"run", "finding", "exchange"}


def migrate(*targets: tuple[str, str | None]) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets) or executor.loader.graph.leaf_nodes())


class Old:
    """Writes as the version of that migration does: it names the columns it knows, and no other."""

    def __init__(self, release: str) -> None:
        self.models = MigrationLoader(connection).project_state((APP, release)).apps

    def make(self, model: str, **values: Any) -> Any:
        return self.models.get_model(APP, model).objects.create(**values)

    def make_run(self, name: str, **values: Any) -> Any:
        user = self.make("User", username=f"user of {name}", password="x", role="admin")
        client = self.make(
            "OAuthClient", name=name, region="us-east-1", client_id="id", secret="kept", created_by=user, org_id="org"
        )
        inputs = {**Inputs().to_json(), "target": {"region": "us-east-1", "client_name": name, "client_id": "id"}}
        run = self.make("Run", client=client, started_by=user, inputs=inputs, **values)
        self.make(
            "Finding", run=run, position=0, check_id="oauth.token", outcome="pass", code="granted", sentence="Yes."
        )
        self.make("Exchange", run=run, position=0, method="GET", url="https://x", ms=1.0, started_at=timezone.now())
        return run


@pytest.mark.parametrize("release", [FIRST, SECOND])
def test_rows_of_an_earlier_release_are_all_there_afterwards(release: str, bare_database: None) -> None:
    migrate((APP, release))
    old = Old(release)
    ended = old.make_run("Ended", status="finished", finished_at=timezone.now(), cause="none", certainty="proved")
    waiting = old.make_run("Waiting", status="queued")
    migrate()
    catch_up()
    client = OAuthClient.objects.get(name="Ended")
    assert (client.secret, client.standing, client.tier) == ("kept", "unknown", "")
    assert Run.objects.get(pk=ended.pk).target
    assert Run.objects.get(pk=waiting.pk).status == Run.Status.QUEUED
    assert (Finding.objects.count(), Exchange.objects.count(), User.objects.count()) == (2, 2, 2)
    browser = Client()
    browser.force_login(User.objects.get(username="user of Ended"))
    assert [browser.get(page).status_code for page in ("/", "/runs/", f"/runs/{ended.pk}/")] == [200, 200, 200]


@pytest.mark.parametrize("release", [FIRST, SECOND])
def test_an_earlier_release_goes_on_writing_to_the_tables_of_today(release: str, bare_database: None) -> None:
    migrate()
    old = Old(release)
    made = old.make_run("Old", status="queued")
    made.status, made.cause, made.finished_at = "finished", "none", timezone.now()
    made.save()
    run = Run.objects.select_related("client", "started_by").get(pk=made.pk)
    assert (run.status, run.marks, run.environment, run.is_remembered) == ("finished", [], {}, False)
    assert (run.client.standing, run.started_by) == ("unknown", ANY)
    assert catch_up() == 1


def test_a_column_without_a_default_in_the_database_would_have_stopped_it(bare_database: None) -> None:
    migrate()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE diagnostics_run ALTER COLUMN target DROP DEFAULT")
    with pytest.raises(IntegrityError):
        Old(SECOND).make_run("Old")


def test_an_index_whose_building_was_broken_off_is_built_again(bare_database: None) -> None:
    migrate((APP, "0018_run_person_time"))
    old = Old("0018_run_person_time")
    old.make_run("One"), old.make_run("Other")
    with connection.cursor() as cursor, pytest.raises(IntegrityError):
        cursor.execute("CREATE UNIQUE INDEX CONCURRENTLY run_of_schedule ON diagnostics_run (status)")
    migrate()
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid, indisunique FROM pg_index WHERE indexrelid = to_regclass('run_of_schedule')")
        assert cursor.fetchone() == (True, False)


def test_an_index_that_is_there_is_not_built_twice(bare_database: None) -> None:
    migrate((APP, "0018_run_person_time"))
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX run_of_schedule ON diagnostics_run (schedule_id, id DESC)")
    migrate()
    assert MigrationExecutor(connection).loader.applied_migrations


def test_no_migration_since_then_holds_up_or_breaks_the_version_before() -> None:
    """Large tables get their indexes while rows are written; what rows need has a default in the database."""
    loader = MigrationLoader(None)
    known = {name for (app, name) in loader.project_state((APP, SECOND)).models if app == APP}
    since = [each for (app, name), each in loader.disk_migrations.items() if app == APP and name > SECOND]
    wrong = [
        f"{migration.name}: {operation.describe()}"
        for migration in since
        for operation in migration.operations
        if getattr(operation, "model_name", getattr(operation, "name", "")).lower() in known and not harmless(operation)
    ]
    assert since
    assert wrong == []


def harmless(operation: migrations.operations.base.Operation) -> bool:
    if isinstance(operation, AddIndexConcurrently):
        return isinstance(operation, BuildIndex)
    if isinstance(operation, migrations.AddIndex):
        return operation.model_name not in LARGE
    if isinstance(operation, migrations.AddField):
        field = operation.field
        waits = operation.model_name in LARGE and (field.unique or getattr(field, "db_index", False))
        return not waits and (field.null or field.has_db_default())
    return isinstance(operation, migrations.AlterField)
