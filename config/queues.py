"""Names of the Celery queues, and which queues each kind of worker consumes."""

RUNS = "runs"  # runs that people start
SCHEDULED = "scheduled"  # scheduled runs
TICKS = "ticks"  # consumed by both kinds of worker, so that a tick never waits behind runs
ALL = (RUNS, SCHEDULED, TICKS)

INTERACTIVE = f"{RUNS},{TICKS}"
BACKGROUND = f"{SCHEDULED},{TICKS}"
