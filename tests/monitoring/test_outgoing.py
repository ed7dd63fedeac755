"""Where alerts may go: no private address in whatever clothing, no redirect, no wait without end; and who may lift that."""

import socket
import threading
from collections.abc import Iterator

import pytest

from diagnostics.checks.net import Resolution
from diagnostics.monitoring import outgoing
from diagnostics.monitoring.outgoing import AddressRefused, is_public, parse_url, post, resolve_checked
from tests.builders.receivers import Receiver, http_receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as running:
        yield running


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.7",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::127.0.0.1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "feff:ffff::1",
        "3fff::1",
        "3fff:fff:ffff::1",
        "5f00::1",
        "100::1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::8.8.8.8",
        "2002:0a00:0001::1",
        "2002:0808:0808::1",
        "2001::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:30::1",
        "2620:4f:8000::1",
        "0.1.2.3",
        "192.0.0.8",
        "192.31.196.1",
        "192.52.193.1",
        "192.88.99.1",
        "192.175.48.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "239.255.255.250",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "::8.8.8.8",
        "4000::1",
        "1fff::1",
        "e000::1",
        "ff02::1",
        "2001:db8::1",
        "no address",
    ],
)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "198.20.0.1",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2001:4860:4860::8888",
        "2a00:1450::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ],
)
def test_what_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hooks.example.com/x",
        "ftp://hooks.example.com/x",
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "https://user:secret@hooks.example.com/x",
        "https://hooks.example.com:99999/x",
        "https://[::1/x",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nHost: other",
        "https://hooks.example.com\\@127.0.0.1/",
        "https://hooks.example.com/" + "x" * 2000,
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        parse_url(text)
    assert refused.value.code == "malformed"


def test_plain_http_is_for_hosts_that_the_operator_named() -> None:
    with pytest.raises(AddressRefused) as refused:
        parse_url("http://hooks.example.com/x")
    assert refused.value.code == "refused_address"
    assert parse_url("http://hooks.example.com/x", ["hooks.example.com"]).port == 80


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "[::1]", "127.1"])
def test_every_spelling_of_this_machine_is_refused(host: str) -> None:
    assert post(f"https://{host}/x", b"", {}).error in ("refused_address", "dns")


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    both = Resolution("hooks.example.com", ("8.8.8.8", "10.0.0.1"))
    monkeypatch.setattr(outgoing, "resolve", lambda host: both)
    with pytest.raises(AddressRefused) as refused:
        resolve_checked(parse_url("https://hooks.example.com/x"))
    assert refused.value.code == "refused_address"
    assert "10.0.0.1" not in str(refused.value)


def test_the_name_is_asked_once_and_the_address_that_was_checked_is_the_one_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers otherwise the second time gains nothing: it is not asked again."""
    requested: list[str] = []

    def answer(host: str) -> Resolution:
        requested.append(host)
        return Resolution(host, ("127.0.0.1",))

    monkeypatch.setattr(outgoing, "resolve", answer)
    output = post(f"http://rebinding.example:{receiver.port}/hook", b"{}", {}, [f"rebinding.example:{receiver.port}"])
    assert (output.status, requested) == (200, ["rebinding.example"])
    assert receiver.received[0].headers["Host"] == f"rebinding.example:{receiver.port}"


def test_an_allowed_port_allows_no_other_port_of_the_host(receiver: Receiver) -> None:
    assert post(receiver.url, b"", {}, [f"127.0.0.1:{receiver.port + 1}"]).error == "refused_address"
    assert post(receiver.url, b"", {}, [receiver.host]).status == 200


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    with http_receiver() as other:
        receiver.status, receiver.headers = 307, {"Location": other.url}
        output = post(receiver.url, b"{}", {}, [receiver.host, other.host])
        assert (output.status, other.received) == (307, [])


def test_no_proxy_of_the_environment_is_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with http_receiver() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.host}")
        monkeypatch.setenv("http_proxy", f"http://{proxy.host}")
        assert post(receiver.url, b"{}", {}, [receiver.host]).status == 200
        assert proxy.received == []


def test_only_the_beginning_of_a_long_answer_is_read(receiver: Receiver) -> None:
    receiver.body = "x" * 1_000_000
    assert len(post(receiver.url, b"", {}, [receiver.host]).body) == outgoing.MAX_RESPONSE_BYTES


def test_a_closed_port_is_reported(receiver: Receiver) -> None:
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        port = used.getsockname()[1]
        assert post(f"http://127.0.0.1:{port}/", b"", {}, ["127.0.0.1"]).error == "unreachable"


def test_a_far_end_that_never_answers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "TIMEOUT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        output = post(f"http://127.0.0.1:{silent.getsockname()[1]}/", b"", {}, ["127.0.0.1"])
    assert output.error == "timeout"


def test_a_head_that_drips_in_is_left_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "TIMEOUT_SECONDS", 0.4)
    stop = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            while not stop.wait(0.1):
                try:
                    connection.sendall(b"H")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,), daemon=True)
        thread.start()
        output = post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"", {}, ["127.0.0.1"])
        stop.set()
        thread.join(5)
    assert output.error in ("timeout", "unreachable")


def test_a_response_that_is_not_http_is_reported() -> None:
    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"220 mail.example.com ESMTP\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, args=(server,), daemon=True).start()
        assert post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"", {}, ["127.0.0.1"]).error == "unreachable"


def test_a_certificate_that_nobody_vouches_for_is_refused(receiver: Receiver) -> None:
    """The receiver speaks no TLS at all: nothing is sent to it in the clear instead."""
    assert post(f"https://{receiver.host}/hook", b"{}", {}, [receiver.host]).error == "tls"
    assert receiver.received == []
