"""Starts the web processes on one port, replaces one that dies, and stops them on SIGTERM or SIGINT."""

import argparse
import logging
import os
import resource
import signal
import socket
import sys
import time
from types import FrameType

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from config.embedded.child import die_with_parent
from config.web.server import make_server, prepare_process
from config.wsgi import application

log = logging.getLogger("config.web")

PROCESSES = 2
OPEN_FILES = 65_536
RESTART_SECONDS = 1.0
POLL_SECONDS = 0.25
STOP_SECONDS = 5.0  # then remaining processes are killed


def main() -> None:
    options = _parse_arguments()
    _raise_open_file_limit()
    listener = socket.create_server((options.host, options.port), backlog=2048)
    Master(listener, options.processes).run()


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m config.web", description="Serves the pages.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default %(default)s)")
    parser.add_argument("--processes", type=int, default=PROCESSES, help="how many (default %(default)s)")
    return parser.parse_args()


def _raise_open_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


class Master:
    """Forks the web processes, which share its listening socket and loaded code. Serves no requests itself."""

    def __init__(self, listener: socket.socket, processes: int) -> None:
        self.listener = listener
        self.process_count = processes
        self.started_at: dict[int, float] = {}  # by process ID
        self.is_stopping = False

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        while not self.is_stopping:
            while len(self.started_at) < self.process_count and not self.is_stopping:
                self._start()
            self._reap()
        self.listener.close()
        self._stop()

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        self.is_stopping = True

    def _start(self) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid:
            self.started_at[pid] = time.monotonic()
            return
        code = 1
        try:
            die_with_parent(signal.SIGKILL, parent)
            _serve(self.listener)
            code = 0
        except BaseException:
            log.exception("A web process failed.")
        finally:
            logging.shutdown()
            sys.stdout.flush()
            os._exit(code)

    def _reap(self) -> None:
        # Polls, because a signal just before a blocking wait would not interrupt it.
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            time.sleep(POLL_SECONDS)
            return
        started = self.started_at.pop(pid, 0.0)
        if self.is_stopping:
            return
        log.error("A web process died (%s). Starting another.", os.waitstatus_to_exitcode(status))
        if time.monotonic() - started < RESTART_SECONDS:
            time.sleep(RESTART_SECONDS)

    def _stop(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        for number, until in ((signal.SIGTERM, deadline), (signal.SIGKILL, deadline + 1)):
            for pid in self.started_at:
                os.kill(pid, number)
            while self.started_at and time.monotonic() < until:
                pid, _ = os.waitpid(-1, os.WNOHANG)
                self.started_at.pop(pid, None)
                if not pid:
                    time.sleep(0.02)


def _serve(listener: socket.socket) -> None:
    prepare_process(settings.DATA_DIR / "spool")
    connections[DEFAULT_DB_ALIAS].settings_dict["OPTIONS"].update(
        {**settings.PAGE_TIMEOUTS, **settings.DATABASE["OPTIONS"]}
    )
    server = make_server(application, listener)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: server.stop())
    server.run()


if __name__ == "__main__":
    main()
