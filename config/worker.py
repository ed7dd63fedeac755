"""A worker of `up`: like `celery worker`, but without Celery's command line, whose interactive shell takes 16 MB."""

import argparse
import logging
from types import SimpleNamespace

from billiard import process
from celery import platforms

from config.celery import app
from config.embedded.child import set_parent_death_signal

# Celery's own builds a parser of C in each process of the pool, which takes 2 MB.
platforms._set_pdeathsig = set_parent_death_signal  # type: ignore[attr-defined]
# In each process of the pool, billiard looks for handlers at all loggers, to give them new locks, and so copies 2 MB. Python does
# that itself by now (logging._after_at_fork_child_reinit_locks), so billiard finds only the root logger.
process.logging = SimpleNamespace(  # type: ignore[attr-defined]
    Logger=SimpleNamespace(manager=SimpleNamespace(loggerDict={})),
    PlaceHolder=logging.PlaceHolder,
    getLogger=logging.getLogger,
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.worker", description="Executes tasks.")
    parser.add_argument("--hostname", required=True, help="name of this worker, such as people@localhost")
    parser.add_argument("--queues", required=True, help="separated by commas")
    parser.add_argument("--concurrency", type=int, required=True, help="how many tasks at a time")
    options = parser.parse_args()
    worker = app.Worker(
        **vars(options), loglevel="INFO", without_gossip=True, without_mingle=True, without_heartbeat=True
    )
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    raise SystemExit(main())
