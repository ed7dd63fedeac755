"""The queues, and who works on which: named in one place for the settings, beat, and `up`."""

RUNS = "runs"  # what a person waits for
SCHEDULED = "scheduled"  # what runs by itself
TICKS = "ticks"  # for the workers of both, so that the tick waits behind neither
ALL = (RUNS, SCHEDULED, TICKS)

OF_PEOPLE = f"{RUNS},{TICKS}"
AUTOMATIC = f"{SCHEDULED},{TICKS}"
