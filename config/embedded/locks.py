"""Locks between processes: the kernel lets go of them when a holder dies, however it dies."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path


class Lock:
    """One flock on a file. Not inherited by programs that the holder starts."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._descriptor: int | None = None

    def take(self, *, shared: bool = False) -> bool:
        """Tries once, without waiting. Taking it again changes between shared and exclusive."""
        if self._descriptor is None:
            self._descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()  # a failed change has lost what was held before as well
            return False
        return True

    def wait(self, seconds: float, *, shared: bool = False, waiting: Callable[[], None] | None = None) -> bool:
        """Tries until the time is over; calls `waiting` once, when it did not succeed within a second."""
        started = time.monotonic()
        while not self.take(shared=shared):
            passed = time.monotonic() - started
            if passed > seconds:
                return False
            if waiting and passed > 1:
                waiting()
                waiting = None
            time.sleep(0.05)
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def write(self, text: str) -> None:
        """What the holder says about itself; of no weight once the lock is free."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, text.encode(), 0)

    def read(self) -> str:
        return self.file.read_text(errors="replace") if self.file.exists() else ""

    def is_free(self) -> bool:
        """Whether nobody holds it, not even this process through another object."""
        probe = Lock(self.file)
        free = probe.take()
        probe.release()
        return free
