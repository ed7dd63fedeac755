"""The embedded Postgres: creation, start, and odd states of the data folder."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.embedded import accounts, binaries, cluster, postgres, sockets
from config.embedded.cluster import Cluster
from config.embedded.data_dir import DataDir, write_private

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs Postgres as another user")


@contextmanager
def running(place: Cluster) -> Iterator[subprocess.Popen[bytes]]:
    process = postgres.start(place)
    try:
        assert postgres.wait_until_ready(place, process), place.data.log("postgres").read_text()
        yield process
    finally:
        postgres.stop(process)


def ask(place: Cluster, sql: str) -> object:
    with postgres.connect(place.data, cluster.DATABASE) as session:
        row = session.execute(sql.encode()).fetchone()
        return row[0] if row else None


@pytest.mark.usefixtures("copied_database")
def test_a_restart_keeps_the_data(data: DataDir) -> None:
    with running(cluster.prepare(data)), postgres.connect(cluster.prepare(data).data, cluster.DATABASE) as session:
        session.execute("CREATE TABLE kept AS SELECT 42 AS n")
    place = cluster.prepare(data)
    with running(place):
        assert ask(place, "SELECT n FROM kept") == 42


@pytest.mark.usefixtures("copied_database")
def test_it_listens_on_a_private_socket_only_and_requires_a_password(data: DataDir) -> None:
    place = cluster.prepare(data)
    with running(place):
        assert ask(place, "SHOW listen_addresses") == ""
        assert ask(place, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'") == 0
        assert place.socket_folder.stat().st_mode & 0o777 == 0o700
        (data.keys / "database_password").write_text("wrong")
        assert not postgres.is_ready(place.data)


@pytest.mark.usefixtures("copied_database")
def test_it_recovers_after_a_crash(data: DataDir) -> None:
    place = cluster.prepare(data)
    with running(place) as process:
        with postgres.connect(place.data, cluster.DATABASE) as session:
            session.execute("CREATE TABLE kept AS SELECT 42 AS n")
        process.kill()
        process.wait()
    with running(place):
        assert ask(place, "SELECT n FROM kept") == 42


@pytest.mark.usefixtures("copied_database")
@pytest.mark.parametrize("content", ["{pid}\n{files}\n1\n5432\n", "", "nonsense\n", "99999999\n"])
def test_a_stale_pid_file_is_removed_and_its_process_stays_alive(data: DataDir, content: str) -> None:
    place = cluster.prepare(data)
    # As the same user, so that the process differs from Postgres only in its command.
    user, group = place.account or (None, None)
    stranger = subprocess.Popen(["/bin/sleep", "300"], user=user, group=group)
    try:
        place.pid_file.write_text(content.format(pid=stranger.pid, files=place.files))
        os.chmod(place.pid_file, 0o600)
        if place.account:
            os.chown(place.pid_file, *place.account)
        with running(place):
            assert ask(place, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.usefixtures("copied_database")
def test_a_running_postgres_on_the_same_files_is_neither_killed_nor_used(data: DataDir) -> None:
    place = cluster.prepare(data)
    with running(place) as first:
        with pytest.raises(cluster.StillRunning, match=str(first.pid)):
            postgres.start(place, wait=0.3)
        assert first.poll() is None
        assert ask(place, "SELECT 1") == 1


@pytest.mark.usefixtures("copied_database")
@pytest.mark.parametrize("name", ["d" * 120, "a b,c'd ü"])
def test_a_long_or_awkward_path_works(data: DataDir, name: str) -> None:
    deep = DataDir(data.path / name)
    place = cluster.prepare(deep)
    try:
        with running(place):
            assert ask(place, "SELECT 1") == 1
        assert cluster.prepare(deep).socket_folder == place.socket_folder
    finally:
        shutil.rmtree(place.socket_folder)
        shutil.rmtree(sockets.broker_folder(deep))


def test_an_interrupted_first_start_is_repeated(data: DataDir) -> None:
    data.make()
    home = data.path / "postgres"
    home.mkdir()
    (home / "draft").mkdir()
    (home / "draft" / "PG_VERSION").write_text("18\n")
    if account := accounts.for_postgres():
        os.chown(home, *account)
    place = cluster.prepare(data)
    with running(place):
        assert ask(place, "SELECT 1") == 1


@pytest.mark.usefixtures("copied_database")
def test_data_of_another_version_is_reported_and_unchanged(data: DataDir) -> None:
    place = cluster.prepare(data)
    (place.files / "PG_VERSION").write_text("15\n")
    with pytest.raises(SystemExit, match=r"Postgres 15.*pg_dump"):
        cluster.prepare(data)


def test_a_missing_cluster_is_reported_and_not_replaced(data: DataDir) -> None:
    data.make()
    data.record_folder("postgres-home", data.path / "gone")
    with pytest.raises(SystemExit, match="there is none"):
        cluster.prepare(data)
    assert not (data.path / "gone").exists()


@needs_root
def test_a_private_parent_folder_stays_private(closed_data: DataDir) -> None:
    before = closed_data.path.parent.stat().st_mode
    place = cluster.prepare(closed_data)
    assert place.home.parent == binaries.SYSTEM_HOME
    with running(place):
        assert ask(place, "SELECT 1") == 1
    assert cluster.prepare(closed_data).home == place.home
    assert closed_data.path.parent.stat().st_mode == before
    assert place.home.stat().st_mode & 0o777 == 0o700


@needs_root
def test_two_private_folders_get_two_databases(closed_data: DataDir) -> None:
    first = cluster.prepare(closed_data)
    other = DataDir(closed_data.path.parent / "other")
    second = cluster.prepare(other)
    try:
        assert first.home != second.home
    finally:
        shutil.rmtree(second.home)


@needs_root
def test_programs_in_a_private_folder_are_copied_once(
    closed_data: DataDir, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed_data.path.mkdir()
    shutil.copytree(binaries._newest_in_wheel().parents[1], closed_data.path / "p" / binaries.PACKAGE)
    libraries = binaries._newest_in_wheel().parents[2] / f"{binaries.PACKAGE}.libs"
    if libraries.exists():
        shutil.copytree(libraries, closed_data.path / "p" / libraries.name)
    hidden = closed_data.path / "p" / binaries.PACKAGE / binaries._newest_in_wheel().parent.name / "bin"
    monkeypatch.setattr(binaries, "_newest_in_wheel", lambda: hidden)
    found = binaries.find(accounts.for_postgres())
    assert found.is_relative_to(binaries.SYSTEM_HOME)
    assert binaries.find(accounts.for_postgres()) == found


def test_a_wrong_program_folder_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(binaries.VARIABLE, str(tmp_path))
    with pytest.raises(SystemExit, match=binaries.VARIABLE):
        binaries.find(None)


def test_the_configured_program_folder_is_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = binaries.find(accounts.for_postgres())
    monkeypatch.setenv(binaries.VARIABLE, str(folder))
    monkeypatch.setattr(binaries, "_newest_in_wheel", lambda: pytest.fail("searched the wheel"))
    assert binaries.find(accounts.for_postgres()) == folder


def test_it_stops_when_its_parent_is_killed(data: DataDir) -> None:
    place = cluster.prepare(data)
    code = (
        "import sys, time; from pathlib import Path; from config.embedded import cluster, postgres\n"
        "from config.embedded.data_dir import DataDir\n"
        "place = cluster.prepare(DataDir(Path(sys.argv[1])))\n"
        "process = postgres.start(place); postgres.wait_until_ready(place, process)\n"
        "print(process.pid, flush=True); time.sleep(300)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code, str(data.path)], stdout=subprocess.PIPE)
    assert starter.stdout and starter.stdout.readline().strip().isdigit()
    starter.kill()
    starter.wait()
    starter.stdout.close()
    with running(place):  # waits until the old one has stopped
        assert ask(place, "SELECT 1") == 1
    assert "database system was not properly shut down" not in data.log("postgres").read_text()


def test_a_private_file_is_private(tmp_path: Path) -> None:
    write_private(tmp_path / "x", "secret")
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["x"]
