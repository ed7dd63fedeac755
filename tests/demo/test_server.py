"""Starting, sharing and stopping the demo orgs."""

import signal
import socket
import subprocess
import sys

import pytest
import requests

from diagnostics.demo import server


def free_pair() -> int:
    """A port that is free together with the next one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return int(port)


def test_the_endpoints_are_regions_of_their_own() -> None:
    running = server.start()
    url = f"http://127.0.0.1:{running.ports['gateway']}"
    assert set(running.endpoints) == {"demo-published", "demo-gateway"}
    assert running.endpoints["demo-gateway"] == {"api": url, "login": url}
    running.stop()


def test_a_given_port_serves_both_orgs_on_it_and_the_next() -> None:
    port = free_pair()
    running = server.start(port)
    assert running.ports == {"published": port, "gateway": port + 1}
    running.stop()


def test_a_second_port_in_use_frees_the_first_again() -> None:
    port = free_pair()
    with socket.socket() as used:
        used.bind(("127.0.0.1", port + 1))
        used.listen()
        with pytest.raises(OSError, match="in use"):
            server.start(port)
    server.start(port).stop()


def test_two_servers_share_no_state() -> None:
    one, other = server.start(), server.start()
    org = one.orgs["published"].orgs[0]
    client = org.clients[0]
    org.update_client(client.id, state="disabled")
    assert other.orgs["published"].orgs[0].clients[0].state == "active"
    one.stop()
    other.stop()


def test_stopping_closes_the_ports() -> None:
    running = server.start()
    running.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(running.urls["published"], timeout=2)


def test_the_shared_server_is_started_once_and_again_after_a_stop() -> None:
    first = server.ensure_running()
    assert server.ensure_running() is first
    first.stop()
    second = server.ensure_running()
    assert second is not first
    second.stop()


def test_as_a_program_it_needs_no_settings_and_ends_on_sigterm() -> None:
    port = free_pair()
    command = [sys.executable, "-m", "diagnostics.demo.server", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PATH": ""}) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline(), process.stdout.readline()]
        answer = requests.get(f"http://127.0.0.1:{port}/api/v2/docs/swagger", timeout=5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    assert answer.status_code == 200
    assert [line.split()[-1] for line in lines] == [f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"]


def test_as_a_program_it_reports_which_ports_are_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        port = used.getsockname()[1]
        assert server.main(["--port", str(port)]) == 1
    assert str(port) in capsys.readouterr().err
