"""The supervisor, with shell scripts as its processes."""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.embedded import child
from config.embedded.console import Console
from config.embedded.data_dir import PROJECT
from config.embedded.supervisor import RestartLimitReached, StopRequested, SupervisedProcess, Supervisor
from tests.config.embedded.conftest import wait_for

FOREVER = "trap 'exit 0' TERM; touch {ready}; while :; do sleep 0.05; done"
IGNORES_TERM = "trap '' TERM; touch {ready}; while :; do sleep 0.05; done"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor(Console(io.StringIO()))
    yield made
    made.stop_requests = 2
    made.stop([])


@pytest.fixture
def short_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.embedded.supervisor.FIRST_RESTART_SECONDS", 0.01)


def script_process(folder: Path, name: str, script: str, **more: object) -> SupervisedProcess:
    ready = folder / f"{name}.ready"
    made = SupervisedProcess(
        name=name,
        argv=["/bin/sh", "-c", script.format(ready=ready)],
        log=folder / f"{name}.log",
        is_ready=ready.exists,
        prepare=lambda: ready.unlink(missing_ok=True),
    )
    for field, value in more.items():
        setattr(made, field, value)
    return made


def output(supervisor: Supervisor) -> str:
    stream = supervisor.console.stream
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


def check_until(supervisor: Supervisor, condition: Callable[[], object]) -> None:
    def checked() -> object:
        supervisor.pause()
        supervisor.check_all()
        return condition()

    wait_for(checked, "the supervisor")


def pid_of(supervised: SupervisedProcess) -> int:
    assert supervised.process
    return supervised.process.pid


def test_start_waits_until_the_process_is_ready(tmp_path: Path, supervisor: Supervisor) -> None:
    one = script_process(tmp_path, "one", "sleep 0.4; " + FOREVER)
    supervisor.start(one)
    assert one.ready
    assert "one" in output(supervisor)


def test_each_process_has_its_own_process_group(tmp_path: Path, supervisor: Supervisor) -> None:
    one = script_process(tmp_path, "one", FOREVER)
    supervisor.start(one)
    assert os.getpgid(pid_of(one)) == pid_of(one) != os.getpgid(0)


def test_a_dead_process_is_reported_and_restarted(tmp_path: Path, supervisor: Supervisor) -> None:
    one = script_process(tmp_path, "one", FOREVER)
    supervisor.start(one)
    first = pid_of(one)
    os.kill(first, signal.SIGKILL)
    check_until(supervisor, lambda: one.process and one.ready and pid_of(one) != first)
    assert "died (signal 9), restarting, 1 of 5 this minute" in output(supervisor)
    assert "running again" in output(supervisor)


def test_descendants_of_a_dead_process_are_killed(tmp_path: Path, supervisor: Supervisor) -> None:
    one = script_process(tmp_path, "one", f"sleep 300 & echo $! > {tmp_path}/grandchild; " + FOREVER)
    supervisor.start(one)
    grandchild = int((tmp_path / "grandchild").read_text())
    os.kill(pid_of(one), signal.SIGKILL)
    check_until(supervisor, lambda: not child.is_alive(grandchild))


@pytest.mark.usefixtures("short_backoff")
def test_a_process_that_keeps_dying_reaches_the_restart_limit(tmp_path: Path, supervisor: Supervisor) -> None:
    one = script_process(tmp_path, "one", "touch {ready}; echo my last words; sleep 0.05; exit 3")
    with pytest.raises(RestartLimitReached, match=r"(?s)code 3.*my last words"):
        supervisor.start(one)
        supervisor.run_forever()
    assert "5 of 5 this minute" in output(supervisor)


def test_a_process_that_dies_while_the_disk_is_full_starts_again_when_it_has_space(
    tmp_path: Path, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [0]
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=free[0]))
    monkeypatch.setattr("config.embedded.supervisor.FULL_DISK_POLL_SECONDS", 0.01)
    one = script_process(tmp_path, "one", FOREVER)
    supervisor.start(one)
    os.kill(pid_of(one), signal.SIGKILL)
    check_until(supervisor, lambda: "is full" in output(supervisor))
    for _ in range(5):
        time.sleep(0.02)
        supervisor.check_all()
    assert (one.process, one.deaths) == (None, [])
    free[0] = usage.total
    check_until(supervisor, lambda: one.ready)


@pytest.mark.usefixtures("short_backoff")
def test_a_process_that_never_gets_ready_counts_as_dead(tmp_path: Path, supervisor: Supervisor) -> None:
    one = script_process(tmp_path, "one", "sleep 300", start_seconds=0.1)
    with pytest.raises(RestartLimitReached, match="wasn't ready"):
        supervisor.start(one)


def test_groups_stop_one_after_the_other(tmp_path: Path, supervisor: Supervisor) -> None:
    script = "trap 'echo {name} >> {folder}/order; exit 0' TERM; touch {{ready}}; while :; do sleep 0.05; done"
    for name in ("database", "worker", "beat"):
        supervisor.start(script_process(tmp_path, name, script.format(name=name, folder=tmp_path)))
    supervisor.stop([["beat"], ["worker"], ["database"]])
    assert (tmp_path / "order").read_text().split() == ["beat", "worker", "database"]


def test_processes_of_one_group_stop_at_the_same_time(tmp_path: Path, supervisor: Supervisor) -> None:
    waits_for_the_other = (
        "trap 'touch {folder}/{name}.stopping; until [ -e {folder}/{other}.stopping ]; do sleep 0.02; done; exit 0' TERM; "
        "touch {{ready}}; while :; do sleep 0.05; done"
    )
    for name, other in (("web", "worker"), ("worker", "web")):
        script = waits_for_the_other.format(folder=tmp_path, name=name, other=other)
        supervisor.start(script_process(tmp_path, name, script))
    processes = [supervised.process for supervised in supervisor.processes]
    supervisor.stop([["web", "worker"]])
    assert [process and process.returncode for process in processes] == [0, 0], output(supervisor)


def test_a_slow_process_does_not_shorten_the_time_of_the_others(tmp_path: Path, supervisor: Supervisor) -> None:
    finishes = (
        f"trap 'sleep 1; echo done > {tmp_path}/work; exit 0' TERM; touch {{ready}}; while :; do sleep 0.05; done"
    )
    supervisor.start(script_process(tmp_path, "hangs", IGNORES_TERM, stop_seconds=0.1))
    supervisor.start(script_process(tmp_path, "works", finishes))
    supervisor.stop([["hangs", "works"]])
    assert (tmp_path / "work").read_text() == "done\n"
    assert "hangs" in output(supervisor).partition("stopped without waiting")[0]


def test_a_process_in_no_group_is_stopped_last(tmp_path: Path, supervisor: Supervisor) -> None:
    for name in ("other", "database"):
        supervisor.start(script_process(tmp_path, name, FOREVER))
    supervisor.stop([["database"]])
    stopped = [line.split()[0] for line in output(supervisor).splitlines() if line.endswith("stopping")]
    assert stopped == ["database", "other"]


def test_the_first_stop_request_lets_a_process_finish(tmp_path: Path, supervisor: Supervisor) -> None:
    finishes = (
        f"trap 'sleep 0.5; echo done > {tmp_path}/work; exit 0' TERM; touch {{ready}}; while :; do sleep 0.05; done"
    )
    supervisor.start(script_process(tmp_path, "one", finishes))
    supervisor.stop_requests = 1
    supervisor.stop([])
    assert (tmp_path / "work").read_text() == "done\n"


def test_the_second_stop_request_kills_at_once(tmp_path: Path, supervisor: Supervisor) -> None:
    one = script_process(tmp_path, "one", IGNORES_TERM, stop_seconds=300.0)
    supervisor.start(one)
    supervisor.stop_requests = 2
    supervisor.stop([])
    assert one.process and one.process.returncode == -signal.SIGKILL


def test_a_process_that_does_not_stop_in_time_is_killed(tmp_path: Path, supervisor: Supervisor) -> None:
    one = script_process(tmp_path, "one", IGNORES_TERM, stop_seconds=0.2)
    supervisor.start(one)
    supervisor.stop([])
    assert one.process and one.process.returncode == -signal.SIGKILL


def test_a_stop_request_interrupts_a_start(tmp_path: Path, supervisor: Supervisor) -> None:
    supervisor.stop_requests = 1
    with pytest.raises(StopRequested):
        supervisor.start(script_process(tmp_path, "one", FOREVER))


def test_a_signal_interrupts_our_own_work_and_is_counted_once(supervisor: Supervisor) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    supervisor.handle_signals()
    try:
        with pytest.raises(StopRequested), supervisor.interruptible():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)
        os.kill(os.getpid(), signal.SIGINT)
        assert supervisor.stop_requests == 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_killed_supervisor_leaves_no_process_behind(tmp_path: Path) -> None:
    code = (
        "import sys, time; from config.embedded import child\n"
        "log = open(sys.argv[1], 'ab')\n"
        "print(child.spawn(['/bin/sleep', '300'], log=log).pid, flush=True); time.sleep(300)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "log")], cwd=PROJECT, stdout=subprocess.PIPE)
    assert owner.stdout
    pid = int(owner.stdout.readline())
    assert child.is_alive(pid)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    wait_for(lambda: not child.is_alive(pid), "the process to end")


def test_output_to_a_closed_terminal_is_dropped(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        Console(stream).event("one", "stopping")
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
