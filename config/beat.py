"""Beat, and its scheduler."""

import logging
from typing import Any

from celery import beat
from django.db import Error

from config.celery import app

log = logging.getLogger(__name__)


class LocalScheduler(beat.Scheduler):
    """Runs the tasks of the schedule itself, one after the other, instead of sending messages.

    So they wait behind no run, and no other process has to load what they need. It keeps no state file, because the schedule is
    fixed (config.celery).
    """

    # No connection to the queue: what the tasks send has its own.
    producer = None  # type: ignore[assignment]

    def apply_async(self, entry: Any, producer: Any = None, advance: bool = True, **kwargs: Any) -> Any:
        try:
            return app.tasks[entry.task].apply(throw=True)
        except Error as error:
            # One line, because it comes again every few seconds until the database is back.
            log.error("%s was skipped, because the database failed: %s", entry.task, type(error).__name__)
            return None

    def adjust(self, n: int, drift: float = 0.001) -> float:
        """Wake up just after a task is due. Celery wakes up 10 ms before, and then asks in a loop whether it is."""
        return super().adjust(n, drift)


def main() -> None:
    """Like `celery beat`, but without Celery's command line, as in config.worker."""
    app.Beat(loglevel="INFO").run()


if __name__ == "__main__":
    main()
