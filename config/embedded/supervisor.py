"""Keeps the parts of `up` running: ordered start, restart of what dies, ordered end. It has no threads."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from config.embedded import child, logs
from config.embedded.console import Console

MOST_DEATHS = 5
WITHIN_SECONDS = 60.0
POLL_SECONDS = 0.1
# One Ctrl-C can arrive twice: from the terminal, and passed on by the program that started us.
SAME_PRESS_SECONDS = 0.5


class Stopped(Exception):
    """Somebody asked for the end, by Ctrl-C or a signal."""


class GaveUp(Exception):
    """A part cannot be kept running; str() is the sentence for the console."""


def nothing() -> None:
    """A part without preparation."""


@dataclass
class SupervisedProcess:
    """One child process, and how to start, ask and end it."""

    name: str
    argv: list[str]
    log: Path
    is_ready: Callable[[], bool]
    about: str = ""  # said when it is ready
    before: Callable[[], None] = nothing  # runs before each start
    env: Mapping[str, str] | None = None
    cwd: Path | str = "/"
    account: tuple[int, int] | None = None
    start_seconds: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    hard_signal: signal.Signals = signal.SIGKILL
    death_signal: signal.Signals = signal.SIGKILL

    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started_at: float = 0.0
    ready: bool = False
    deaths: list[float] = field(default_factory=list)
    start_again_at: float | None = None
    followed: logs.Follower | None = field(default=None, repr=False)


class Supervisor:
    def __init__(self, console: Console) -> None:
        self.console = console
        self.parts: list[SupervisedProcess] = []
        self.asked_to_stop = 0
        self._last_press = 0.0
        self._busy = False

    # ------------------------------------------------------------------ signals

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._last_press > SAME_PRESS_SECONDS:
            self.asked_to_stop += 1
        self._last_press = now
        if self._busy:
            raise Stopped

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Around work in this process that never pauses: there the wish to stop interrupts at once."""
        if self.asked_to_stop:
            raise Stopped
        self._busy = True
        try:
            yield
        finally:
            self._busy = False

    def pause(self) -> None:
        """Waits one look; raises Stopped when the end was asked for meanwhile."""
        if self.asked_to_stop:
            raise Stopped
        time.sleep(POLL_SECONDS)
        self._follow_logs()

    # ------------------------------------------------------------------ start

    def start(self, part: SupervisedProcess) -> None:
        """Starts a part and waits until it takes work; meanwhile the parts before it are looked after."""
        if self.asked_to_stop:
            raise Stopped
        self.parts.append(part)
        part.followed = logs.Follower(part.log)
        self._spawn(part)
        while not part.ready:
            self.pause()
            self.look_after()

    def _spawn(self, part: SupervisedProcess) -> None:
        part.before()
        part.ready = False
        part.start_again_at = None
        part.started_at = time.monotonic()
        with logs.open_log(part.log) as log:
            part.process = child.spawn(
                part.argv, log=log, env=part.env, cwd=part.cwd, account=part.account, death_signal=part.death_signal
            )

    # ------------------------------------------------------------------ look after

    def watch(self) -> None:
        """Returns never: ends by Stopped or GaveUp."""
        while True:
            self.pause()
            self.look_after()

    def look_after(self) -> None:
        for part in self.parts:
            self._look_at(part)

    def _look_at(self, part: SupervisedProcess) -> None:
        now = time.monotonic()
        if part.process is None:
            if part.start_again_at is not None and now >= part.start_again_at:
                self._spawn(part)
            return
        if has_ended(part.process):
            self._died(part, "died")
        elif not part.ready and part.is_ready():
            part.ready = True
            took = f"({now - part.started_at:.1f} s)"
            self.console.part(part.name, f"{'running again' if part.deaths else part.about or 'ready'} {took}")
        elif not part.ready and now - part.started_at > part.start_seconds:
            self._died(part, f"was not ready within {part.start_seconds:.0f} s and was ended")

    def _died(self, part: SupervisedProcess, how: str) -> None:
        """Plans the restart, later each time; the sixth death within a minute ends everything."""
        now = time.monotonic()
        if part.process is not None:
            self._end_group(part, signal.SIGKILL)  # whatever of its group is left would be in the next one's way
            how = f"{how} ({how_it_ended(part.process.wait())})"
        part.process, part.ready = None, False
        part.deaths = [moment for moment in part.deaths if now - moment < WITHIN_SECONDS] + [now]
        if len(part.deaths) > MOST_DEATHS:
            raise GaveUp(
                f"{part.name} {how} for the {len(part.deaths)}th time within a minute, so something is wrong that "
                f"a restart does not mend. Its last words, from {part.log}:\n{logs.last_lines(part.log, 5)}"
            )
        part.start_again_at = now + 0.25 * 2 ** (len(part.deaths) - 1)
        self.console.trouble(part.name, f"{how}, restarting, {len(part.deaths)} of {MOST_DEATHS} this minute")

    def _follow_logs(self) -> None:
        for part in self.parts:
            if part.followed:
                for line in part.followed.new_lines():
                    self.console.part(part.name, line)
                part.followed.shorten()

    # ------------------------------------------------------------------ end

    def end(self, order: list[str]) -> None:
        """Ends the parts one after the other, in the order of their names; a name not given comes last."""
        place = {name: position for position, name in enumerate(order)}
        for part in sorted(self.parts, key=lambda part: place.get(part.name, len(order))):
            self._end(part)
        self._follow_logs()
        self.parts.clear()

    def _end(self, part: SupervisedProcess) -> None:
        if part.process is None:
            return
        self.console.part(part.name, "stopping")
        part.process.send_signal(part.stop_signal)
        deadline = time.monotonic() + part.stop_seconds
        while not has_ended(part.process) and time.monotonic() < deadline and self.asked_to_stop < 2:
            time.sleep(0.02)
            self._follow_logs()
        if not has_ended(part.process):
            self.console.trouble(part.name, "stopped without waiting for it")
            self._end_hard(part, part.process)
        self._end_group(part, signal.SIGKILL)
        part.process.wait()

    def _end_hard(self, part: SupervisedProcess, process: subprocess.Popen[bytes]) -> None:
        self._end_group(part, part.hard_signal)
        deadline = time.monotonic() + 3
        while not has_ended(process) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _end_group(self, part: SupervisedProcess, number: signal.Signals) -> None:
        """Signals the part and what it started. Call it before waiting for the part: until then the id is its own."""
        if part.process is not None and part.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(part.process.pid, number)


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended, without waiting for it: as long as nobody has, its id cannot be given to another."""
    if process.returncode is not None:
        return True
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def how_it_ended(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"
