"""Fixtures for the parts of one machine: a data folder of their own, and manage.py as a person calls it."""

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
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(0.05)


@pytest.fixture
def data() -> Iterator[DataDir]:
    """A data folder that the database's own account can reach, as a project in an ordinary place is."""
    folder = Path(tempfile.mkdtemp(prefix="cd-"))
    folder.chmod(0o711)
    yield DataDir(folder)
    remove(DataDir(folder))


@pytest.fixture
def closed_data() -> Iterator[DataDir]:
    """A data folder that only its owner can enter, such as one below a closed home."""
    folder = Path(tempfile.mkdtemp(prefix="cd-"))
    yield DataDir(folder / "inner")
    remove(DataDir(folder / "inner"))
    shutil.rmtree(folder, ignore_errors=True)


def remove(data: DataDir) -> None:
    wait_for(lambda: not processes_of(data), f"the last process of {data.path} to end")
    for name in ("postgres-home", "postgres-socket", "broker-socket"):
        folder = data.pointer(name)
        if folder and (folder.parent == SYSTEM_HOME or folder.name.startswith("cobrowse-doctor-")):
            shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(data.path, ignore_errors=True)


def processes_of(data: DataDir) -> list[int]:
    """Every living process that was started for this data folder, by command line or environment."""
    needles = [str(data.path).encode()]
    if home := data.pointer("postgres-home"):
        needles.append(str(home).encode())
    return [pid for pid in child.all_pids() if pid != os.getpid() and child.is_alive(pid) and _mentions(pid, needles)]


def _mentions(pid: int, needles: list[bytes]) -> bool:
    try:
        said = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return any(needle in said for needle in needles)


@dataclass
class Running:
    """A manage.py command in the background; what it says goes to a file."""

    process: subprocess.Popen[bytes]
    output: Path

    def said(self) -> str:
        return self.output.read_text()

    def wait_until_it_says(self, words: str) -> None:
        wait_for(lambda: words in self.said() or self.process.poll() is not None, f"{words!r} in:\n{self.said()}")
        assert words in self.said()


@dataclass
class Manage:
    """Calls manage.py with an environment of its own, never with that of the tests."""

    data: DataDir

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
        return {**kept, data_dir.VARIABLE: str(self.data.path), **more}

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words], cwd=data_dir.PROJECT, env=self.environment(**env),
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def start(self, output: Path, *words: str, **env: str) -> Running:
        stream: IO[bytes]
        with open(output, "wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *words], cwd=data_dir.PROJECT, env=self.environment(**env),
                stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        return Running(process, output)


@pytest.fixture
def manage(data: DataDir) -> Manage:
    return Manage(data)
