"""One web process with slow, large, many or disconnected clients. No test depends on timing."""

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from waitress.adjustments import Adjustments

from config.web import server as web
from tests.config.embedded.conftest import wait_for

App = Callable[[dict[str, Any], Any], Iterable[bytes]]
ATTACKERS = 40


@contextmanager
def serving(app: App) -> Iterator[tuple[int, web.WaitressServer]]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=500)
    port = listener.getsockname()[1]
    server = web.make_server(app, listener)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield port, server
    finally:
        server.stop()
        thread.join(30)
        assert not thread.is_alive()


def hello(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def connect(port: int, data: bytes = b"", receive_buffer: int = 0) -> socket.socket:
    made = socket.socket()
    if receive_buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    made.settimeout(60)
    made.connect(("127.0.0.1", port))
    made.sendall(data)
    return made


def read_until(connection: socket.socket, text: bytes) -> None:
    read = b""
    while text not in read:
        piece = connection.recv(65536)
        assert piece, f"the connection ended after {read!r}"
        read += piece


def read_all(connection: socket.socket) -> bytes:
    read = b""
    try:
        while piece := connection.recv(65536):
            read += piece
    except ConnectionResetError:
        pass
    connection.close()
    return read


def ask(port: int, path: str = "/") -> bytes:
    return read_all(connect(port, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()))


def post(length: int, body: bytes = b"", path: str = "/", more: str = "") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n{more}\r\n".encode() + body


def test_slow_requests_take_no_thread() -> None:
    with serving(hello) as (port, server):
        slow = [connect(port, post(1000, b"login=a")) for _ in range(ATTACKERS)]
        slow += [connect(port, b"GET / HTTP/1.1\r\nHost") for _ in range(ATTACKERS)]
        wait_for(lambda: len(server.active_channels) == len(slow), "all of them to be connected")
        assert ask(port).endswith(b"hello")
        assert len(server.active_channels) >= len(slow)
        for each in slow:
            each.close()


def test_a_body_that_does_not_arrive_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "BODY_SECONDS", 0)
    with serving(hello) as (port, _):
        answer = read_all(connect(port, post(1000, b"a")))
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_headers_that_do_not_arrive_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "HEADER_SECONDS", 0)
    with serving(hello) as (port, _):
        assert read_all(connect(port, b"GET / HTTP/1.1\r\nHost: a\r\n")).startswith(b"HTTP/1.0 408 ")


def test_a_slow_body_above_the_minimum_rate_is_read() -> None:
    request = web.LimitedRequest(Adjustments())
    request.received(post(10**6))
    request.started_at = 0.0
    request.body_bytes_received = 10 * web.BODY_BYTES_PER_SECOND
    assert not request.is_overdue(web.BODY_SECONDS + 9)
    assert request.is_overdue(web.BODY_SECONDS + 11)


def test_a_slow_reader_takes_no_thread_and_little_memory() -> None:
    """Unread responses are generated completely and buffered in a file."""
    pieces, size = 300, 100_000
    made: list[int] = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        if environ["PATH_INFO"] == "/page":
            return [b"page"]
        return export()

    def export() -> Iterator[bytes]:
        for _ in range(pieces):
            yield b"x" * size
        made.append(1)

    with serving(app) as (port, server):
        request = b"GET /runs/export/csv/ HTTP/1.1\r\nHost: a\r\n\r\n"
        readers = [connect(port, request, receive_buffer=4096) for _ in range(2 * web.PAGE_THREADS)]
        wait_for(lambda: len(made) == len(readers), "every export to be made")
        waiting = [each for each in server.active_channels.values() if each.total_outbufs_len > pieces * size / 2]
        assert len(waiting) == len(readers)
        assert all(each.outbufs[-1].overflowed for each in waiting)
        assert ask(port, "/page").endswith(b"page")
        for each in readers:
            each.close()


def test_a_client_that_reads_too_slowly_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "IDLE_SECONDS", -1)

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return (b"x" * 1_000_000 for _ in range(30))

    with serving(app) as (port, server):
        reader = connect(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", receive_buffer=4096)
        wait_for(lambda: server.active_channels, "the reader to be connected")
        wait_for(lambda: not server.active_channels, "the reader to be dropped")
        reader.close()


def test_probes_and_pages_do_not_wait_for_exports_nor_probes_for_pages() -> None:
    go_on = threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        if environ["PATH_INFO"].startswith(("/runs/export/", "/busy")):
            go_on.wait(60)
        return [b"done"]

    with serving(app) as (port, _):
        waiting = [connect(port, b"GET /runs/export/csv/ HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(10)]
        assert ask(port, "/").endswith(b"done")
        waiting += [connect(port, b"GET /busy HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(10)]
        assert ask(port, "/health/live").endswith(b"done")
        go_on.set()
        for each in waiting:
            assert each.recv(100)
            each.close()


def test_an_export_waits_while_a_page_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "EXPORT_PAUSE_SECONDS", 60)
    began, first, ended = threading.Event(), threading.Event(), threading.Event()
    ended_meanwhile: list[bool] = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return export() if environ["PATH_INFO"].startswith("/runs/export/") else page()

    def page() -> Iterator[bytes]:
        began.set()
        assert first.wait(60)
        ended_meanwhile.append(ended.wait(0.5))
        yield b"page"

    def export() -> Iterator[bytes]:
        assert began.wait(60)
        yield b"one"
        first.set()
        yield b"two"
        yield b"three"
        ended.set()

    with serving(app) as (port, _):
        export_reader = connect(port, b"GET /runs/export/csv/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        first.set()
        assert b"page" in ask(port, "/")
        assert b"three" in read_all(export_reader)
    assert ended_meanwhile == [False]


def test_an_export_does_not_wait_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "EXPORT_PAUSE_SECONDS", 0.01)
    go_on = threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        if environ["PATH_INFO"] == "/busy":
            go_on.wait(60)
        return (piece for piece in (b"one", b"two"))

    with serving(app) as (port, server):
        busy = connect(port, b"GET /busy HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: any(each.requests for each in server.active_channels.values()), "the page to be made")
        assert b"two" in ask(port, "/runs/export/csv/")
        go_on.set()
        busy.close()


def test_exports_beyond_the_queue_limit_are_refused_and_can_be_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MAX_QUEUED_EXPORTS", 2)
    requested: list[str] = []
    go_on = threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        requested.append(environ["PATH_INFO"])
        go_on.wait(60)
        start_response("200 OK", [])
        return [b"done"]

    with serving(app) as (port, server):
        request = b"GET /runs/export/csv/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        first = connect(port, request)
        wait_for(lambda: requested, "the first to be made")
        waiting = [connect(port, request) for _ in range(2)]
        wait_for(lambda: sum(len(each.requests) for each in server.active_channels.values()) == 3, "two to wait")
        refused = ask(port, "/runs/export/csv/")
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: " in refused
        go_on.set()
        assert all(read_all(each).endswith(b"done") for each in (first, *waiting))
        assert ask(port, "/runs/export/csv/").endswith(b"done")


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(post(web.BODY_BYTES + 1), id="by-length"),
        pytest.param(post(web.BODY_BYTES + 1, more="Expect: 100-continue\r\n"), id="before-it-is-invited"),
        pytest.param(post(200_000, path="/login/"), id="for-its-path"),
        pytest.param(post(web.BODY_BYTES + 1, b"x" * 3_000_000), id="while-it-is-sent"),
        pytest.param(
            b"POST /login/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"".join(b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n" for _ in range(5)),
            id="in-chunks",
        ),
    ],
)
def test_a_body_that_is_too_large_is_refused_early_with_a_message(sent: bytes) -> None:
    with serving(hello) as (port, _):
        head, _, body = read_all(connect(port, sent)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"X-Request-Id: " in head
    assert body.decode().strip() == web.ERROR_MESSAGES[413]


def test_refused_api_requests_get_problem_details() -> None:
    with serving(hello) as (port, _):
        answer = read_all(connect(port, post(web.BODY_BYTES + 1, path="/api/v1/runs")))
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == 413
    assert b"application/problem+json" in answer


def test_bodies_up_to_the_limit_arrive_complete_also_chunked() -> None:
    def echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        read = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        return [f"{environ['CONTENT_LENGTH']} {len(read)} {read.count(b'x')}".encode()]

    body = b"x" * 1_000_000
    chunks = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    chunks += b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:600_000], body[600_000:])) + b"0\r\n\r\n"
    with serving(echo) as (port, _):
        for sent in (post(len(body), body, more="Connection: close\r\n"), chunks):
            assert read_all(connect(port, sent)).endswith(b"\r\n\r\n1000000 1000000 1000000")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nCookie: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    ],
)
def test_an_invalid_request_is_refused_with_a_message(sent: bytes, status: int) -> None:
    with serving(hello) as (port, _):
        answer = read_all(connect(port, sent))
        assert ask(port).endswith(b"hello")
    assert int(answer.split(b" ")[1]) == status
    assert answer.decode().strip().endswith(web.ERROR_MESSAGES[status])


def test_idle_connections_are_closed_for_new_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MAX_CONNECTIONS", 50)
    with serving(hello) as (port, server):
        idle = [connect(port) for _ in range(120)]
        assert ask(port).endswith(b"hello")
        assert len(server.active_channels) <= 60
        for each in idle:
            each.close()


def test_a_stop_from_another_thread_finds_the_trigger_open(monkeypatch: pytest.MonkeyPatch) -> None:
    class PausedServer(web.WaitressServer):
        def pull_trigger(self) -> None:
            assert not loop_ended.wait(1.5)  # longer than the loop takes to see that it should stop
            super().pull_trigger()

    monkeypatch.setattr(web, "WaitressServer", PausedServer)
    loop_ended = threading.Event()
    with serving(hello) as (_, server):
        close = server.trigger.close

        def note_and_close() -> None:
            loop_ended.set()
            close()

        monkeypatch.setattr(server.trigger, "close", note_and_close)


def test_buffered_bytes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MAX_BUFFERED_BYTES", 1_000_000)
    with serving(hello) as (port, _):
        small = connect(port, post(900_000, b"x" * 100_000))
        large = connect(port, post(9_000_000, b"x" * 2_000_000))
        assert read_all(large).startswith(b"HTTP/1.1 503 ")
        small.sendall(b"x" * 800_000)
        assert small.recv(1000).startswith(b"HTTP/1.1 200 ")
        small.close()


def test_pipelined_requests_are_answered_in_order() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]

    first = b"".join(f"GET /word{number} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for number in range(5))
    with serving(app) as (port, _):
        read = read_all(connect(port, first + b"GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
    places = [read.find(word) for word in (b"/word0", b"/word1", b"/word2", b"/word3", b"/word4", b"/end")]
    assert -1 not in places
    assert places == sorted(places)


def test_a_queued_request_of_a_disconnected_client_is_dropped() -> None:
    requested: list[str] = []
    go_on = threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        requested.append(environ["PATH_INFO"])
        if environ["PATH_INFO"].endswith("/first"):
            go_on.wait(60)
        start_response("200 OK", [])
        return [b"done"]

    with serving(app) as (port, server):
        first = connect(port, b"GET /runs/export/first HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: requested, "the first to be worked for")
        gone = connect(port, b"GET /runs/export/gone HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: sum(len(each.requests) for each in server.active_channels.values()) == 2, "both to be there")
        gone.close()
        wait_for(lambda: len(server.active_channels) == 1, "it to be missed")
        last = connect(port, b"GET /runs/export/last HTTP/1.1\r\nHost: a\r\n\r\n")
        go_on.set()
        with first, last:
            read_until(first, b"done")
            read_until(last, b"done")
    assert requested == ["/runs/export/first", "/runs/export/last"]


def test_at_shutdown_running_requests_finish_and_new_connections_are_refused() -> None:
    began, go_on = threading.Event(), threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        began.set()
        go_on.wait(60)
        start_response("200 OK", [])
        return [b"finished"]

    with serving(app) as (port, server):
        running = connect(port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert began.wait(60)
        server.stop()
        wait_for(lambda: server.socket is None or server.socket.fileno() == -1, "the port to be closed")
        with socket.socket() as late, pytest.raises(ConnectionRefusedError):
            late.connect(("127.0.0.1", port))
        go_on.set()
        assert read_all(running).endswith(b"finished")


def test_paths_reach_the_application_unchanged() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [
            f"{environ['REMOTE_ADDR']} {environ['HTTP_X_FORWARDED_FOR']} {environ['HTTP_X_FORWARDED_PROTO']}".encode()
        ]

    more = "Connection: close\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"
    with serving(app) as (port, _):
        assert read_all(connect(port, post(0, more=more))).endswith(b"127.0.0.1 203.0.113.7 https")


def test_each_refusal_has_a_line_in_the_access_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "access"), serving(hello) as (port, _):
        read_all(connect(port, post(200_000, path="/login/")))
    assert [record.getMessage() for record in caplog.records if record.name == "access"] == ["POST /login/ 413"]


def test_buffers_are_freed_when_attackers_disconnect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept of a disconnected client."""
    with serving(hello) as (port, server):
        held = [connect(port, post(1_000_000, b"x" * 200_000)) for _ in range(ATTACKERS)]
        wait_for(lambda: len(server.active_channels) == ATTACKERS, "all of them to be connected")
        for each in held:
            each.close()
        wait_for(lambda: not server.active_channels, "all of them to be gone")
