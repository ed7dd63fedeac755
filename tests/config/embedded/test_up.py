"""`up` from the command line: start, second start, killed processes, shutdown, killed supervisor."""

import http.client
import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import child, processes
from config.embedded.data_dir import DataDir
from tests.config.embedded.conftest import BackgroundCommand, Manage, copy, free_port, processes_of, wait_for

pytestmark = pytest.mark.worker
COUNT = "from diagnostics.models import User; print('users:', User.objects.count())"
HOLD = "from django.db import connection as c; c.ensure_connection(); print('holds', flush=True); open({!r}).read()"
NAMES = {
    "database": "postgres",
    "broker": "valkey-server",
    "worker": "worker",
    "background": "background",
    "beat": "beat",
    "web": "web",
}


def status_of(port: int) -> int:
    """The status of the login page; 0 if there is no response."""
    session = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        session.request("GET", "/accounts/login/")
        return session.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        session.close()


def process_of(up: BackgroundCommand, name: str) -> int | None:
    children = [pid for pid in child.all_pids() if child.parent_of(pid) == up.process.pid and child.is_alive(pid)]
    found = [pid for pid in children if child.name_of(pid) == NAMES[name]]
    return found[0] if found else None


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def up(manage: Manage, tmp_path: Path, port: int) -> Iterator[BackgroundCommand]:
    running = manage.start(tmp_path / "up.out", "up", "--no-demo", "--port", str(port))
    running.wait_for_output("Ctrl-C")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()


def test_start_second_up_shutdown_and_restart_with_the_same_data(
    manage: Manage, tmp_path: Path, port: int, data: DataDir, up: BackgroundCommand
) -> None:
    assert len(re.findall(r"Password: \S{10,}", up.output)) == 1
    assert status_of(port) in (200, 302, 404)

    second = manage.run("up", "--no-demo", "--port", str(free_port()))
    assert second.returncode == 1
    assert f"Already running at http://127.0.0.1:{port} (pid {up.process.pid})" in second.stderr

    assert "users: 1" in manage.run("shell", "-c", COUNT).stdout  # another command uses the same database
    assert (data.logs / "postgres.log").read_text().count("listening on Unix socket") == 1

    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0, up.output
    stopped = re.findall(r"^(\w+) +stopping$", up.output, flags=re.MULTILINE)
    assert stopped == ["beat", "web", "worker", "background", "broker", "database"]
    wait_for(lambda: not processes_of(data), "every process to end")

    again = manage.start(tmp_path / "again.out", "up", "--no-demo", "--port", str(port))
    again.wait_for_output("Ctrl-C")
    assert "Password:" not in again.output
    assert "users: 1" in manage.run("shell", "-c", COUNT).stdout
    again.process.terminate()
    assert again.process.wait(60) == 0, again.output


@pytest.mark.usefixtures("with_tables")
def test_an_interrupted_start_leaves_no_password_that_was_never_shown(
    manage: Manage, tmp_path: Path, port: int
) -> None:
    second = manage.start(tmp_path / "second.out", "up", "--no-demo", "--port", str(port))
    second.wait_for_output("Ctrl-C")
    assert "Password:" in second.output
    second.process.terminate()
    assert second.process.wait(60) == 0, second.output


@pytest.mark.usefixtures("with_tables")
def test_every_killed_process_is_reported_and_restarted(up: BackgroundCommand, port: int) -> None:
    for name in NAMES:
        first = process_of(up, name)
        assert first
        os.kill(first, signal.SIGKILL)
        up.wait_for_output(f"{name:<10} running again")
        assert re.search(
            rf"^{name} +! died \(signal 9\), restarting, 1 of 5 this minute$", up.output, flags=re.MULTILINE
        )
        assert process_of(up, name) not in (None, first)
        wait_for(lambda: status_of(port) in (200, 302, 404), "pages after the death of a process")


@pytest.mark.usefixtures("with_tables")
def test_a_killed_up_leaves_no_process(up: BackgroundCommand, data: DataDir) -> None:
    assert len(processes_of(data)) > len(NAMES)
    up.process.kill()
    up.process.wait()
    wait_for(lambda: not processes_of(data), "every process to end")


@pytest.mark.usefixtures("with_tables")
def test_up_waits_for_a_command_that_uses_the_database(manage: Manage, tmp_path: Path, port: int) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    command = manage.start(tmp_path / "command.out", "shell", "-c", HOLD.format(str(pipe)))
    command.wait_for_output("holds")
    up = manage.start(tmp_path / "up.out", "up", "--no-demo", "--port", str(port))
    up.wait_for_output("in use by another command")
    pipe.write_text("")  # the command ends
    assert command.process.wait(60) == 0, command.output
    up.wait_for_output("Ctrl-C")
    up.process.terminate()
    assert up.process.wait(60) == 0, up.output


def test_a_port_in_use_is_reported_with_a_way_out(manage: Manage, data: DataDir) -> None:
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        done = manage.run("up", "--no-demo", "--port", str(used.getsockname()[1]))
    assert done.returncode == 1
    assert "is in use" in done.stderr
    assert "--port" in done.stderr
    assert processes_of(data) == []


def test_the_data_folder_can_be_chosen(
    manage: Manage, tmp_path: Path, data: DataDir, interrupted_start: DataDir, port: int
) -> None:
    elsewhere = data.path / "elsewhere"
    copy(interrupted_start, DataDir(elsewhere))
    up = manage.start(tmp_path / "up.out", "up", "--no-demo", "--port", str(port), "--data-dir", str(elsewhere))
    up.wait_for_output("Ctrl-C")
    up.process.terminate()
    assert up.process.wait(60) == 0, up.output
    assert "listening on Unix socket" in DataDir(elsewhere).log("postgres").read_text()
    assert not (data.path / "postgres").exists()


def test_an_adjacent_port_pair_avoids_ports_in_use() -> None:
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        first = int(used.getsockname()[1])
        pair = processes.free_port_pair(first, excluded=first + 2)
    assert pair is not None
    assert not {pair, pair + 1} & {first, first + 2}
