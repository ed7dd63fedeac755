"""`up` as a person meets it: started, found running, its parts killed, ended, killed itself."""

import http.client
import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import child, parts
from config.embedded.data_dir import DataDir
from tests.config.embedded.conftest import Manage, Running, processes_of, wait_for

pytestmark = pytest.mark.worker
COUNT = "from diagnostics.models import User; print('users:', User.objects.count())"
HOLD = "import time; from django.db import connection as c; c.ensure_connection(); print('holds', flush=True); time.sleep({})"
COMMAND_LINES = {
    "database": "/postgres",
    "broker": "valkey-server",
    "worker": "--hostname worker@localhost",
    "background": "--hostname background@localhost",
    "beat": "celery --app config beat",
    "web": "-m config.web",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def status_of(port: int) -> int:
    """The first page's status; 0 while nobody answers."""
    session = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        session.request("GET", "/accounts/login/")
        return session.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        session.close()


def part_of(up: Running, name: str) -> int | None:
    children = [pid for pid in child.all_pids() if child.parent_of(pid) == up.process.pid and child.is_alive(pid)]
    found = [pid for pid in children if COMMAND_LINES[name] in " ".join(child.command_line(pid))]
    return found[0] if found else None


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def up(manage: Manage, tmp_path: Path, port: int) -> Iterator[Running]:
    running = manage.start(tmp_path / "up.out", "up", "--no-demo", "--port", str(port))
    running.wait_until_it_says("Ctrl-C")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()


def test_first_start_second_up_kept_data_and_ordered_end(
    manage: Manage, tmp_path: Path, port: int, data: DataDir, up: Running
) -> None:
    assert len(re.findall(r"Password: \S{10,}", up.said())) == 1
    assert status_of(port) in (200, 302, 404)

    second = manage.run("up", "--no-demo", "--port", str(free_port()))
    assert second.returncode == 1
    assert f"already running at http://127.0.0.1:{port} (pid {up.process.pid})" in second.stderr

    assert "users: 1" in manage.run("shell", "-c", COUNT).stdout  # another command uses the same database
    assert (data.logs / "postgres.log").read_text().count("listening on Unix socket") == 1

    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0, up.said()
    stopped = re.findall(r"^(\w+) +stopping$", up.said(), flags=re.MULTILINE)
    assert stopped == ["beat", "web", "worker", "background", "broker", "database"]
    wait_for(lambda: not processes_of(data), "every part to end")

    again = manage.start(tmp_path / "again.out", "up", "--no-demo", "--port", str(port))
    again.wait_until_it_says("Ctrl-C")
    assert "Password:" not in again.said()
    assert "users: 1" in manage.run("shell", "-c", COUNT).stdout
    again.process.terminate()
    assert again.process.wait(60) == 0, again.said()


def test_a_start_cut_short_leaves_no_password_that_nobody_saw(manage: Manage, tmp_path: Path, port: int) -> None:
    words = ("up", "--no-demo", "--port", str(port))
    first = manage.start(tmp_path / "first.out", *words)
    first.wait_until_it_says("queue ready")
    first.process.terminate()
    assert first.process.wait(60) == 0, first.said()
    assert "Password:" not in first.said()

    second = manage.start(tmp_path / "second.out", *words)
    second.wait_until_it_says("Ctrl-C")
    assert "Password:" in second.said()
    second.process.terminate()
    assert second.process.wait(60) == 0, second.said()


def test_every_killed_part_is_said_and_mended(up: Running, port: int) -> None:
    for name in COMMAND_LINES:
        first = part_of(up, name)
        assert first
        os.kill(first, signal.SIGKILL)
        up.wait_until_it_says(f"{name:<10} running again")
        assert re.search(
            rf"^{name} +! died \(signal 9\), restarting, 1 of 5 this minute$", up.said(), flags=re.MULTILINE
        )
        assert part_of(up, name) not in (None, first)
        wait_for(lambda: status_of(port) in (200, 302, 404), "pages after the death of a part")


def test_a_killed_up_leaves_no_process(up: Running, data: DataDir) -> None:
    assert len(processes_of(data)) > len(COMMAND_LINES)
    up.process.kill()
    up.process.wait()
    wait_for(lambda: not processes_of(data), "every part to end")


def test_up_waits_for_a_command_that_uses_the_database(manage: Manage, tmp_path: Path, port: int) -> None:
    command = manage.start(tmp_path / "command.out", "shell", "-c", HOLD.format(4))
    command.wait_until_it_says("holds")
    up = manage.start(tmp_path / "up.out", "up", "--no-demo", "--port", str(port))
    up.wait_until_it_says("in use by another command")
    assert command.process.wait(60) == 0, command.said()
    up.wait_until_it_says("Ctrl-C")
    up.process.terminate()
    assert up.process.wait(60) == 0, up.said()


def test_a_busy_port_is_told_with_what_to_do(manage: Manage, data: DataDir) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = manage.run("up", "--no-demo", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "in use by another program" in done.stderr
    assert "--port" in done.stderr
    assert processes_of(data) == []


def test_the_data_folder_can_be_chosen(manage: Manage, tmp_path: Path, data: DataDir, port: int) -> None:
    elsewhere = data.path / "elsewhere"
    up = manage.start(tmp_path / "up.out", "up", "--no-demo", "--port", str(port), "--data-dir", str(elsewhere))
    up.wait_until_it_says("Ctrl-C")
    up.process.terminate()
    assert up.process.wait(60) == 0, up.said()
    assert (elsewhere / "postgres" / "cluster" / "PG_VERSION").exists()
    assert not (data.path / "postgres").exists()


def test_two_neighbouring_ports_are_found_beside_a_taken_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        first = int(taken.getsockname()[1])
        pair = parts.free_pair(first, taken=first + 2)
    assert pair is not None
    assert not {pair, pair + 1} & {first, first + 2}
