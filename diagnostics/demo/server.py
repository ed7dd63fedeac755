"""Serve the demo orgs on 127.0.0.1, one port each: in this process, or as `python -m diagnostics.demo.server`."""

import argparse
import atexit
import signal
import socketserver
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from diagnostics.demo.app import DemoApp
from diagnostics.demo.hostile import hostile_clients
from diagnostics.demo.log import RequestLog
from diagnostics.demo.orgs import KEYS, PUBLISHED, REGION, Endpoint, load_endpoint
from diagnostics.demo.tokens import Allowance

HOST = "127.0.0.1"
DEFAULT_PORT = 8901


class Handler(WSGIRequestHandler):
    """Passes on the raw target, times out slow senders, and writes no access log."""

    timeout = 30
    wbufsize = -1  # status, headers and body of a response in one packet, instead of one for each line

    def get_environ(self) -> dict[str, Any]:
        return {**super().get_environ(), "RAW_TARGET": self.path, "SCRIPT_NAME": ""}

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def handle(self) -> None:
        with suppress(OSError):  # the client closed the connection
            super().handle()


class DemoServer(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def server_bind(self) -> None:
        """Skips the reverse lookup of the standard server, which can take seconds without DNS."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores broken connections. The app logs its own errors."""


@dataclass(frozen=True)
class Running:
    """The running demo orgs. `orgs` is keyed by endpoint; tests may change their state."""

    servers: tuple[DemoServer, ...]
    orgs: dict[str, Endpoint]
    log: RequestLog
    stopping: threading.Event

    @property
    def ports(self) -> dict[str, int]:
        return {key: server.server_port for key, server in zip(self.orgs, self.servers, strict=True)}

    @property
    def urls(self) -> dict[str, str]:
        return {key: f"http://{HOST}:{port}" for key, port in self.ports.items()}

    @property
    def endpoints(self) -> dict[str, dict[str, str]]:
        """The value of the setting GENESYS_ENDPOINTS, with one region per demo org."""
        return {REGION.format(key=key): {"api": url, "login": url} for key, url in self.urls.items()}

    @property
    def issued_tokens(self) -> tuple[str, ...]:
        apps = [server.get_app() for server in self.servers]
        return tuple(token for app in apps if isinstance(app, DemoApp) for token in app.tokens.issued)

    def stop(self) -> None:
        self.stopping.set()
        for server in self.servers:
            server.shutdown()
            server.server_close()


def start(port: int = 0, stop_within_s: float = 0.02) -> Running:
    """Serves on `port` and the next one, or on two free ports. Raises OSError if a port is in use.

    Each server wakes up every `stop_within_s` seconds to see whether it should stop.
    """
    log, stopping = RequestLog(), threading.Event()
    orgs = {key: load_endpoint(key) for key in KEYS}
    main_org = orgs[PUBLISHED].orgs[0]
    main_org.add_clients(hostile_clients(main_org))
    servers: list[DemoServer] = []
    try:
        for number, key in enumerate(KEYS):
            server = DemoServer((HOST, port + number if port else 0), Handler)
            servers.append(server)
            server.set_app(DemoApp(orgs[key], log, stopping))
    except OSError:
        for server in servers:
            server.server_close()
        raise
    for server in servers:
        threading.Thread(target=partial(server.serve_forever, stop_within_s), name="demo-org", daemon=True).start()
    return Running(tuple(servers), orgs, log, stopping)


@contextmanager
def serve(
    endpoint: Endpoint, latency_s: float = 0.0, *, allowance: Allowance | None = None, log: RequestLog | None = None
) -> Iterator[str]:
    """Serves one endpoint on a free port during the block. Yields its URL. Delays each response by `latency_s` seconds."""
    server, stopping = DemoServer((HOST, 0), Handler), threading.Event()
    app = DemoApp(endpoint, log or RequestLog(), stopping, allowance)

    def answer_late(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        stopping.wait(latency_s)
        return app(environ, start_response)

    server.set_app(answer_late if latency_s else app)
    threading.Thread(target=partial(server.serve_forever, 0.02), name="demo-org", daemon=True).start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        stopping.set()
        server.shutdown()
        server.server_close()


class OneServer:
    """Serves endpoints one after another on one free port, for callers that would otherwise start a server for each."""

    def __init__(self) -> None:
        self._server = DemoServer((HOST, 0), Handler)
        self._stopping = threading.Event()
        threading.Thread(target=partial(self._server.serve_forever, 0.5), name="demo-org", daemon=True).start()

    def serve(self, endpoint: Endpoint) -> str:
        """Serve this endpoint from now on, and end slow responses of the one before. Returns its URL."""
        self._stopping.set()
        self._stopping = threading.Event()
        self._server.set_app(DemoApp(endpoint, RequestLog(), self._stopping))
        return f"http://{HOST}:{self._server.server_port}"


_shared: list[Running] = []
_shared_lock = threading.Lock()


def ensure_running() -> Running:
    """The demo orgs in this process, started by the first call and stopped at exit."""
    with _shared_lock:
        if not _shared or _shared[0].stopping.is_set():
            _shared[:] = [start()]
            atexit.register(_shared[0].stop)
        return _shared[0]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="diagnostics.demo.server", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="first of two ports (default %(default)s)")
    port = parser.parse_args(arguments).port
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        running = start(port, stop_within_s=0.5)
    except (OSError, OverflowError) as error:
        print(
            f"The demo orgs can't use ports {port} and {port + 1}: {error}. Choose others with --port.",
            file=sys.stderr,
        )
        return 1
    for key, url in running.urls.items():
        print(f"demo org {key}: {url}", flush=True)
    ended.wait()
    running.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
