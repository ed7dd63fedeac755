"""Supervises the processes of `up`: starts them in groups, restarts one that dies, and stops them in groups.

Single-threaded: the kernel's parent-death signal follows the thread that forked (see `child.spawn`).
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from config.embedded import child, logs
from config.embedded.console import Console

MAX_DEATHS = 5
DEATH_WINDOW_SECONDS = 60.0
FIRST_RESTART_SECONDS = 0.25  # after the first death; each further one doubles it
POLL_SECONDS = 0.05
IDLE_POLL_SECONDS = 0.5  # once everything is ready
STOP_POLL_SECONDS = 0.02
# With less space than this, parts die without a fault of their own, and can't start.
LEAST_SPACE = 8 * 1024**2
FULL_DISK_POLL_SECONDS = 1.0
KILL_SECONDS = 3.0
# One Ctrl-C can arrive twice: from the terminal, and passed on by the program that started us.
SAME_PRESS_SECONDS = 0.5


Process = subprocess.Popen[bytes] | child.ForkedProcess


class StopRequested(Exception):
    """Somebody pressed Ctrl-C or sent a signal."""


class RestartLimitReached(Exception):
    """A process keeps dying. str() is the message for the console."""


def no_preparation() -> None:
    """The default for `SupervisedProcess.prepare`."""


@dataclass
class SupervisedProcess:
    """One child process: its command, how to tell that it is ready, and how to stop it."""

    name: str
    argv: list[str]
    log: Path
    is_ready: Callable[[], bool]
    ready_message: str = ""
    prepare: Callable[[], None] = no_preparation  # called before each start
    env: Mapping[str, str] | None = None
    cwd: Path | str = "/"
    account: tuple[int, int] | None = None
    start_seconds: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    kill_signal: signal.Signals = signal.SIGKILL
    parent_death_signal: signal.Signals = signal.SIGKILL
    # Whether to fork this process instead of starting a new interpreter: see `child.fork_module`.
    is_forked: bool = False

    process: Process | None = field(default=None, repr=False)
    started_at: float = 0.0
    ready: bool = False
    deaths: list[float] = field(default_factory=list)
    restart_at: float | None = None
    log_follower: logs.Follower | None = field(default=None, repr=False)


class Supervisor:
    def __init__(self, console: Console) -> None:
        self.console = console
        self.processes: list[SupervisedProcess] = []
        self.stop_requests = 0  # from the second on, nothing waits for running work
        self._last_request_at = 0.0
        self._is_interruptible = False

    # ------------------------------------------------------------------ signals

    def handle_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._last_request_at > SAME_PRESS_SECONDS:
            self.stop_requests += 1
        self._last_request_at = now
        if self._is_interruptible:
            raise StopRequested

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """For work in this process that never calls `pause`: a stop request interrupts it at once."""
        if self.stop_requests:
            raise StopRequested
        self._is_interruptible = True
        try:
            yield
        finally:
            self._is_interruptible = False

    def pause(self) -> None:
        """Wait a moment. Raises StopRequested after a stop request."""
        if self.stop_requests:
            raise StopRequested
        is_idle = all(supervised.ready for supervised in self.processes)
        with self.interruptible():
            time.sleep(IDLE_POLL_SECONDS if is_idle else POLL_SECONDS)
        self._follow_logs()

    # ------------------------------------------------------------------ start and restart

    def start(self, *group: SupervisedProcess) -> None:
        """Start processes together and wait until all are ready, while supervising those started before them."""
        if self.stop_requests:
            raise StopRequested
        for supervised in group:
            self.processes.append(supervised)
            supervised.log_follower = logs.Follower(supervised.log)
            self._spawn(supervised)
        while not all(supervised.ready for supervised in group):
            self.pause()
            self.check_all()

    def _spawn(self, supervised: SupervisedProcess) -> None:
        supervised.prepare()
        supervised.ready = False
        supervised.restart_at = None
        supervised.started_at = time.monotonic()
        with logs.open_log(supervised.log) as log:
            if supervised.is_forked:
                supervised.process = child.fork_module(
                    supervised.name,
                    supervised.argv,
                    log=log,
                    env=supervised.env or {},
                    cwd=supervised.cwd,
                    parent_death_signal=supervised.parent_death_signal,
                )
                return
            supervised.process = child.spawn(
                supervised.argv,
                log=log,
                env=supervised.env,
                cwd=supervised.cwd,
                account=supervised.account,
                parent_death_signal=supervised.parent_death_signal,
            )

    def run_forever(self) -> None:
        """Supervise until StopRequested or RestartLimitReached is raised."""
        while True:
            self.pause()
            self.check_all()

    def check_all(self) -> None:
        for supervised in self.processes:
            self._check(supervised)

    def _check(self, supervised: SupervisedProcess) -> None:
        now = time.monotonic()
        if supervised.process is None:
            if supervised.restart_at is not None and now >= supervised.restart_at:
                if has_full_disk(supervised):
                    supervised.restart_at = now + FULL_DISK_POLL_SECONDS
                else:
                    self._spawn(supervised)
            return
        if has_ended(supervised.process):
            self._handle_death(supervised, "died")
        elif supervised.ready:
            return
        elif supervised.is_ready():
            supervised.ready = True
            message = "running again" if supervised.deaths else supervised.ready_message or "ready"
            self.console.event(supervised.name, f"{message} ({now - supervised.started_at:.1f} s)")
        elif now - supervised.started_at > supervised.start_seconds:
            self._handle_death(supervised, f"wasn't ready within {supervised.start_seconds:.0f} s and was stopped")

    def _handle_death(self, supervised: SupervisedProcess, how: str) -> None:
        """Schedule a restart with exponential backoff. Raises RestartLimitReached at the sixth death within a minute.

        While the disk is full, deaths don't count, and the restart waits for space.
        """
        now = time.monotonic()
        if supervised.process is not None:
            # Processes left in its group would be in the way of the next start.
            self._signal_group(supervised, signal.SIGKILL)
            how = f"{how} ({exit_reason(supervised.process.wait())})"
        supervised.process, supervised.ready = None, False
        if has_full_disk(supervised):
            supervised.restart_at = now + FULL_DISK_POLL_SECONDS
            self.console.warning(
                supervised.name,
                f"{how}: the disk of {supervised.log.parent} is full. It starts again when there is space",
            )
            return
        supervised.deaths = [at for at in supervised.deaths if now - at < DEATH_WINDOW_SECONDS] + [now]
        if len(supervised.deaths) > MAX_DEATHS:
            raise RestartLimitReached(
                f"{supervised.name} {how} for the {len(supervised.deaths)}th time within a minute, so restarting "
                f"doesn't help. The end of {supervised.log}:\n"
                f"{logs.last_lines(supervised.log, 5)}"
            )
        supervised.restart_at = now + FIRST_RESTART_SECONDS * 2 ** (len(supervised.deaths) - 1)
        self.console.warning(
            supervised.name, f"{how}, restarting, {len(supervised.deaths)} of {MAX_DEATHS} this minute"
        )

    def _follow_logs(self) -> None:
        for supervised in self.processes:
            if supervised.log_follower:
                for line in supervised.log_follower.new_lines():
                    self.console.event(supervised.name, line)
                supervised.log_follower.rotate_if_large()

    # ------------------------------------------------------------------ stop

    def stop(self, groups: Iterable[Iterable[str]]) -> None:
        """Stop all processes, one group of names after the other; those in no group come last.

        The processes of one group are signaled in the given order and stop at the same time.
        """
        by_name = {supervised.name: supervised for supervised in self.processes}
        for group in groups:
            self._stop_together([by_name.pop(name) for name in group if name in by_name])
        self._stop_together(by_name.values())
        self._follow_logs()
        self.processes.clear()

    def _stop_together(self, group: Iterable[SupervisedProcess]) -> None:
        running: list[tuple[SupervisedProcess, Process]] = []
        for supervised in group:
            if supervised.process is not None:
                self.console.event(supervised.name, "stopping")
                supervised.process.send_signal(supervised.stop_signal)
                running.append((supervised, supervised.process))
        signaled_at = time.monotonic()
        while running:
            waited = time.monotonic() - signaled_at
            for supervised, process in list(running):
                if not has_ended(process):
                    if waited < supervised.stop_seconds and self.stop_requests < 2:
                        continue
                    self.console.warning(supervised.name, "stopped without waiting for it")
                    self._kill(supervised, process)
                self._signal_group(supervised, signal.SIGKILL)
                process.wait()
                running.remove((supervised, process))
            if running:
                time.sleep(STOP_POLL_SECONDS)
                self._follow_logs()

    def _kill(self, supervised: SupervisedProcess, process: Process) -> None:
        self._signal_group(supervised, supervised.kill_signal)
        deadline = time.monotonic() + KILL_SECONDS
        while not has_ended(process) and time.monotonic() < deadline:
            time.sleep(STOP_POLL_SECONDS)

    def _signal_group(self, supervised: SupervisedProcess, number: signal.Signals) -> None:
        """Signal the process and its descendants. Call it before `wait`: until then its ID cannot be reused."""
        if supervised.process is not None and supervised.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(supervised.process.pid, number)


def has_ended(process: Process) -> bool:
    """Whether the process has ended. Does not reap it, so its ID stays reserved until `wait`."""
    if process.returncode is not None:
        return True
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def has_full_disk(supervised: SupervisedProcess) -> bool:
    return shutil.disk_usage(supervised.log.parent).free < LEAST_SPACE


def exit_reason(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"
