"""Runs the embedded Postgres for manage.py commands while `up` is not running, and stops it when it is idle."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from config.embedded import postgres, sockets
from config.embedded.cluster import Cluster, StillRunning, prepare
from config.embedded.data_dir import DataDir
from config.embedded.locks import Lock

IDLE_SECONDS = 3.0
POLL_SECONDS = 0.2
MAX_RESTARTS = 5


class Keeper:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.users = Lock(cluster.data.locks / "users")
        self.is_stopping = False
        self.restarts = 0

    def run(self) -> None:
        process = postgres.start(self.cluster)
        try:
            idle_since = time.monotonic()
            while not self.is_stopping:
                if process.poll() is not None:
                    process = self.restart(process)
                usage = self.usage()
                if usage == "shared":
                    idle_since = time.monotonic()
                if usage == "exclusive" or (usage == "none" and self.can_stop(idle_since)):
                    return
                time.sleep(POLL_SECONDS)
        finally:
            postgres.stop(process)
            sockets.remove_temporary_folders(self.cluster.data)
            self.users.release()

    def usage(self) -> str:
        """Who holds the users' lock: commands (shared), `up`, for which the keeper must stop (exclusive), or none."""
        if self.users.acquire():
            self.users.release()
            return "none"
        if self.users.acquire(shared=True):
            self.users.release()
            return "shared"
        return "exclusive"

    def can_stop(self, idle_since: float) -> bool:
        """Whether it is idle for long enough. Keeps the users' lock then, so that new commands wait for a new keeper."""
        return time.monotonic() - idle_since > IDLE_SECONDS and self.users.acquire()

    def restart(self, process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        self.restarts += 1
        if self.restarts > MAX_RESTARTS:
            raise SystemExit(f"Postgres ended {self.restarts} times, the last time with {process.returncode}.")
        time.sleep(0.2 * self.restarts)
        return postgres.start(self.cluster)


def main() -> None:
    os.umask(0o077)
    data = DataDir(Path(sys.argv[1]))
    owner = Lock(data.locks / "owner")
    if not owner.wait(10):
        raise SystemExit("Another process already runs this database.")
    keeper = Keeper(prepare(data))

    def stop(number: int, frame: FrameType | None) -> None:
        keeper.is_stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command; others may use the database
    try:
        keeper.run()
    except StillRunning as exc:
        raise SystemExit(str(exc)) from None


if __name__ == "__main__":
    main()
