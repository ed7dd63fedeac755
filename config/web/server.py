"""One web process: waitress with client limits, and separate threads for probes and exports.

Waitress receives and sends in an event loop and gives a request a thread once it has arrived completely, so a slow client
costs a connection and a temporary file, but no thread. This module adds deadlines for slow requests and for responses that
are not read, a limit on buffered bytes, and eviction of idle connections when there are too many.
"""

import copy
import json
import logging
import resource
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import uuid4

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher
from waitress.utilities import Error

access_log = logging.getLogger("access")

MAX_CONNECTIONS = 1000  # per process; beyond that, the longest idle connection is closed
OTHER_FILES = 100  # open files of a process besides connections: database, logs, modules
HEADER_BYTES = 32 * 1024
MEMORY_BYTES = 64 * 1024  # of one request or response; the rest is buffered in an unnamed temporary file
MAX_BUFFERED_BYTES = 1_000_000_000  # of all requests and responses of one process
HEADER_SECONDS = 15
BODY_SECONDS = 20
BODY_BYTES_PER_SECOND = 4096  # each 4 kB received extends BODY_SECONDS by one second
IDLE_SECONDS = 65  # for a connection between two requests, and for a response that is not read
MIN_BYTES_READ = 60_000  # of a response, in IDLE_SECONDS
LINGER_SECONDS = 5  # how long a refused client may keep sending and still read the response
STOP_SECONDS = 4.5
FLUSH_SECONDS = 1.5  # at shutdown, for finished responses that the client has not read

# The interpreter's default of 5 ms would delay a page after each database query while an export runs.
SWITCH_SECONDS = 0.001

BODY_BYTES = 17_000_000  # a little above DATA_UPLOAD_MAX_MEMORY_SIZE, so that Django can render its error page
# By path prefix. /diagnose/ accepts a HAR of 64 MB.
BODY_BYTES_BY_PATH = {"/diagnose/": 70_000_000, "/login/": 100_000}

PAGE_THREADS = 4
MAX_QUEUED_EXPORTS = 8  # per process; the next is refused
EXPORT_PAUSE_SECONDS = 0.2  # how long an export waits for pages before each chunk, at most
POLL_SECONDS = 0.005
# Name -> path prefixes and number of threads. Exports take seconds, and probes must never wait for a page.
THREAD_POOLS: dict[str, tuple[tuple[str, ...], int]] = {
    "probes": (("/health/",), 1),
    "exports": (("/runs/export/", "/settings/audit-log/export/"), 1),
    "pages": (("",), PAGE_THREADS),
}

ERROR_MESSAGES = {
    400: "The request isn't valid HTTP, so it wasn't read.",
    408: "The request took too long to arrive, so it was dropped. Check your connection and send it again.",
    413: "The request is too large, so it wasn't read. Send less at a time: a HAR may have 64 MB, a form 16 MB.",
    431: "The request's address and headers are too large: 32 kB at most. Shorten the address or clear this site's cookies.",
    500: "An unexpected error on our side. See the server log.",
    501: "The request uses a transfer encoding that this server doesn't support. Send it chunked or with a length.",
    503: "The server is busy receiving other requests. Send it again in a minute.",
}


class Timeout(Error):
    code = 408
    reason = "Request Timeout"


class TooManyConnections(Error):
    code = 503
    reason = "Service Unavailable"


class ExportsBusy(TooManyConnections):
    message = "The server is busy with other exports. Try again in a minute."


class LimitedRequest(HTTPRequestParser):
    """A request that is being received. `adj` has the limits for its path."""

    adj: Adjustments
    path: str = ""
    command: str = ""

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.started_at = time.monotonic()

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        limit = next((size for prefix, size in BODY_BYTES_BY_PATH.items() if self.path.startswith(prefix)), BODY_BYTES)
        self.adj = copy.copy(self.adj)
        self.adj.max_request_body_size = limit
        if self.content_length >= limit:
            self.expect_continue = False  # the request is refused anyway

    def is_overdue(self, now: float) -> bool:
        body_seconds = BODY_SECONDS + self.body_bytes_received / BODY_BYTES_PER_SECOND
        return now - self.started_at > (body_seconds if self.headers_finished else HEADER_SECONDS)


class RefusedRequestTask(ErrorTask):
    """The response to a request that waitress refuses: a message, the request ID and a line in the access log."""

    def execute(self) -> None:
        error, request = self.request.error, self.request
        message = getattr(error, "message", "") or ERROR_MESSAGES.get(error.code, error.reason)
        media_type, body = "text/plain; charset=utf-8", f"{message}\n"
        if request.path.startswith("/api/"):
            media_type, body = "application/problem+json", _problem(error.code, message)
        id = uuid4().hex
        self.status = f"{error.code} {error.reason}"
        self.response_headers += [("Content-Type", media_type), ("X-Request-ID", id), ("Cache-Control", "no-store")]
        if error.code == 503:
            self.response_headers.append(("Retry-After", "60"))
        self.set_close_on_finish()
        content = body.encode()
        self.content_length = len(content)
        self.channel.is_refused = True
        self.write(content)
        fields = {"method": request.command or "-", "path": request.path[:500] or "-", "status": error.code}
        access_log.info("%s %s %s", *fields.values(), extra={**fields, "ms": 0.0})


def _problem(status: int, detail: str) -> str:
    """Problem details (RFC 9457) with the keys that the API uses."""
    title = HTTPStatus(status).phrase
    code = title.lower().replace(" ", "_")
    problem = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail, "errors": []}
    return json.dumps(problem)


class ConnectionChannel(HTTPChannel):
    parser_class = LimitedRequest
    error_task_class = RefusedRequestTask
    request: LimitedRequest | None
    requests: list[LimitedRequest]
    is_refused = False
    lingers_until: float | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.measured_at = time.monotonic()
        self.unsent_bytes = 0  # at that time

    @property
    def buffered_bytes(self) -> int:
        arriving = self.request.body_bytes_received if self.request is not None else 0
        return int(self.total_outbufs_len + arriving + sum(request.body_bytes_received for request in self.requests))

    @property
    def is_busy(self) -> bool:
        """Whether there is a request whose response has not been sent completely."""
        return bool(self.requests or self.total_outbufs_len)

    def enforce_deadlines(self, now: float) -> None:
        """Refuse a request that arrives too slowly. Drop a response that is read too slowly."""
        if self.lingers_until is not None:
            if now > self.lingers_until:
                self.drop()
        elif self.request is not None and not self.requests and self.request.is_overdue(now):
            self.refuse(Timeout(""))
        elif not self.total_outbufs_len:
            self.measured_at, self.unsent_bytes = now, 0
        elif now - self.measured_at > IDLE_SECONDS and not self.requests:
            if self.unsent_bytes and self.unsent_bytes - self.total_outbufs_len < MIN_BYTES_READ:
                self.drop()
            self.measured_at, self.unsent_bytes = now, self.total_outbufs_len

    def refuse(self, error: Error) -> None:
        """Send an error response to a request that is still arriving."""
        with self.requests_lock:
            if self.request is None:
                return
            request, self.request = self.request, None
            request.completed, request.error, request.expect_continue = True, error, False
            self.requests.append(request)
        self.server.add_task(self)

    def drop(self) -> None:
        self.lingers_until = 0.0
        self.will_close = True

    # A refused client is often still sending. Closing the socket then would reset the connection before the client has
    # read the response, so the response is finished first and incoming data is discarded for LINGER_SECONDS.

    def handle_close(self) -> None:
        if self.is_refused and self.connected and self.lingers_until is None:
            self.will_close = self.close_when_flushed = False
            self.lingers_until = time.monotonic() + LINGER_SECONDS
            try:
                self.socket.shutdown(socket.SHUT_WR)
                return
            except OSError:
                pass
        super().handle_close()
        if self.request is not None:
            self.request.close()  # also closes its temporary file

    def readable(self) -> bool:
        return bool(self.lingers_until) or super().readable()

    def received(self, data: bytes) -> bool:
        return False if self.lingers_until is not None else super().received(data)


class ThreadPools:
    """A thread pool for each kind of request, with the interface of waitress's dispatcher."""

    def __init__(self) -> None:
        self.dispatchers: dict[str, ThreadedTaskDispatcher] = {}
        for name, (_, threads) in THREAD_POOLS.items():
            self.dispatchers[name] = dispatcher = ThreadedTaskDispatcher()
            dispatcher.set_thread_count(threads)

    def add_task(self, channel: ConnectionChannel) -> None:
        request = channel.requests[0]
        name = pool_for(request.path)
        if name == "exports" and len(self.dispatchers[name].queue) >= MAX_QUEUED_EXPORTS:
            request.error = ExportsBusy("")
            name = "pages"
        self.dispatchers[name].add_task(channel)

    def has_pages_to_render(self) -> bool:
        pages = self.dispatchers["pages"]
        return bool(pages.active_count or pages.queue)

    def shutdown(self) -> None:
        for dispatcher in self.dispatchers.values():
            dispatcher.set_thread_count(0)


def pool_for(path: str) -> str:
    return next(name for name, (prefixes, _) in THREAD_POOLS.items() if path.startswith(prefixes))


class LowPriorityChunks:
    """The chunks of an export. Before each one, pages that are being rendered get the interpreter's lock."""

    def __init__(self, chunks: Iterable[bytes], pools: ThreadPools) -> None:
        self.chunks, self.pools = chunks, pools

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            yield chunk
            until = time.monotonic() + EXPORT_PAUSE_SECONDS
            while self.pools.has_pages_to_render() and time.monotonic() < until:
                time.sleep(POLL_SECONDS)

    def close(self) -> None:
        close = getattr(self.chunks, "close", None)
        if close is not None:
            close()


class WaitressServer(TcpWSGIServer):
    """Serves until `stop`, then finishes running requests."""

    channel_class = ConnectionChannel
    next_channel_cleanup: float
    stop_requested_at: float | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._stop_sent = threading.Event()
        super().__init__(*args, **kwargs)

    def stop(self) -> None:
        """Can be called from a signal handler."""
        if self.stop_requested_at is None:
            self.stop_requested_at = time.monotonic()
            self.pull_trigger()
            self._stop_sent.set()

    def run(self) -> None:
        while self.stop_requested_at is None:
            self._step(timeout=1.0)
        self.accepting = False
        self.del_channel()
        self.socket.close()
        while not self._is_drained():
            self._step(timeout=0.05)
        self.task_dispatcher.shutdown()
        self._stop_sent.wait()  # `stop` may be running in another thread, and writes to the trigger
        self.trigger.close()
        wasyncore.close_all(self._map)

    def _step(self, timeout: float) -> None:
        wasyncore.loop(timeout=timeout, use_poll=True, map=self._map, count=1)

    def _is_drained(self) -> bool:
        passed = time.monotonic() - (self.stop_requested_at or 0.0)
        channels = list(self.active_channels.values())
        if any(channel.requests for channel in channels):
            return passed > STOP_SECONDS
        return passed > FLUSH_SECONDS or not any(channel.is_busy for channel in channels)

    def handle_accept(self) -> None:
        if len(self.active_channels) >= self.adj.connection_limit:
            self.evict_idle_connection()
        super().handle_accept()

    def evict_idle_connection(self) -> None:
        """Drop the oldest connection without a request, preferring those with nothing left to send."""
        idle = [channel for channel in self.active_channels.values() if not channel.requests and not channel.will_close]
        if idle:
            min(idle, key=lambda channel: (channel.total_outbufs_len > 0, channel.creation_time)).drop()

    def readable(self) -> bool:
        now = time.time()
        if now >= self.next_channel_cleanup:
            self.next_channel_cleanup = now + self.adj.cleanup_interval
            self.maintenance(now)
        return bool(self.accepting)

    def maintenance(self, now: float) -> None:
        super().maintenance(now)
        moment = time.monotonic()
        channels = list(self.active_channels.values())
        for channel in channels:
            channel.enforce_deadlines(moment)
        buffered = sum(channel.buffered_bytes for channel in channels)
        for channel in sorted(channels, key=lambda channel: -channel.buffered_bytes):
            if buffered <= MAX_BUFFERED_BYTES:
                break
            if not channel.requests:
                buffered -= channel.buffered_bytes
                if channel.request is not None:
                    channel.refuse(TooManyConnections(""))
                else:
                    channel.drop()
        for channel in channels:
            # Waitress closes a connection once it is writable, which never happens if the client does not read.
            if channel.will_close and channel.connected and not channel.requests:
                channel.handle_close()


def prepare_process(spool: Path) -> None:
    """Set process-wide options. `spool` is the folder for unnamed temporary files."""
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    tempfile.tempdir = str(spool)
    sys.setswitchinterval(SWITCH_SECONDS)


def make_server(application: Callable[..., Any], listener: socket.socket) -> WaitressServer:
    limits = Adjustments(
        sockets=[listener],
        ident=None,
        clear_untrusted_proxy_headers=False,  # Django reads them according to TRUSTED_PROXIES
        connection_limit=_connection_limit(),
        cleanup_interval=1,
        channel_timeout=IDLE_SECONDS,
        max_request_header_size=HEADER_BYTES,
        max_request_body_size=BODY_BYTES,
        inbuf_overflow=MEMORY_BYTES,
        outbuf_overflow=MEMORY_BYTES,
        # Above this, a thread waits for the client to read. Unlimited, because MAX_BUFFERED_BYTES limits the sum.
        outbuf_high_watermark=2**62,
        recv_bytes=64 * 1024,
        log_socket_errors=False,
        asyncore_use_poll=True,
        channel_request_lookahead=1,  # detects that a client has disconnected while its request is queued
    )
    socket_info = (listener.family, listener.type, listener.proto, listener.getsockname())
    pools = ThreadPools()

    def prioritized(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        chunks: Iterable[bytes] = application(environ, start_response)
        is_export = pool_for(environ["PATH_INFO"]) == "exports" and not hasattr(chunks, "__len__")
        return LowPriorityChunks(chunks, pools) if is_export else chunks

    dispatcher: Any = pools
    return WaitressServer(
        prioritized, map={}, _sock=listener, dispatcher=dispatcher, adj=limits, sockinfo=socket_info, bind_socket=False
    )


def _connection_limit() -> int:
    """Two open files per connection: the socket and possibly a temporary file."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(50, min(MAX_CONNECTIONS, (soft - OTHER_FILES) // 2))
