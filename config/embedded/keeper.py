"""Runs the embedded Postgres for manage.py commands while `up` does not, and ends it when nobody needs it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from config.embedded import cluster, postgres, sockets
from config.embedded.cluster import Cluster
from config.embedded.data_dir import DataDir
from config.embedded.locks import Lock

IDLE_SECONDS = 3.0
POLL_SECONDS = 0.2
MOST_RESTARTS = 5


class Keeper:
    def __init__(self, place: Cluster) -> None:
        self.place = place
        self.users = Lock(place.data.locks / "users")
        self.told_to_stop = False
        self.restarts = 0

    def run(self) -> None:
        process = postgres.start(self.place)
        try:
            idle_since = time.monotonic()
            while not self.told_to_stop:
                if process.poll() is not None:
                    process = self.restart(process)
                state = self.who_is_there()
                if state == "users":
                    idle_since = time.monotonic()
                if state == "taken over" or (state == "nobody" and self.leaves(idle_since)):
                    return
                time.sleep(POLL_SECONDS)
        finally:
            postgres.stop(process)
            sockets.tidy(self.place.data)
            self.users.release()

    def who_is_there(self) -> str:
        """Commands share the users' lock; only `up` holds it alone, which means: make room."""
        if self.users.take():
            self.users.release()
            return "nobody"
        if self.users.take(shared=True):
            self.users.release()
            return "users"
        return "taken over"

    def leaves(self, idle_since: float) -> bool:
        """When idle for long enough: shuts the door, so that a command that comes now waits for the next keeper."""
        return time.monotonic() - idle_since > IDLE_SECONDS and self.users.take()

    def restart(self, process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        self.restarts += 1
        if self.restarts > MOST_RESTARTS:
            raise SystemExit(f"Postgres ended {self.restarts} times, the last time with {process.returncode}.")
        time.sleep(0.2 * self.restarts)
        return postgres.start(self.place)


def main() -> None:
    os.umask(0o077)
    data = DataDir(Path(sys.argv[1]))
    owner = Lock(data.locks / "owner")
    if not owner.wait(10):
        raise SystemExit("Another process already runs this database.")
    keeper = Keeper(cluster.prepare(data))

    def end(number: int, frame: FrameType | None) -> None:
        keeper.told_to_stop = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the command, not for what others share
    try:
        keeper.run()
    except cluster.StillRunning as exc:
        raise SystemExit(str(exc)) from None


if __name__ == "__main__":
    main()
