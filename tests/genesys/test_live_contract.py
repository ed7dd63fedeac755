"""Fetching the live contract: from a real server that behaves, and from servers that do not."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from diagnostics.demo.api.swagger import swagger_document
from diagnostics.genesys import live_contract
from diagnostics.genesys.contract import bundled, read
from diagnostics.genesys.live_contract import NotFetched, fetch
from diagnostics.genesys.regions import Region

Answer = Callable[[BaseHTTPRequestHandler], None]


def document(**changes: Any) -> bytes:
    return json.dumps({**swagger_document(), **changes}).encode()


def send(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content_Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def served() -> Iterator[Callable[[Answer], Region]]:
    """A region whose API host answers as told; what it was asked lands in `asked`."""
    servers: list[ThreadingHTTPServer] = []

    def serve(answer: Answer) -> Region:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                requested.append(f"{self.path} {self.headers.get('Authorization')}")
                answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        return Region("own", "Own", "", url, url)

    requested.clear()
    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


requested: list[str] = []


def test_a_whole_document_becomes_a_contract(served: Callable[[Answer], Region]) -> None:
    fetched = fetch(served(lambda handler: send(handler, document())))
    contract = read(fetched.document)
    assert len(contract) == fetched.operations == len(bundled())
    assert contract.version == fetched.version
    assert contract.operation("POST", "/api/v2/conversations/{conversationId}/cobrowse") is not None
    assert requested == ["/api/v2/docs/swagger None"]


def test_a_compressed_document_is_unpacked(served: Callable[[Answer], Region]) -> None:
    packed = gzip.compress(document())
    assert fetch(served(lambda handler: send(handler, packed, Content_Encoding="gzip"))).size == len(document())


def test_a_parameter_that_is_called_otherwise_is_no_other_operation(served: Callable[[Answer], Region]) -> None:
    renamed = document().replace(b"{conversationId}/cobrowse", b"{id}/cobrowse")
    contract = read(fetch(served(lambda handler: send(handler, renamed))).document)
    assert contract.operation("POST", "/api/v2/conversations/{conversationId}/cobrowse") is not None


def without(path: str) -> bytes:
    paths = {key: value for key, value in swagger_document()["paths"].items() if key != path}
    return document(paths=paths)


def few() -> bytes:
    return document(paths=dict(list(swagger_document()["paths"].items())[:40]))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda handler: send(handler, b"no", 503), "503"),
        (lambda handler: send(handler, b"", 302, Location="http://127.0.0.1:1/"), "302"),
        (lambda handler: send(handler, b"<html></html>"), "JSON"),
        (lambda handler: send(handler, document()[:-20]), "stops in the middle"),
        (lambda handler: send(handler, few()), "plausible"),
        (lambda handler: send(handler, without("/api/v2/tokens/me")), "GET /api/v2/tokens/me"),
        (lambda handler: send(handler, b"no gzip at all " * 9, Content_Encoding="gzip"), "could not be read"),
        (lambda handler: send(handler, b"{}", Content_Length="9000"), "could not be read"),
        (lambda handler: None, "could not be read"),
    ],
    ids=["503", "redirect", "html", "cut", "few", "lacking", "garbled", "short", "silent"],
)
def test_what_is_no_contract_is_refused_with_the_reason(
    answer: Answer, reason: str, served: Callable[[Answer], Region]
) -> None:
    with pytest.raises(NotFetched) as refused:
        fetch(served(answer))
    assert reason in str(refused.value)
    assert "stays" in str(refused.value)


def test_a_host_that_is_not_there_is_a_refusal() -> None:
    with pytest.raises(NotFetched):
        fetch(Region("own", "Own", "", "http://127.0.0.1:9", "http://127.0.0.1:9"))


def test_bytes_are_capped_after_unpacking(served: Callable[[Answer], Region], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_contract, "MOST_BYTES", 1024 * 1024)
    bomb = gzip.compress(b'{"x": "' + b" " * 50_000_000 + b'"}')
    with pytest.raises(NotFetched, match="larger than 1 MB"):
        fetch(served(lambda handler: send(handler, bomb, Content_Encoding="gzip")))


def test_a_server_that_sends_for_ever_is_cut(
    served: Callable[[Answer], Region], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_contract, "MOST_SECONDS", 0.5)
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not over.is_set():
            try:
                handler.wfile.write(b" ")
            except OSError:
                return
            time.sleep(0.02)

    with pytest.raises(NotFetched, match="took too long"):
        fetch(served(drip))
    over.set()
