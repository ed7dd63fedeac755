"""Nothing that is sent takes the server down or hangs it."""

import socket

import pytest
import requests

from diagnostics.demo.app import BODY_CAP
from tests.demo.conftest import Visitor


def send(visitor: Visitor, raw: bytes) -> bytes:
    port = int(visitor.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
        return answer


@pytest.mark.parametrize(
    "line",
    [
        b"GET /api/v2/conversations/\x00 HTTP/1.1",
        b"GET /%00%ff%fe/../../etc/passwd HTTP/1.1",
        b"GET http://elsewhere.example/api/v2/tokens/me HTTP/1.1",
        b"GET //api/v2/tokens/me HTTP/1.1",
        b"GET ?query HTTP/1.1",
        b"GET /api/v2/authorization/permissions?query=%ff%00&pageSize=\xff HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"BREW /coffee HTTP/1.1",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1",
        b"POST /oauth/token HTTP/1.1\r\nContent-Length: -5",
        b"POST /oauth/token HTTP/1.1\r\nContent-Length: 99999999999999999999",
        b"POST /oauth/token HTTP/1.1\r\nContent-Length: 500",
        b"POST /oauth/token HTTP/1.1\r\nTransfer-Encoding: chunked",
        b"GET /api/v2/tokens/me HTTP/1.1\r\nAuthorization: Bearer \xff\x00",
        b"GET /api/v2/tokens/me HTTP/1.1\r\nAuthorization: Bearer",
        b"complete nonsense",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"",
    ],
)
def test_a_garbage_request_is_answered_below_500_and_the_next_one_works(published: Visitor, line: bytes) -> None:
    answer = send(published, line + b"\r\n\r\n")
    assert b" 500 " not in answer.partition(b"\r\n")[0]
    assert published.ask("/api/v2/tokens/me").status_code == 200


def test_a_body_over_the_limit_is_refused_and_not_stored(published: Visitor) -> None:
    answer = requests.post(f"{published.url}/oauth/token", data=b"x" * (BODY_CAP + 1), timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (413, "request.entity.too.large")


def test_a_body_at_the_cap_is_read(published: Visitor) -> None:
    body = b"grant_type=client_credentials&pad=".ljust(BODY_CAP, b"x")
    assert requests.post(f"{published.url}/oauth/token", data=body, timeout=10).json()["error"] == "invalid_client"


def test_a_fault_of_our_own_is_the_documented_500(published: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    published.token()
    monkeypatch.setattr("diagnostics.demo.app.find_route", lambda *arguments: 1 / 0)
    answer = published.ask("/api/v2/tokens/me")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal.server.error")
