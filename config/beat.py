"""Beat, and its scheduler."""

from celery import beat

from config.celery import app


class FixedScheduler(beat.Scheduler):
    """Keeps no state file, because the schedule is fixed (config.celery).

    Celery wakes up 10 ms before a message is due and then asks in a loop whether it is, which takes most of beat's processor
    time. This one wakes up just afterwards.
    """

    def adjust(self, n: int, drift: float = 0.001) -> float:
        return super().adjust(n, drift)


def main() -> None:
    """Like `celery beat`, but without Celery's command line, as in config.worker."""
    app.Beat(loglevel="INFO").run()


if __name__ == "__main__":
    main()
