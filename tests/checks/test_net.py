"""The network as it really goes wrong: each trouble by a real socket, and each told apart from the others."""

import threading
from pathlib import Path

import pytest

from diagnostics.checks import net
from tests.builders import faulty_servers
from tests.builders.faulty_servers import Authority, over_tls, run_server

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy but the test's own."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """For servers that never answer."""
    monkeypatch.setattr(net, "SECONDS", 0.5)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Trusted by the environment, as an operator would trust it."""
    made = Authority.create(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.file))
    return made


@pytest.mark.parametrize(
    ("host", "error"),
    [
        ("127.0.0.1", ""),
        ("localhost", ""),
        ("api.cobrowse-doctor.invalid", "no_address"),
        ("a" * 70 + ".example", "malformed"),
        ("..", "malformed"),
    ],
)
def test_a_name_resolves_or_the_reason_is_given(host: str, error: str) -> None:
    output = net.resolve(host)
    assert (output.error, bool(output.addresses)) == (error, not error)


def test_a_name_service_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch, short_limits: None) -> None:
    silence = threading.Event()

    def never_comes_back(host: str) -> net.Resolution:
        silence.wait(60)
        return net.Resolution(host)

    monkeypatch.setattr(net, "_resolve", never_comes_back)
    assert net.resolve("api.mypurecloud.com").error == "no_name_service"
    silence.set()


def test_a_trusted_certificate_is_read(authority: Authority) -> None:
    with run_server(over_tls(authority.context("localhost", "127.0.0.1"), faulty_servers.responds(b"{}"))) as served:
        output = net.handshake("localhost", served.port)
        assert (output.error, net.handshake("127.0.0.1", served.port).error) == ("", "")
    assert output.certificate is not None
    assert (output.certificate.issuer, output.certificate.names) == ("Test authority", ("localhost", "127.0.0.1"))
    assert net.days_left(output.certificate) == 299


def test_expired_foreign_and_untrusted_certificates_are_distinguished(authority: Authority) -> None:
    contexts = {
        "expired": authority.context("localhost", days=(-30, -3)),
        "not_yet_valid": authority.context("localhost", days=(3, 30)),
        "wrong_host": authority.context(faulty_servers.OTHER_HOST),
        "self_signed": authority.context("localhost", self_signed=True),
    }
    for error, context in contexts.items():
        with run_server(over_tls(context, faulty_servers.responds(b"{}"))) as served:
            output = net.handshake("localhost", served.port)
        assert (output.error, output.certificate is not None) == (error, True)


def test_an_authority_that_nobody_trusts(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with run_server(over_tls(authority.context("localhost"), faulty_servers.responds(b"{}"))) as served:
        output = net.handshake("localhost", served.port)
    assert output.error == "untrusted"
    assert output.certificate is not None and output.certificate.issuer == "Test authority"


def test_trust_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/authority.pem")
    assert net.handshake("localhost", 1).error == "no_trust_store"


@pytest.mark.parametrize(
    ("handle", "error"),
    [
        (faulty_servers.never_answers, "timeout"),
        (faulty_servers.resets, "reset"),
        (faulty_servers.speaks_plain_http, "protocol"),
    ],
)
def test_servers_that_do_not_shake_hands(handle: faulty_servers.Handler, error: str, short_limits: None) -> None:
    with run_server(handle) as served:
        assert net.handshake("localhost", served.port).error == error


def test_a_closed_port_and_a_name_without_address() -> None:
    with run_server(faulty_servers.never_answers) as served:
        port = served.port
    assert net.handshake("localhost", port).error == "refused"
    assert net.handshake("api.cobrowse-doctor.invalid", 443).error == "dns"
    assert net.handshake("a" * 70 + ".example", 443).error == "unreachable"


@pytest.mark.parametrize(
    ("line", "error"),
    [("407 Proxy Authentication Required", "proxy_login"), ("403 Forbidden", "proxy_refused"), ("", "proxy_refused")],
)
def test_a_proxy_that_opens_no_tunnel(line: str, error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with run_server(faulty_servers.proxy_responding(line)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{faulty_servers.HOST}:{proxy.port}")
        assert net.handshake("api.mypurecloud.com", 443).error == error
    assert proxy.heads[0].startswith(b"CONNECT api.mypurecloud.com:443 HTTP/1.1\r\n")


def test_a_proxy_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, short_limits: None) -> None:
    with run_server(faulty_servers.never_answers) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{faulty_servers.HOST}:{proxy.port}")
        assert net.handshake("api.mypurecloud.com", 443).error == "proxy_unreachable"
    assert net.handshake("api.mypurecloud.com", 443).error == "proxy_unreachable"


def test_the_certificate_is_seen_through_a_proxy(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    context = authority.context("api.mypurecloud.com")
    with (
        run_server(over_tls(context, faulty_servers.responds(b"{}"))) as behind,
        run_server(faulty_servers.tunnel_to(behind.port)) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:s3cret%21@{faulty_servers.HOST}:{proxy.port}")
        output = net.handshake("api.mypurecloud.com", 443)
    assert (output.error, output.protocol) == ("", "TLSv1.3")
    assert b"Proxy-Authorization: Basic YWRhOnMzY3JldCE=\r\n" in proxy.heads[0]


@pytest.mark.parametrize(
    ("name", "value", "shown", "login"),
    [
        ("https_proxy", "", "", False),
        ("https_proxy", "http://proxy.example:3128", "http://proxy.example:3128", False),
        ("https_proxy", "http://ada:s3cret@proxy.example", "http://proxy.example:80", True),
        ("https_proxy", "proxy.example:3128", "http://proxy.example:3128", False),
        ("all_proxy", "socks5://proxy.example", "socks5://proxy.example:1080", False),
        ("http_proxy", "http://proxy.example:3128", "", False),
        ("https_proxy", "http://proxy.example:nonsense", "(an unreadable proxy setting)", False),
    ],
)
def test_the_way_is_that_of_the_environment(
    name: str, value: str, shown: str, login: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    way = net.route("https://api.mypurecloud.com:443")
    assert (way.proxy, way.has_login) == (shown, login)
    assert "s3cret" not in repr(way)


def test_a_host_of_the_no_proxy_list_is_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "login.mypurecloud.com")
    assert net.route("https://login.mypurecloud.com:443").proxy == ""
    assert net.route("https://api.mypurecloud.com:443").proxy != ""
