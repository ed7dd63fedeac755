"""What a migration may do: nothing that would stop or break the version before, which goes on writing meanwhile."""

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.core.management import CommandError, call_command
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder

APP = "diagnostics"
FIRST = "0002_audit_guard_and_cache"  # the last migration of the first release
LARGE = {"run", "finding", "exchange"}


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
    if isinstance(operation, AddIndexConcurrently):
        return True
    if isinstance(operation, migrations.AddIndex):
        return operation.model_name not in LARGE
    if isinstance(operation, migrations.AddField):
        field = operation.field
        waits = operation.model_name in LARGE and (field.unique or getattr(field, "db_index", False))
        return not waits and (field.null or field.has_db_default())
    return isinstance(operation, migrations.AlterField)


def test_tables_of_a_development_version_are_refused_in_words(bare_database: None) -> None:
    call_command("migrate", "auth", verbosity=0)
    MigrationRecorder(connection).record_applied(APP, "0001_initial")
    with pytest.raises(CommandError, match=r"before 0\.1\.0"):
        call_command("migrate", APP, verbosity=0)


INDEX = models.Index(fields=["status"], name="run_status")


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (migrations.AddIndex("run", INDEX), False),
        (AddIndexConcurrently("run", INDEX), True),
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
