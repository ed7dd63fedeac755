"""The supervisor, with small shell programs as its parts."""

import io
import os
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
from config.embedded.supervisor import GaveUp, Stopped, SupervisedProcess, Supervisor
from tests.config.embedded.conftest import wait_for

FOREVER = "trap 'exit 0' TERM; touch {ready}; while :; do sleep 0.05; done"
DEAF = "trap '' TERM; touch {ready}; while :; do sleep 0.05; done"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor(Console(io.StringIO()))
    yield made
    made.asked_to_stop = 2
    made.end([])


def part(folder: Path, name: str, script: str, **more: object) -> SupervisedProcess:
    ready = folder / f"{name}.ready"
    made = SupervisedProcess(
        name=name,
        argv=["/bin/sh", "-c", script.format(ready=ready)],
        log=folder / f"{name}.log",
        is_ready=ready.exists,
        before=lambda: ready.unlink(missing_ok=True),
    )
    for field, value in more.items():
        setattr(made, field, value)
    return made


def said(supervisor: Supervisor) -> str:
    stream = supervisor.console.stream
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


def look_until(supervisor: Supervisor, condition: Callable[[], object]) -> None:
    def looked() -> object:
        supervisor.pause()
        supervisor.look_after()
        return condition()

    wait_for(looked, "the supervisor")


def pid_of(each: SupervisedProcess) -> int:
    assert each.process
    return each.process.pid


def test_a_start_waits_until_the_part_is_ready(tmp_path: Path, supervisor: Supervisor) -> None:
    one = part(tmp_path, "one", "sleep 0.4; " + FOREVER)
    supervisor.start(one)
    assert one.ready
    assert "one" in said(supervisor)


def test_each_part_has_a_process_group_of_its_own(tmp_path: Path, supervisor: Supervisor) -> None:
    one = part(tmp_path, "one", FOREVER)
    supervisor.start(one)
    assert os.getpgid(pid_of(one)) == pid_of(one) != os.getpgid(0)


def test_a_dead_part_is_said_and_started_again(tmp_path: Path, supervisor: Supervisor) -> None:
    one = part(tmp_path, "one", FOREVER)
    supervisor.start(one)
    first = pid_of(one)
    os.kill(first, signal.SIGKILL)
    look_until(supervisor, lambda: one.process and one.ready and pid_of(one) != first)
    assert "died (signal 9), restarting, 1 of 5 this minute" in said(supervisor)
    assert "running again" in said(supervisor)


def test_what_a_dead_part_started_goes_with_it(tmp_path: Path, supervisor: Supervisor) -> None:
    one = part(tmp_path, "one", f"sleep 300 & echo $! > {tmp_path}/grandchild; " + FOREVER)
    supervisor.start(one)
    grandchild = int((tmp_path / "grandchild").read_text())
    os.kill(pid_of(one), signal.SIGKILL)
    look_until(supervisor, lambda: not child.is_alive(grandchild))


def test_one_that_dies_all_the_time_ends_the_attempts(tmp_path: Path, supervisor: Supervisor) -> None:
    one = part(tmp_path, "one", "touch {ready}; echo my last words; sleep 0.05; exit 3")
    with pytest.raises(GaveUp, match=r"(?s)code 3.*my last words"):
        supervisor.start(one)
        supervisor.watch()
    assert "5 of 5 this minute" in said(supervisor)


def test_one_that_never_gets_ready_counts_as_dead(tmp_path: Path, supervisor: Supervisor) -> None:
    one = part(tmp_path, "one", "sleep 300", start_seconds=0.1)
    with pytest.raises(GaveUp, match="not ready"):
        supervisor.start(one)


def test_the_end_follows_the_order_given(tmp_path: Path, supervisor: Supervisor) -> None:
    script = "trap 'echo {name} >> {folder}/order; exit 0' TERM; touch {{ready}}; while :; do sleep 0.05; done"
    for name in ("database", "worker", "beat"):
        supervisor.start(part(tmp_path, name, script.format(name=name, folder=tmp_path)))
    supervisor.end(["beat", "worker", "database"])
    assert (tmp_path / "order").read_text().split() == ["beat", "worker", "database"]


def test_a_first_wish_to_stop_lets_a_part_finish(tmp_path: Path, supervisor: Supervisor) -> None:
    finishes = (
        f"trap 'sleep 0.5; echo done > {tmp_path}/work; exit 0' TERM; touch {{ready}}; while :; do sleep 0.05; done"
    )
    supervisor.start(part(tmp_path, "one", finishes))
    supervisor.asked_to_stop = 1
    supervisor.end([])
    assert (tmp_path / "work").read_text() == "done\n"


def test_a_second_wish_to_stop_waits_for_nobody(tmp_path: Path, supervisor: Supervisor) -> None:
    one = part(tmp_path, "one", DEAF, stop_seconds=300.0)
    supervisor.start(one)
    supervisor.asked_to_stop = 2
    supervisor.end([])
    assert one.process and one.process.returncode == -signal.SIGKILL


def test_a_part_that_does_not_end_in_time_is_ended(tmp_path: Path, supervisor: Supervisor) -> None:
    one = part(tmp_path, "one", DEAF, stop_seconds=0.2)
    supervisor.start(one)
    supervisor.end([])
    assert one.process and one.process.returncode == -signal.SIGKILL


def test_a_wish_to_stop_interrupts_a_start(tmp_path: Path, supervisor: Supervisor) -> None:
    supervisor.asked_to_stop = 1
    with pytest.raises(Stopped):
        supervisor.start(part(tmp_path, "one", FOREVER))


def test_a_signal_interrupts_work_of_our_own_and_is_counted_once(supervisor: Supervisor) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    supervisor.listen()
    try:
        with pytest.raises(Stopped), supervisor.busy():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)
        os.kill(os.getpid(), signal.SIGINT)
        assert supervisor.asked_to_stop == 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_killed_supervisor_leaves_no_part_behind(tmp_path: Path) -> None:
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
    wait_for(lambda: not child.is_alive(pid), "the part to end")


def test_a_closed_terminal_is_no_obstacle(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        Console(stream).part("one", "stopping")
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
