"""The state that readiness probes report, without waiting for the database."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import close_old_connections

from diagnostics.operations.queries import system

log = logging.getLogger(__name__)

FRESH_SECONDS = 2.0
STALE_SECONDS = 10.0  # an older result isn't used
ACTIVE_SECONDS = 60.0  # the checks pause this long after the last probe
WAIT_SECONDS = 0.25  # how long a probe waits for a result if there is no fresh one
FIRST_WAIT_SECONDS = 1.0  # for the first one of a process, which connects and loads code; probes wait longer than that
UNKNOWN = system.SystemPart("database", "Database", system.BROKEN, "No recent check.")

Check = Callable[[], Sequence[system.SystemPart]]


@dataclass
class ReadinessMonitor:
    """Checks the parts on a background thread while probes come in, and returns the last result."""

    check: Check
    parts: Sequence[system.SystemPart] = ()
    checked_at: float = float("-inf")
    last_probe_at: float = float("-inf")
    changed: threading.Condition = field(default_factory=threading.Condition)
    thread: threading.Thread | None = None

    def latest(self) -> Sequence[system.SystemPart]:
        with self.changed:
            self.last_probe_at = time.monotonic()
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self._keep_checking, daemon=True, name="readiness")
                self.thread.start()
            self.changed.notify_all()
            if self._age() > STALE_SECONDS:
                seconds = WAIT_SECONDS if self.parts else FIRST_WAIT_SECONDS
                self.changed.wait_for(lambda: self._age() < FRESH_SECONDS, seconds)
            return self.parts if self._age() < STALE_SECONDS else [UNKNOWN]

    def _age(self) -> float:
        return time.monotonic() - self.checked_at

    def _keep_checking(self) -> None:
        while True:
            parts = self._check_once()
            with self.changed:
                self.parts, self.checked_at = parts, time.monotonic()
                self.changed.notify_all()
                self.changed.wait_for(lambda: False, FRESH_SECONDS)
                self.changed.wait_for(lambda: time.monotonic() - self.last_probe_at < ACTIVE_SECONDS)

    def _check_once(self) -> Sequence[system.SystemPart]:
        close_old_connections()
        try:
            return self.check()
        except Exception:  # the thread must not end
            log.exception("The readiness check failed.")
            return [UNKNOWN]
        finally:
            close_old_connections()


_monitor = ReadinessMonitor(lambda: list(system.parts_for_readiness()))


def latest() -> Sequence[system.SystemPart]:
    """The parts without which nobody can be served, as they were a moment ago."""
    return _monitor.latest() if settings.READINESS_IN_BACKGROUND else list(system.parts_for_readiness())
