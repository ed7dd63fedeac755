"""Beat, and its scheduler."""

from typing import Any

from celery import beat

from config.celery import app


class LocalScheduler(beat.Scheduler):
    """Runs the tasks of the schedule itself, one after the other, instead of sending messages.

    So they wait behind no run, and no other process has to load what they need. It keeps no state file, because the schedule is
    fixed (config.celery).
    """

    # No connection to the queue: what the tasks send has its own.
    producer = None  # type: ignore[assignment]

    def apply_async(self, entry: Any, producer: Any = None, advance: bool = True, **kwargs: Any) -> Any:
        return app.tasks[entry.task].apply()

    def adjust(self, n: int, drift: float = 0.001) -> float:
        """Wake up just after a task is due. Celery wakes up 10 ms before, and then asks in a loop whether it is."""
        return super().adjust(n, drift)


def main() -> None:
    """Like `celery beat`, but without Celery's command line, as in config.worker."""
    app.Beat(loglevel="INFO").run()


if __name__ == "__main__":
    main()
