"""Fixtures for the embedded Postgres and `up`: a temporary data folder, and manage.py in a subprocess."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from config.embedded import child, cluster, data_dir
from config.embedded.binaries import SYSTEM_HOME
from config.embedded.cluster import Cluster
from config.embedded.data_dir import DataDir

PATIENCE = 60.0


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"timed out waiting for: {what}"
        time.sleep(0.05)


@pytest.fixture
def data() -> Iterator[DataDir]:
    """A data folder that the account of the database can enter."""
    folder = Path(tempfile.mkdtemp(prefix="cd-"))
    folder.chmod(0o711)
    yield DataDir(folder)
    remove(DataDir(folder))


@pytest.fixture
def closed_data() -> Iterator[DataDir]:
    """A data folder in a folder that only its owner can enter, such as a private home folder."""
    folder = Path(tempfile.mkdtemp(prefix="cd-"))
    yield DataDir(folder / "inner")
    remove(DataDir(folder / "inner"))
    shutil.rmtree(folder, ignore_errors=True)


def remove(data: DataDir) -> None:
    for pid in keepers_of(data):  # one stops when nothing uses the database for seconds
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not processes_of(data), f"the last process of {data.path} to end")
    for name in ("postgres-home", "postgres-socket", "broker-socket"):
        folder = data.recorded_folder(name)
        if folder and (folder.parent == SYSTEM_HOME or folder.name.startswith("cobrowse-doctor-")):
            shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(data.path, ignore_errors=True)


def keepers_of(data: DataDir) -> list[int]:
    return [
        pid for pid in child.all_pids() if child.command_line(pid)[2:] == ["config.embedded.keeper", str(data.path)]
    ]


def processes_of(data: DataDir) -> list[int]:
    """IDs of the live processes whose command line or environment contains the data folder."""
    needles = [str(data.path).encode()]
    if home := data.recorded_folder("postgres-home"):
        needles.append(str(home).encode())
    return [pid for pid in child.all_pids() if pid != os.getpid() and child.is_alive(pid) and _mentions(pid, needles)]


def _mentions(pid: int, needles: list[bytes]) -> bool:
    try:
        content = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return any(needle in content for needle in needles)


@dataclass
class BackgroundCommand:
    """A manage.py command in the background, with its output in a file."""

    process: subprocess.Popen[bytes]
    output_file: Path

    @property
    def output(self) -> str:
        return self.output_file.read_text()

    def wait_for_output(self, text: str) -> None:
        wait_for(lambda: text in self.output or self.process.poll() is not None, f"{text!r} in:\n{self.output}")
        assert text in self.output


@dataclass
class Manage:
    """Calls manage.py with a minimal environment, not that of the tests."""

    data: DataDir

    def environment(self, **more: str) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
        return {**inherited, data_dir.VARIABLE: str(self.data.path), **more}

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=data_dir.PROJECT, env=self.environment(**env),
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def start(self, output_file: Path, *arguments: str, **env: str) -> BackgroundCommand:
        stream: IO[bytes]
        with open(output_file, "wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *arguments], cwd=data_dir.PROJECT, env=self.environment(**env),
                stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        return BackgroundCommand(process, output_file)


@pytest.fixture
def manage(data: DataDir) -> Manage:
    return Manage(data)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def interrupted_start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataDir]:
    """What a first `up` leaves that was stopped halfway: a database with its tables, and the static files. No account."""
    folder = Path(tempfile.mkdtemp(prefix="cd-"))
    folder.chmod(0o711)
    data = DataDir(folder)
    output = tmp_path_factory.mktemp("interrupted") / "up.out"
    up = Manage(data).start(output, "up", "--no-demo", "--port", str(free_port()))
    up.wait_for_output("queue ready")
    up.process.terminate()
    assert up.process.wait(60) == 0, up.output
    assert "Password:" not in up.output
    yield data
    remove(data)


@pytest.fixture
def with_tables(data: DataDir, interrupted_start: DataDir) -> None:
    """The data folder has a database with tables, so that nothing needs to be created."""
    copy(interrupted_start, data)


@pytest.fixture(scope="session")
def created() -> Iterator[Cluster]:
    """A database that was created and never started."""
    folder = Path(tempfile.mkdtemp(prefix="cd-"))
    folder.chmod(0o711)
    yield cluster.prepare(DataDir(folder))
    remove(DataDir(folder))


@pytest.fixture
def copied_database(created: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies a database, with its password, instead of creating one with initdb."""
    password = created.data.database_password()

    def run_initdb(place: Cluster, draft: Path, password_file: Path) -> None:
        assert password_file.read_text() == password
        subprocess.run(["cp", "--archive", str(created.files), str(draft)], check=True)

    monkeypatch.setattr(DataDir, "database_password", lambda data: data.key("database_password", lambda: password))
    monkeypatch.setattr(cluster, "_run_initdb", run_initdb)


def copy(source: DataDir, target: DataDir) -> None:
    target.path.mkdir(mode=0o711, exist_ok=True)
    folders = [str(source.path / name) for name in ("keys", "postgres", "static")]
    subprocess.run(["cp", "--archive", *folders, str(target.path)], check=True)
