"""What a migration may do: nothing that would stop or break the version before, which goes on writing meanwhile."""

from typing import Any

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.core.management import CommandError, call_command
from django.core.management.color import no_style
from django.db import IntegrityError, connection, migrations, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import StateApps
from django.test import Client
from django.utils import timezone

from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Exchange, Finding, Run
from tests.builders.months import end_month
from tests.factories import SECRET, make_finding, make_user, make_verdict

APP = "diagnostics"
FIRST = "0005_partitions"  # the last migration of the first release
SENTENCE = "This path is unknown to that release."
PARTITIONED = {"finding", "exchange"}
LARGE = {"run", *PARTITIONED}


def test_no_migration_since_the_first_release_stops_or_breaks_the_version_before() -> None:
    """Large tables get their indexes while rows are written; what rows need has a default in the database."""
    loader = MigrationLoader(None)
    known = {name for (app, name) in loader.project_state((APP, FIRST)).models if app == APP}
    since = [each for (app, name), each in loader.disk_migrations.items() if app == APP and name > FIRST]
    wrong = [
        f"{migration.name}: {operation.describe()}"
        for migration in since
        for operation in migration.operations
        if getattr(operation, "model_name", getattr(operation, "name", "")).lower() in known and not harmless(operation)
    ]
    assert wrong == []


def harmless(operation: Operation) -> bool:
    if isinstance(operation, AddIndexConcurrently):  # Postgres refuses it for a table with partitions
        return operation.model_name not in PARTITIONED
    if isinstance(operation, migrations.AddIndex):
        return operation.model_name not in LARGE
    if isinstance(operation, migrations.AddField):
        field = operation.field
        waits = operation.model_name in LARGE and (field.unique or getattr(field, "db_index", False))
        return not waits and (field.null or field.has_db_default())
    return isinstance(operation, migrations.AlterField)


def test_tables_of_a_development_version_are_refused_in_words(bare_database: None) -> None:
    call_command("migrate", APP, "0001_initial", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE diagnostics_run (id bigint)")
    with pytest.raises(CommandError, match=r"before 0\.1\.0"):
        call_command("migrate", APP, verbosity=0)


INDEX = models.Index(fields=["status"], name="run_status")


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (migrations.AddIndex("run", INDEX), False),
        (AddIndexConcurrently("run", INDEX), True),
        (AddIndexConcurrently("finding", INDEX), False),
        (migrations.AddIndex("schedule", INDEX), True),
        (migrations.AddField("run", "extra", models.TextField()), False),
        (migrations.AddField("run", "extra", models.TextField(null=True)), True),
        (migrations.AddField("run", "extra", models.TextField(db_default="")), True),
        (migrations.AddField("run", "extra", models.TextField(db_default="", unique=True)), False),
        (migrations.RemoveField("run", "status"), False),
    ],
)
def test_an_operation_is_judged_by_what_the_version_before_would_notice(operation: Operation, expected: bool) -> None:
    assert harmless(operation) is expected


def test_data_of_the_first_release_stays_readable_while_it_still_writes(bare_database: None) -> None:
    """The rows are written by the models of that release, which its migrations still describe."""
    call_command("migrate", APP, FIRST, verbosity=0)
    old = MigrationLoader(connection).project_state((APP, FIRST)).apps
    client = old.get_model(APP, "OAuthClient").objects.create(
        name="Acme support", region="eu-west-1", client_id="0b9d6a3e-52c1-4c8f-9a55-5a3f0d3c7b21", secret=SECRET
    )
    early = write_run(old, client)

    call_command("migrate", verbosity=0)
    late = write_run(old, client)

    assert OAuthClient.objects.get(pk=client.pk).secret == SECRET
    browser = Client()
    browser.force_login(make_user("ada"))
    for run in (early, late):
        page = browser.get(f"/runs/{run}/")
        assert (page.status_code, SENTENCE in page.content.decode()) == (200, True)


def test_findings_move_into_partitions_and_back(bare_database: None) -> None:
    """The table of 0002, with rows, becomes the first partition; later months are put together again."""
    call_command("migrate", APP, "0004_row_level_security", verbosity=0)
    old = MigrationLoader(connection).project_state((APP, "0004_row_level_security")).apps
    client = old.get_model(APP, "OAuthClient").objects.create(name="Acme", region="eu-west-1", secret=SECRET)
    write_run(old, client)
    before, row = keys(), Finding.objects.values().get()

    call_command("migrate", APP, "0005_partitions", verbosity=0)
    assert Finding.objects.values().get() == row
    assert {name: key for name, key in keys().items() if not name.endswith("pkey")} == {
        name: key for name, key in before.items() if not name.endswith("pkey")
    }
    end_month()
    run = write_run(old, client)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Finding, Exchange]):
            cursor.execute(statement)
    assert Finding.objects.get(run=run).pk == row["id"] + 1
    with pytest.raises(IntegrityError), transaction.atomic():
        make_finding(Run.objects.get(pk=run), "request.path")
    call_command("makemigrations", check=True, verbosity=0)

    call_command("migrate", APP, "0004_row_level_security", verbosity=0)
    assert keys() == before
    write_run(old, client)
    assert Finding.objects.order_by("id").values_list("run_id", flat=True)[1] == run
    assert Finding.objects.count() == 3
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_policies WHERE tablename IN ('diagnostics_finding', 'diagnostics_exchange')"
        )
        assert cursor.fetchone() == (2,)


def keys() -> dict[str, str]:
    """The keys and indexes of the two tables, by name."""
    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        for model in (Finding, Exchange):
            found |= connection.introspection.get_constraints(cursor, model._meta.db_table)
    return {name: str(sorted(key.items(), key=str)) for name, key in found.items() if "not_null" not in name}


def write_run(old: StateApps, client: Any) -> int:
    """A finished run with one finding, written like that release writes it."""
    now = timezone.now()
    run = old.get_model(APP, "Run").objects.create(
        client=client,
        status="finished",
        cause="path.not_in_api",
        certainty="proved",
        verdict=make_verdict(sentence=SENTENCE),
        planned=["request.path"],
        started_at=now,
        finished_at=now,
    )
    old.get_model(APP, "Finding").objects.create(
        run=run, check_id="request.path", outcome="fail", position=0, code="not_in_contract", sentence=SENTENCE
    )
    return int(run.pk)
