"""The session over real TLS: trust, kept connections, and an end to every call however the server behaves."""

import socket
from pathlib import Path

import pytest
from pytest_django import Settings

from diagnostics.genesys import client as genesys_client
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.regions import region
from diagnostics.genesys.response import OrgResponse
from diagnostics.genesys.session import make_session, time_limit
from tests.builders import faulty_servers
from tests.builders.faulty_servers import Authority, RunningServer, over_tls, run_server

BODY = b'{"access_token": "a-token-that-is-long-enough", "expires_in": 86399, "token_type": "bearer"}'


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    for name in ("http_proxy", "https_proxy", "all_proxy", "requests_ca_bundle", "curl_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return Authority.create(tmp_path)


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """As an operator makes a private authority known to the server."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file))
    return authority


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte every 20 ms passes the limit between two bytes; only a limit of the whole can end it."""
    monkeypatch.setattr(genesys_client, "CONNECT_SECONDS", 0.6)
    monkeypatch.setattr(genesys_client, "SILENCE_SECONDS", 5.0)
    monkeypatch.setattr(genesys_client, "CALL_SECONDS", 0.6)


def ask_token(settings: Settings, served: RunningServer, host: str = "localhost") -> OrgResponse:
    settings.GENESYS_ENDPOINTS = {"own": {"api": f"https://{host}:{served.port}"}}
    genesys = GenesysClient(region("own"), "id", "a-secret")
    answer = genesys.token().response
    genesys.close()
    assert answer is not None
    return answer


def test_a_private_authority_is_trusted_through_the_environment(trusted: Authority, settings: Settings) -> None:
    with run_server(over_tls(trusted.context("localhost"), faulty_servers.responds(BODY))) as served:
        answer = ask_token(settings, served)
    assert (answer.status, answer.error) == (200, "")
    assert served.heads[0].startswith(b"POST /oauth/token HTTP/1.1\r\n")


def test_an_authority_may_be_trusted_by_one_session_alone(authority: Authority) -> None:
    session = make_session(1)
    session.verify = str(authority.file)
    with run_server(over_tls(authority.context("localhost"), faulty_servers.responds(b"{}"))) as served:
        assert session.get(f"https://localhost:{served.port}/", timeout=5).json() == {}
    session.close()


def test_an_unknown_authority_is_not_trusted(authority: Authority, settings: Settings) -> None:
    """And the secret is not sent: the handshake ends before the request."""
    with run_server(over_tls(authority.context("localhost"), faulty_servers.responds(BODY))) as served:
        answer = ask_token(settings, served)
    assert (answer.status, answer.error, served.heads) == (None, "tls", [])


def test_a_certificate_of_another_host_is_not_trusted(trusted: Authority, settings: Settings) -> None:
    with run_server(over_tls(trusted.context(faulty_servers.OTHER_HOST), faulty_servers.responds(BODY))) as served:
        answer = ask_token(settings, served)
    assert (answer.status, answer.error, served.heads) == (None, "tls", [])


def test_a_drip_over_tls_is_cut_in_time(trusted: Authority, settings: Settings, short_limits: None) -> None:
    with run_server(over_tls(trusted.context("localhost"), faulty_servers.sends_slowly)) as served:
        answer = ask_token(settings, served)
    assert (answer.status, answer.error) == (200, "timeout")


def drips_a_handshake(connection: socket.socket, served: RunningServer) -> None:
    """The head of a TLS record that promises much, then a byte of it now and then."""
    connection.recv(4096)
    connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
    while not served.stopping.wait(0.02):
        connection.sendall(b"\x00")


def drips_a_head(connection: socket.socket, served: RunningServer) -> None:
    faulty_servers.read_head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Filler: ")
    while not served.stopping.wait(0.02):
        connection.sendall(b"z")


def test_a_dripping_handshake_is_cut_in_time(trusted: Authority, settings: Settings, short_limits: None) -> None:
    with run_server(drips_a_handshake) as served:
        answer = ask_token(settings, served)
    assert (answer.status, answer.error) == (None, "timeout")


def test_a_dripping_head_over_tls_is_cut_in_time(trusted: Authority, settings: Settings, short_limits: None) -> None:
    with run_server(over_tls(trusted.context("localhost"), drips_a_head)) as served:
        answer = ask_token(settings, served)
    assert (answer.ok, answer.error) == (False, "timeout")


def test_a_tunnel_that_drips_is_cut_in_time(
    trusted: Authority, settings: Settings, short_limits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = trusted.context("api.cobrowse-doctor.invalid")
    with (
        run_server(over_tls(context, faulty_servers.sends_slowly)) as behind,
        run_server(faulty_servers.tunnel_to(behind.port)) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://{faulty_servers.HOST}:{proxy.port}")
        answer = ask_token(settings, behind, "api.cobrowse-doctor.invalid")
    assert (answer.status, answer.error) == (200, "timeout")


def answers_twice(connection: socket.socket, served: RunningServer) -> None:
    for _ in range(2):
        faulty_servers.responds(b"{}")(connection, served)


def test_a_connection_is_preserved_for_the_next_call(trusted: Authority) -> None:
    session = make_session(1)
    with run_server(over_tls(trusted.context("localhost"), answers_twice)) as served:
        for _ in range(2):
            with time_limit(5.0) as clock:
                assert session.get(f"https://localhost:{served.port}/", timeout=5).json() == {}
            assert not clock.is_expired
    session.close()
    assert (len(served.heads), served.connections) == (2, 1)
