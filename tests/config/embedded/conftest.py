"""Fixtures for the embedded Postgres and `up`: a temporary data folder, and manage.py in a subprocess."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from config.embedded import child, data_dir
from config.embedded.binaries import SYSTEM_HOME
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
    wait_for(lambda: not processes_of(data), f"the last process of {data.path} to end")
    for name in ("postgres-home", "postgres-socket", "broker-socket"):
        folder = data.recorded_folder(name)
        if folder and (folder.parent == SYSTEM_HOME or folder.name.startswith("cobrowse-doctor-")):
            shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(data.path, ignore_errors=True)


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
