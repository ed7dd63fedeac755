"""manage.py commands without DATABASE_URL share one Postgres, and leave no process behind."""

import os
import signal
from pathlib import Path

import pytest

from config.embedded.data_dir import DataDir
from tests.config.embedded.conftest import Manage, keepers_of, processes_of, wait_for

COUNT = "from diagnostics.models import User; print('users:', User.objects.count())"
MAKE = "from diagnostics.models import User; User.objects.create(username='kept'); print('made')"
SLEEP = "import time; from django.db import connection as c; c.ensure_connection(); print('holds', flush=True); time.sleep(300)"


def test_the_first_command_creates_the_database(manage: Manage) -> None:
    done = manage.run("shell", "--no-imports", "-c", COUNT)
    assert (done.returncode, done.stdout) == (0, "users: 0\n"), done.stderr


@pytest.mark.usefixtures("with_tables")
def test_data_persists_between_commands_and_no_process_remains(manage: Manage, data: DataDir) -> None:
    manage.run("shell", "-c", MAKE)
    wait_for(lambda: not processes_of(data), "Postgres to end after its last user")
    assert "users: 1" in manage.run("shell", "-c", COUNT).stdout


def test_simultaneous_first_commands_share_one_postgres(manage: Manage, tmp_path: Path, data: DataDir) -> None:
    both = [manage.start(tmp_path / str(number), "shell", "-c", COUNT) for number in range(2)]
    assert [each.process.wait(90) for each in both] == [0, 0], [each.output for each in both]
    assert all("users: 0" in each.output for each in both)
    assert (data.logs / "postgres.log").read_text().count("listening on Unix socket") == 1


@pytest.mark.usefixtures("with_tables")
def test_a_killed_command_leaves_no_process_behind(manage: Manage, tmp_path: Path, data: DataDir) -> None:
    command = manage.start(tmp_path / "out", "shell", "-c", SLEEP)
    command.wait_for_output("holds")
    command.process.kill()
    command.process.wait()
    wait_for(lambda: not processes_of(data), "keeper and Postgres to end")


@pytest.mark.usefixtures("with_tables")
def test_a_killed_keeper_stops_postgres_and_the_next_command_works(
    manage: Manage, tmp_path: Path, data: DataDir
) -> None:
    command = manage.start(tmp_path / "out", "shell", "-c", SLEEP)
    command.wait_for_output("holds")
    keepers = keepers_of(data)
    assert len(keepers) == 1
    os.kill(keepers[0], signal.SIGKILL)
    command.process.kill()
    command.process.wait()
    assert manage.run("shell", "-c", COUNT).returncode == 0


@pytest.mark.parametrize(
    "words", [("help",), ("check",), ("makemigrations", "--check", "--dry-run"), ("migrate", "--help")]
)
def test_a_command_that_needs_no_database_starts_none(manage: Manage, data: DataDir, words: tuple[str, ...]) -> None:
    assert manage.run(*words).returncode == 0
    assert not (data.path / "postgres").exists()


def test_with_a_database_url_the_embedded_postgres_is_not_started(manage: Manage, data: DataDir) -> None:
    done = manage.run(
        "shell", "-c", COUNT,
        DATABASE_URL="postgres://u:p@127.0.0.1:1/x", SECRET_KEY="x" * 50, FIELD_ENCRYPTION_KEYS="A" * 43 + "=",
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("Can't reach the database")
    assert "Traceback" not in done.stderr
    assert not (data.path / "postgres").exists()


def test_a_data_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = Manage(DataDir(tmp_path / "file" / "data")).run("shell", "-c", COUNT)
    assert done.returncode == 1
    assert "Can't use" in done.stderr
    assert "Traceback" not in done.stderr
