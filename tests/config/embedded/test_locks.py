"""Locks between processes."""

import signal
import subprocess
import sys
from pathlib import Path

from config.embedded.data_dir import PROJECT
from config.embedded.locks import Lock

HOLD = """
import pathlib, sys, time
from config.embedded.locks import Lock

lock = Lock(pathlib.Path(sys.argv[1]))
print("held" if lock.acquire() else "refused", flush=True)
time.sleep(60)
"""


def test_one_exclusive_holder_or_many_shared(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "x"), Lock(tmp_path / "x")
    assert first.acquire(shared=True)
    assert second.acquire(shared=True)
    assert not first.acquire()
    second.release()
    assert first.acquire()
    assert not second.acquire(shared=True)
    assert not second.is_free()
    first.release()
    assert second.is_free()


def test_waiting_is_reported_and_times_out(tmp_path: Path) -> None:
    holder, calls = Lock(tmp_path / "x"), list[str]()
    holder.acquire()
    assert not Lock(tmp_path / "x").wait(1.3, on_wait=lambda: calls.append("waiting"))
    assert calls == ["waiting"]


def test_a_killed_holder_releases_the_lock(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "x")], cwd=PROJECT, stdout=subprocess.PIPE)
    assert holder.stdout and holder.stdout.readline() == b"held\n"
    assert not Lock(tmp_path / "x").is_free()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    assert Lock(tmp_path / "x").is_free()


def test_the_description_of_the_holder_can_be_read(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "x")
    lock.acquire()
    lock.write("a longer word")
    lock.write("short")
    assert Lock(tmp_path / "x").read() == "short"
    assert Lock(tmp_path / "y").read() == ""
    lock.release()
