"""One web process: waitress, with limits on what a client may hold and threads of their own for probes and exports.

Waitress receives and sends in its own loop and gives a thread only to a request that has arrived completely, so a slow
client costs a connection and a file, never a thread. What it lacks is here: deadlines for a request that trickles in and
for a response that nobody reads, a bound on everything that is held, and room for the next client when connections run
out.
"""

import copy
import json
import logging
import resource
import socket
import sys
import tempfile
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

CONNECTIONS = 1000  # per process; beyond that, whoever has waited longest makes room
SPARE_FILES = 100  # of a process, beside its connections: database, logs, modules
HEADER_BYTES = 32 * 1024
MEMORY_BYTES = 64 * 1024  # of one request or response; the rest waits in a file without a name
HELD_BYTES = 1_000_000_000  # of all requests and responses of one process
HEADER_SECONDS = 15
BODY_SECONDS = 20
BODY_BYTES_A_SECOND = 4096  # every one of them grants another second
IDLE_SECONDS = 65  # a connection between two requests, and a response of which nothing is read
SLOWEST_READER = 60_000  # bytes of a response that have to leave every IDLE_SECONDS
LINGER_SECONDS = 5  # a refused client may go on sending that long and still read why it was refused
STOP_SECONDS = 4.5
FLUSH_SECONDS = 1.5  # for responses that are finished but not read yet, at the end

SWITCH_SECONDS = 0.001  # a page asks the database often, and must not wait 5 ms for an export's thread each time

BODY_BYTES = 17_000_000  # a form; Django's own limit, with a page that says what to do, is a little lower
# By the start of the path. /start/ takes a HAR of 64 MB as a file.
BODY_BYTES_BY_PATH = {"/start/": 70_000_000, "/login/": 100_000}

PAGE_THREADS = 4
EXPORTS_WAITING = 8  # of one process, beside the one that is made; the next is refused
LET_PAGES_FIRST_SECONDS = 0.2  # an export waits that long, at most, before each piece while a page is made
POLL_SECONDS = 0.005
# Exports take seconds of a thread, and probes must never wait for a page: each kind has threads of its own.
LANES: dict[str, tuple[tuple[str, ...], int]] = {
    "probes": (("/health/",), 1),
    "exports": (("/runs/export/", "/audit/export/"), 1),
    "pages": (("",), PAGE_THREADS),
}

SENTENCES = {
    400: "The request isn't valid HTTP, so it wasn't read.",
    408: "The request took too long to arrive, so it was dropped. Check your connection and send it again.",
    413: "The request is too large, so it was not read. Send less at a time: a HAR may have 64 MB, a form 16 MB.",
    431: "The request's address and headers are too large: 32 kB at most. Shorten the address or clear this site's cookies.",
    500: "Something broke on our side. The reason is in the server's log.",
    501: "The request uses a transfer encoding that this server doesn't support. Send it chunked or with a length.",
    503: "The server is short of room for requests that are still arriving. Send it again in a minute.",
}


class Timeout(Error):
    code = 408
    reason = "Request Timeout"


class TooManyConnections(Error):
    code = 503
    reason = "Service Unavailable"


class ExportsBusy(TooManyConnections):
    sentence = "The server is busy with other exports. Try again in a minute."


class LimitedRequest(HTTPRequestParser):
    """A request on its way in. `adj` holds the limits that apply to its path."""

    adj: Adjustments
    path: str = ""
    command: str = ""

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.started = time.monotonic()

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        limit = next((most for start, most in BODY_BYTES_BY_PATH.items() if self.path.startswith(start)), BODY_BYTES)
        self.adj = copy.copy(self.adj)
        self.adj.max_request_body_size = limit
        if self.content_length >= limit:
            self.expect_continue = False  # it is refused, not invited

    def is_late(self, now: float) -> bool:
        granted = BODY_SECONDS + self.body_bytes_received / BODY_BYTES_A_SECOND
        return now - self.started > (granted if self.headers_finished else HEADER_SECONDS)


class RefusedRequestTask(ErrorTask):
    """Answers what waitress itself refuses: one sentence, the request's ID and a line in the access log."""

    def execute(self) -> None:
        error, request = self.request.error, self.request
        sentence = getattr(error, "sentence", "") or SENTENCES.get(error.code, error.reason)
        media_type, body = "text/plain; charset=utf-8", f"{sentence}\n"
        if request.path.startswith("/api/"):
            media_type, body = "application/problem+json", _problem(error.code, sentence)
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
        told = {"method": request.command or "-", "path": request.path[:500] or "-", "status": error.code}
        access_log.info("%s %s %s", *told.values(), extra={**told, "ms": 0.0})


def _problem(status: int, sentence: str) -> str:
    """Problem details as RFC 9457 has them, with the keys of the API's own."""
    title = HTTPStatus(status).phrase
    code = title.lower().replace(" ", "_")
    told = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": sentence, "errors": []}
    return json.dumps(told)


class ConnectionChannel(HTTPChannel):
    """One connection."""

    parser_class = LimitedRequest
    error_task_class = RefusedRequestTask
    request: LimitedRequest | None
    requests: list[LimitedRequest]
    is_refused = False
    lingers_until: float | None = None

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.measured_at = time.monotonic()
        self.unsent_then = 0

    @property
    def held_bytes(self) -> int:
        arriving = self.request.body_bytes_received if self.request is not None else 0
        return int(self.total_outbufs_len + arriving + sum(each.body_bytes_received for each in self.requests))

    @property
    def is_busy(self) -> bool:
        """Whether a request has arrived and its response has not left yet."""
        return bool(self.requests or self.total_outbufs_len)

    def look_after(self, now: float) -> None:
        """Drops a request that arrives too slowly and a response that is read too slowly."""
        if self.lingers_until is not None:
            if now > self.lingers_until:
                self.drop()
        elif self.request is not None and not self.requests and self.request.is_late(now):
            self.refuse(Timeout(""))
        elif not self.total_outbufs_len:
            self.measured_at, self.unsent_then = now, 0
        elif now - self.measured_at > IDLE_SECONDS and not self.requests:
            if self.unsent_then and self.unsent_then - self.total_outbufs_len < SLOWEST_READER:
                self.drop()
            self.measured_at, self.unsent_then = now, self.total_outbufs_len

    def refuse(self, error: Error) -> None:
        """Ends a request that is still arriving with an answer; one whose headers are not there yet has none to read."""
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

    # A refused client is often still sending. To close the socket then would reset the connection, and the client would
    # read nothing of the answer: so the answer is finished first, and what still comes is thrown away for a moment.

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
            self.request.close()  # and the file with what has arrived of it

    def readable(self) -> bool:
        return bool(self.lingers_until) or super().readable()

    def received(self, data: bytes) -> bool:
        return False if self.lingers_until is not None else super().received(data)


class Lanes:
    """Threads by kind of request, in the shape of waitress's dispatcher."""

    def __init__(self) -> None:
        self.dispatchers: dict[str, ThreadedTaskDispatcher] = {}
        for name, (_, threads) in LANES.items():
            self.dispatchers[name] = dispatcher = ThreadedTaskDispatcher()
            dispatcher.set_thread_count(threads)

    def add_task(self, channel: ConnectionChannel) -> None:
        request = channel.requests[0]
        name = lane_of(request.path)
        if name == "exports" and len(self.dispatchers[name].queue) >= EXPORTS_WAITING:
            request.error = ExportsBusy("")
            name = "pages"
        self.dispatchers[name].add_task(channel)

    def are_pages_made(self) -> bool:
        pages = self.dispatchers["pages"]
        return bool(pages.active_count or pages.queue)

    def shutdown(self) -> None:
        for dispatcher in self.dispatchers.values():
            dispatcher.set_thread_count(0)


def lane_of(path: str) -> str:
    return next(name for name, (starts, _) in LANES.items() if path.startswith(starts))


class PagesFirst:
    """The pieces of an export. Before the next one is made, pages that are being made get the interpreter's lock."""

    def __init__(self, pieces: Iterable[bytes], lanes: Lanes) -> None:
        self.pieces, self.lanes = pieces, lanes

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            yield piece
            until = time.monotonic() + LET_PAGES_FIRST_SECONDS
            while self.lanes.are_pages_made() and time.monotonic() < until:
                time.sleep(POLL_SECONDS)

    def close(self) -> None:
        close = getattr(self.pieces, "close", None)
        if close is not None:
            close()


class WaitressServer(TcpWSGIServer):
    """Serves until `stop`, then lets running requests finish."""

    channel_class = ConnectionChannel
    next_channel_cleanup: float
    stopping_since: float | None = None

    def stop(self) -> None:
        """Safe in a signal handler."""
        if self.stopping_since is None:
            self.stopping_since = time.monotonic()
            self.pull_trigger()

    def run(self) -> None:
        while self.stopping_since is None:
            self._step(timeout=1.0)
        self.accepting = False
        self.del_channel()
        self.socket.close()
        while not self._is_over():
            self._step(timeout=0.05)
        self.task_dispatcher.shutdown()
        self.trigger.close()
        wasyncore.close_all(self._map)

    def _step(self, timeout: float) -> None:
        wasyncore.loop(timeout=timeout, use_poll=True, map=self._map, count=1)

    def _is_over(self) -> bool:
        passed = time.monotonic() - (self.stopping_since or 0.0)
        channels = list(self.active_channels.values())
        if any(channel.requests for channel in channels):
            return passed > STOP_SECONDS
        return passed > FLUSH_SECONDS or not any(channel.is_busy for channel in channels)

    def handle_accept(self) -> None:
        if len(self.active_channels) >= self.adj.connection_limit:
            self.make_room()
        super().handle_accept()

    def make_room(self) -> None:
        """Drops who has gone longest without a request: first among those with no response to read either."""
        idle = [each for each in self.active_channels.values() if not each.requests and not each.will_close]
        if idle:
            min(idle, key=lambda each: (each.total_outbufs_len > 0, each.creation_time)).drop()

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
            channel.look_after(moment)
        held = sum(channel.held_bytes for channel in channels)
        for channel in sorted(channels, key=lambda each: -each.held_bytes):
            if held <= HELD_BYTES:
                break
            if not channel.requests:
                held -= channel.held_bytes
                if channel.request is not None:
                    channel.refuse(TooManyConnections(""))
                else:
                    channel.drop()
        for channel in channels:
            # Waitress closes a connection once it can be written to, which one that nobody reads never can.
            if channel.will_close and channel.connected and not channel.requests:
                channel.handle_close()


def prepare_process(spool: Path) -> None:
    """`spool` is the folder for what is too large for memory; its files have no name and end with the process."""
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    tempfile.tempdir = str(spool)
    sys.setswitchinterval(SWITCH_SECONDS)


def make_server(application: Callable[..., Any], listener: socket.socket) -> WaitressServer:
    limits = Adjustments(
        sockets=[listener],
        ident=None,
        clear_untrusted_proxy_headers=False,  # Django reads them, where TRUSTED_PROXIES says that they can be trusted
        connection_limit=_connections(),
        cleanup_interval=1,
        channel_timeout=IDLE_SECONDS,
        max_request_header_size=HEADER_BYTES,
        max_request_body_size=BODY_BYTES,
        inbuf_overflow=MEMORY_BYTES,
        outbuf_overflow=MEMORY_BYTES,
        # A thread waits for a reader above this: never, since HELD_BYTES bounds what is held.
        outbuf_high_watermark=2**62,
        recv_bytes=64 * 1024,
        log_socket_errors=False,
        asyncore_use_poll=True,
        channel_request_lookahead=1,  # to see while a request waits that its client is gone
    )
    place = (listener.family, listener.type, listener.proto, listener.getsockname())
    lanes = Lanes()

    def pages_first(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        pieces: Iterable[bytes] = application(environ, start_response)
        is_export = lane_of(environ["PATH_INFO"]) == "exports" and not hasattr(pieces, "__len__")
        return PagesFirst(pieces, lanes) if is_export else pieces

    dispatcher: Any = lanes
    return WaitressServer(
        pages_first, map={}, _sock=listener, dispatcher=dispatcher, adj=limits, sockinfo=place, bind_socket=False
    )


def _connections() -> int:
    """Each may need a second file, for what does not fit into memory."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(50, min(CONNECTIONS, (soft - SPARE_FILES) // 2))
