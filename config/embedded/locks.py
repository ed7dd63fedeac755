"""Locks between processes. The kernel releases them when the holder dies."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path


class Lock:
    """An flock on a file. Not inherited by child processes."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._descriptor: int | None = None

    def acquire(self, *, shared: bool = False) -> bool:
        """Try once, without waiting. Acquiring it again changes between shared and exclusive."""
        if self._descriptor is None:
            self._descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()  # flock has dropped the lock that was held before the change
            return False
        return True

    def wait(self, seconds: float, *, shared: bool = False, on_wait: Callable[[], None] | None = None) -> bool:
        """Try for that many seconds. Calls `on_wait` once, after the first second."""
        started = time.monotonic()
        while not self.acquire(shared=shared):
            passed = time.monotonic() - started
            if passed > seconds:
                return False
            if on_wait and passed > 1:
                on_wait()
                on_wait = None
            time.sleep(0.05)
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def write(self, text: str) -> None:
        """Store a description of the holder, for `read`. Meaningless once the lock is released."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, text.encode(), 0)

    def read(self) -> str:
        return self.file.read_text(errors="replace") if self.file.exists() else ""

    def is_free(self) -> bool:
        """Whether nobody holds it, including this process through another Lock."""
        probe = Lock(self.file)
        free = probe.acquire()
        probe.release()
        return free
