"""Backup and restore of a real database: complete, and without loss after an error."""

import stat
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.conf import settings as settings_in_force
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from config.embedded import dumps
from diagnostics.accounts.models import AuditEntry, User
from diagnostics.management.commands.restore import tables_with_rows
from diagnostics.operations.models import Heartbeat
from diagnostics.operations.queries.system import server_major
from diagnostics.operations.sealed_files import BLOCK, key_id, seal
from diagnostics.orgs.models import AccessToken, OAuthClient
from diagnostics.runs.models import Finding, Run
from diagnostics.runs.months import months
from tests.builders.months import end_month
from tests.factories import make_client, make_finding, make_run, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "doctor.backup"


@pytest.fixture
def backed_up(file: Path) -> Path:
    """A backup of a database with rows of every kind."""
    with connection.cursor() as cursor:  # threads of earlier tests may have left connections open
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    client = make_client(name="Larkspur", secret="the secret of Larkspur")
    make_finding(make_run(client))
    AccessToken.objects.create(client=client, value="a token", until=timezone.now())
    browser = Client()
    browser.force_login(make_user("ada"))
    assert Session.objects.exists()
    output("backup", str(file))
    return file


@pytest.fixture
def empty(backed_up: Path, bare_database: None) -> Path:
    """Switches to a database without tables."""
    return backed_up


def output(*words: str, **options: Any) -> str:
    stream = StringIO()
    call_command(*words, stdout=stream, **options)
    return stream.getvalue()


def test_all_rows_are_restored(empty: Path) -> None:
    output("restore", str(empty))
    client = OAuthClient.objects.get()
    assert (client.name, client.secret) == ("Larkspur", "the secret of Larkspur")
    assert (Run.objects.count(), Finding.objects.count(), User.objects.count()) == (1, 1, 1)
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True))[-1] == "backup.restored"


def test_a_restored_database_works(empty: Path) -> None:
    output("restore", str(empty))
    newer = make_run(OAuthClient.objects.get())
    assert newer.pk > Run.objects.earliest("id").pk
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("UPDATE diagnostics_auditentry SET actor = 'somebody else'")
    browser = Client()
    browser.force_login(User.objects.get())
    assert browser.get("/runs/").status_code == 200


def test_a_backup_has_no_sessions_or_tokens_and_is_private(empty: Path) -> None:
    output("restore", str(empty))
    assert not Session.objects.exists()
    assert not AccessToken.objects.exists()
    assert stat.S_IMODE(empty.stat().st_mode) == 0o600
    assert b"the secret of Larkspur" not in empty.read_bytes()


def test_a_backup_names_the_location_of_the_keys_and_is_recorded(backed_up: Path) -> None:
    assert "FIELD_ENCRYPTION_KEYS" in output("backup", str(backed_up), overwrite=True)
    assert Heartbeat.objects.get(name="backup").details["bytes"] == backed_up.stat().st_size


def test_an_existing_file_is_overwritten_only_with_overwrite(backed_up: Path) -> None:
    before = backed_up.read_bytes()
    with pytest.raises(CommandError, match="--overwrite"):
        output("backup", str(backed_up))
    assert backed_up.read_bytes() == before


def test_a_backup_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No backup was made"):
        output("backup", str(tmp_path / "missing" / "doctor.backup"))
    assert list(tmp_path.iterdir()) == []


def test_a_database_with_rows_is_not_replaced(backed_up: Path) -> None:
    make_client(name="Newer")
    with pytest.raises(CommandError, match="--replace"):
        output("restore", str(backed_up))
    assert OAuthClient.objects.count() == 2


def test_a_database_with_rows_is_replaced_with_replace(backed_up: Path) -> None:
    make_client(name="Newer")
    output("restore", str(backed_up), replace=True)
    assert [client.name for client in OAuthClient.objects.all()] == ["Larkspur"]


def test_months_are_restored_as_they_were(one_month: None, backed_up: Path, file: Path) -> None:
    ended = end_month()
    late = make_run(OAuthClient.objects.get())
    make_finding(late)
    output("backup", str(file), overwrite=True)
    end_month()  # a partition that the backup doesn't have
    output("restore", str(file), replace=True)
    first, newest = months()
    assert (first.name, first.end, newest.end) == (ended.name, late.pk, None)
    assert Finding.objects.count() == 2
    assert make_finding(make_run(OAuthClient.objects.get())).pk > late.findings.get().pk
    assert end_month().first == late.pk


def test_a_new_installation_counts_as_empty(bare_database: None) -> None:
    call_command("migrate", verbosity=0)
    assert tables_with_rows() == []


def test_a_database_in_use_is_not_replaced(backed_up: Path) -> None:
    database = dumps.Database.of(connection.settings_dict)
    with (
        psycopg.connect(database.conninfo, password=database.password),
        pytest.raises(CommandError, match="connections"),
    ):
        output("restore", str(backed_up), replace=True)
    assert OAuthClient.objects.get().name == "Larkspur"


def cut(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * 2 // 3])


def overwrite(file: Path) -> None:
    file.write_bytes(b"\x00 no backup at all" * 100)


@pytest.mark.parametrize("spoil", [cut, overwrite, Path.unlink])
def test_a_damaged_file_changes_nothing(backed_up: Path, spoil: Callable[[Path], None]) -> None:
    make_client(name="Newer")
    spoil(backed_up)
    with pytest.raises(CommandError):
        output("restore", str(backed_up), replace=True)
    assert OAuthClient.objects.count() == 2


def test_a_backup_of_something_else_is_refused(file: Path, bare_database: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE something (id int)")
    server = dumps.programs_for(server_major())
    dumps.dump(server, dumps.Database.of(connection.settings_dict), file, [], seal_it)
    with pytest.raises(CommandError, match="isn't a backup of"):
        output("restore", str(file))


def test_a_backup_of_a_newer_version_is_refused(file: Path) -> None:
    MigrationRecorder(connection).record_applied("diagnostics", "9999_what_comes_later")
    try:
        output("backup", str(file))
        with pytest.raises(CommandError, match="9999_what_comes_later"):
            output("restore", str(file), replace=True)
    finally:
        MigrationRecorder(connection).record_unapplied("diagnostics", "9999_what_comes_later")


def test_a_backup_of_an_earlier_version_is_migrated(file: Path, bare_database: None) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([("diagnostics", "0002_tables")])
    old = executor.loader.project_state(("diagnostics", "0002_tables")).apps
    client = old.get_model("diagnostics", "OAuthClient").objects.create(name="Old", region="us-east-1", secret="kept")
    old.get_model("diagnostics", "Run").objects.create(client=client)
    output("backup", str(file))
    assert "migrations" in output("restore", str(file), replace=True)
    assert (OAuthClient.objects.get().secret, Run.objects.get().search_keys) == ("kept", [])


def seal_it(file: Path) -> None:
    seal(file, settings_in_force.FIELD_ENCRYPTION_KEYS[0])


def change(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


FAULTS: dict[str, Callable[[Path], object]] = {
    "one bit in the middle": lambda file: change(file, file.stat().st_size // 2),
    "one bit in the first byte": lambda file: change(file, 0),
    "one bit of the code": lambda file: change(file, -1),
    "one bit of the key's id": lambda file: change(file, -35),
    "the last byte is missing": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "half is missing": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "a byte is missing within": lambda file: file.write_bytes(file.read_bytes()[:500] + file.read_bytes()[501:]),
    "something is added": lambda file: file.write_bytes(file.read_bytes() + b"more"),
    "empty": lambda file: file.write_bytes(b""),
    "something else": lambda file: file.write_bytes(b"PGDMP" + b"x" * 1000),
    "without its code": lambda file: file.write_bytes(file.read_bytes()[:-BLOCK]),
}


def test_a_modified_file_changes_nothing(backed_up: Path) -> None:
    make_client(name="Newer")
    whole = backed_up.read_bytes()
    for fault, damage in FAULTS.items():
        backed_up.write_bytes(whole)
        damage(backed_up)
        with pytest.raises(CommandError, match="Nothing changed") as reported:
            output("restore", str(backed_up), replace=True)
        assert reported.value.returncode == 3, fault
        assert OAuthClient.objects.count() == 2, fault
    assert not AuditEntry.objects.filter(action="backup.restored").exists()


def test_a_file_without_authentication_code_needs_unverified(empty: Path) -> None:
    empty.write_bytes(empty.read_bytes()[:-BLOCK])
    output("restore", str(empty), unverified=True, stderr=StringIO())
    assert OAuthClient.objects.get().name == "Larkspur"


def test_an_older_key_still_verifies(empty: Path, settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEYS]
    output("restore", str(empty))
    assert OAuthClient.objects.get().secret == "the secret of Larkspur"


def test_without_its_keys_rows_are_restored_and_secrets_reported_as_lost(empty: Path, settings: Settings) -> None:
    old = settings.FIELD_ENCRYPTION_KEYS[0]
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match=key_id(old)) as reported:
        output("restore", str(empty))
    assert reported.value.returncode == 3
    with pytest.raises(CommandError, match="FIELD_ENCRYPTION_KEYS") as reported:
        output("restore", str(empty), unverified=True)
    assert reported.value.returncode == 4
    assert Run.objects.count() == 1


def test_an_unreachable_database_is_reported(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    try:
        with pytest.raises(CommandError, match="Can't reach the database"):
            output("backup", str(file))
    finally:
        monkeypatch.undo()
        connection.close()
