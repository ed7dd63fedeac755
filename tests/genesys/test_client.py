"""The client against real sockets: each fact asked once, few calls, and every answer a value."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pytest_django import Settings

from diagnostics.genesys import client as genesys_client
from diagnostics.genesys.client import EarlyRead, GenesysClient, Lane
from diagnostics.genesys.regions import region
from tests.builders import faulty_servers
from tests.builders.faulty_servers import RunningServer, run_server

TOKEN = {"access_token": "a-token-that-is-long-enough", "expires_in": 86399, "token_type": "bearer"}
ODD = {
    "/api/v2/empty": ("200 OK", ""),
    "/api/v2/html": ("200 OK", "<html></html>"),
    "/api/v2/away": ("302 Found", ""),
    "/api/v2/proxied": ("407 Proxy Authentication Required", "<html></html>"),
    "/api/v2/refused": ("403 Forbidden", json.dumps({"code": "not.authorized", "message": "No.", "status": 403})),
    "/api/v2/deep": ("200 OK", "[" * 100_000),
    "/api/v2/limited": ("429 Too Many Requests", "{}"),
}


def org(connection: socket.socket, served: RunningServer) -> None:
    """Issues a token, and answers each path as ODD says, any other with an empty object."""
    while head := faulty_servers.read_head(connection).strip():
        served.heads.append(head)
        target = head.split(b" ")[1].decode()
        status, body = ODD.get(target, ("200 OK", json.dumps(TOKEN if target == "/oauth/token" else {})))
        lines = (f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}")
        connection.sendall("\r\n".join([*lines, "", body]).encode())


@pytest.fixture
def served() -> Iterator[RunningServer]:
    with run_server(org) as running:
        yield running


@pytest.fixture
def genesys(served: RunningServer, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[GenesysClient]:
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    settings.GENESYS_ENDPOINTS = {"own": {"api": f"http://{faulty_servers.HOST}:{served.port}"}}
    client = GenesysClient(region("own"), "id", "a-secret")
    yield client
    client.close()


def targets(served: RunningServer) -> list[str]:
    return sorted(head.split(b" ")[1].decode() for head in served.heads)


def test_each_fact_is_asked_once_however_many_ask(genesys: GenesysClient, served: RunningServer) -> None:
    meeting = threading.Barrier(6, timeout=10)

    def ask(number: int) -> int | None:
        meeting.wait()
        return genesys.get("/api/v2/tokens/me").status

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(ask, range(6))) == {200}
    assert targets(served) == ["/api/v2/tokens/me", "/oauth/token"]


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [
        ("/api/v2/tokens/me", 200, ""),
        ("/api/v2/refused", 403, ""),
        ("/api/v2/empty", 200, "empty"),
        ("/api/v2/html", 200, "not_json"),
        ("/api/v2/deep", 200, "not_json"),
        ("/api/v2/away", 302, "redirect"),
        ("/api/v2/proxied", 407, "proxy"),
    ],
)
def test_every_answer_is_a_value(genesys: GenesysClient, path: str, status: int, problem: str) -> None:
    answer = genesys.get(path)
    assert (answer.status, answer.error) == (status, problem)


def test_reads_together_are_as_long_as_the_slowest(genesys: GenesysClient, served: RunningServer) -> None:
    lane = Lane("a.check")
    with genesys.lane(lane):
        token = genesys.token().response
        answers = genesys.get_all("/api/v2/a", "/api/v2/b", "/api/v2/c")
    took = [answer.exchange.ms for answer in answers if answer.exchange]
    assert token is not None and token.exchange is not None
    assert lane.path_ms == pytest.approx(token.exchange.ms + max(took))
    assert {answer.exchange.check_id for answer in answers if answer.exchange} == {"a.check"}


def test_nothing_at_all_may_be_read_together(genesys: GenesysClient) -> None:
    assert genesys.get_all() == ()


def test_after_a_refusal_nothing_is_sent_and_the_refusal_is_the_answer(
    genesys: GenesysClient, served: RunningServer
) -> None:
    assert genesys.get("/api/v2/limited").status == 429
    before = len(served.heads)
    later = genesys.get("/api/v2/tokens/me")
    assert (later.status, later.error, later.ok) == (429, "rate_limited_wait", False)
    assert len(served.heads) == before


def test_a_run_makes_no_more_calls_than_it_may(
    genesys: GenesysClient, served: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(genesys_client, "MOST_CALLS", 5)
    answers = [*genesys.get_all(*(f"/api/v2/{letter}" for letter in "abcdefgh"))]
    assert len(served.heads) == 5
    assert sorted(answer.error for answer in answers) == [""] * 4 + ["over_budget"] * 4
    assert genesys.get("/api/v2/late").error == "over_budget"


def test_the_secret_shows_in_no_representation(genesys: GenesysClient) -> None:
    token = genesys.token()
    shown = repr((genesys, token, genesys.responses))
    assert "a-secret" not in shown
    assert str(TOKEN["access_token"]) not in shown


def test_connections_stay_open_between_runs_but_not_beyond_a_change_of_the_secret(
    genesys: GenesysClient, served: RunningServer
) -> None:
    genesys.get("/api/v2/tokens/me")
    genesys.close()
    opened = served.connections
    again = GenesysClient(genesys.region, "id", "a-secret")
    assert again.get("/api/v2/tokens/me").status == 200
    assert served.connections == opened
    changed = GenesysClient(genesys.region, "id", "another-secret")
    assert changed.get("/api/v2/tokens/me").status == 200
    assert served.connections == opened + 1


def test_a_connection_that_the_server_has_closed_is_replaced(settings: Settings) -> None:
    """The server ends each connection after one response without saying so, like a load balancer after its idle time."""

    def respond_once(connection: socket.socket, served: RunningServer) -> None:
        served.heads.append(faulty_servers.read_head(connection))
        body = json.dumps(TOKEN)
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        connection.recv(1)  # the next request arrives, and is refused

    with run_server(respond_once) as served:
        settings.GENESYS_ENDPOINTS = {"own": {"api": f"http://{faulty_servers.HOST}:{served.port}"}}
        client = GenesysClient(region("own"), "id", "a-secret")
        answers = [client.get(f"/api/v2/{letter}") for letter in "abc"]
    assert [(answer.status, answer.error) for answer in answers] == [(200, "")] * 3


def test_reads_before_their_turn_stay_within_a_run_even_if_the_saved_token_is_rejected(settings: Settings) -> None:
    reads = "abcdefghij"
    # The token and each read once leave this many reads that may be sent twice. All of them arrive before one is rejected.
    sent_twice = threading.Barrier(genesys_client.MOST_OF_A_RUN - 1 - len(reads))

    def reject_revoked(connection: socket.socket, served: RunningServer) -> None:
        while head := faulty_servers.read_head(connection).strip():
            served.heads.append(head)
            if b"revoked" in head:
                sent_twice.wait(5)
            status, body = ("401 Unauthorized", "{}") if b"revoked" in head else ("200 OK", json.dumps(TOKEN))
            connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    with run_server(reject_revoked) as served:
        settings.GENESYS_ENDPOINTS = {"own": {"api": f"http://{faulty_servers.HOST}:{served.port}"}}
        client = GenesysClient(region("own"), "id", "a-secret", saved_token="a-token-that-was-revoked")
        client.prefetch([EarlyRead("a.check", f"/api/v2/{letter}", {}) for letter in reads], "oauth.token")
        client.wait_for_prefetched()
        answers = [client.get(f"/api/v2/{letter}") for letter in reads]
        client.close()
    assert [answer.status for answer in answers] == [200] * len(reads)
    assert len(served.heads) == genesys_client.MOST_OF_A_RUN
