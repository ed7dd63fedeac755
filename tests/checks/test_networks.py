"""Broken networks through the very engine: real sockets, and the one cause that each of them deserves."""

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from diagnostics.checks import net
from diagnostics.demo.app import DemoApp
from diagnostics.demo.log import RequestLog
from diagnostics.demo.orgs import PUBLISHED, DemoClient, load_endpoint
from diagnostics.demo.scenarios import scenario
from diagnostics.demo.server import DemoServer, Handler
from diagnostics.engine.diagnosis import Diagnosis
from diagnostics.genesys import client as genesys_client
from diagnostics.genesys.regions import region
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from tests.builders import faulty_servers
from tests.builders.faulty_servers import Authority, RunningServer, over_tls, run_server
from tests.checks.test_net import PROXIES
from tests.factories import make_client

KEY = "own-network"
HEALTHY = scenario("healthy-web")
NOWHERE = "https://api.cobrowse-doctor.invalid"
SECRET = "proxy-s3cret"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy but the test's own."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """For servers that never answer."""
    monkeypatch.setattr(net, "SECONDS", 1.0)
    monkeypatch.setattr(genesys_client, "CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(genesys_client, "SILENCE_SECONDS", 0.5)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    made = Authority.create(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.file))
    return made


def client() -> DemoClient:
    return next(each for org in load_endpoint(PUBLISHED).orgs for each in org.clients if each.name == HEALTHY.client)


def diagnose(settings: Settings, url: str, *, login: str = "") -> Diagnosis:
    """A healthy call, in a region that the operator added at this address."""
    settings.GENESYS_ENDPOINTS = {KEY: {"api": url, "login": login or url}}
    inputs, _ = Inputs.from_paste(HEALTHY.call.replace("https://", ""), "", HEALTHY.conversation_id)
    known = client()
    diagnosis = Diagnosis(
        region=region(KEY),
        client_id=known.id,
        secret=known.secret,
        client_name=known.name,
        kind="diagnosis",
        inputs=inputs,
    )
    for _ in diagnosis.steps():
        pass
    assert not [each for each in diagnosis.findings if each.code == "crashed"]
    return diagnosis


@contextlib.contextmanager
def demo_over_tls(context: ssl.SSLContext) -> Iterator[str]:
    """The published demo org as a real one is reached: over TLS, under a name."""
    server = DemoServer((faulty_servers.HOST, 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.set_app(DemoApp(load_endpoint(PUBLISHED), RequestLog()))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def output(diagnosis: Diagnosis, check: str) -> list[str]:
    return [each.code for each in diagnosis.findings if each.check_id == check]


def test_a_sound_network_over_tls_is_accused_of_nothing(authority: Authority, settings: Settings) -> None:
    with demo_over_tls(authority.context("localhost")) as url:
        diagnosis = diagnose(settings, url)
    assert diagnosis.verdict()["cause"] == "none"
    assert {check: output(diagnosis, f"reach.{check}") for check in ("dns", "tls", "route", "clock")} == {
        "dns": ["resolves"],
        "tls": ["trusted"],
        "route": ["direct"],
        "clock": ["agrees"],
    }


def test_a_name_that_does_not_resolve(settings: Settings) -> None:
    diagnosis = diagnose(settings, NOWHERE)
    verdict = diagnosis.verdict()
    assert (verdict["cause"], verdict["certainty"]) == ("env.dns", "proved")
    assert verdict["because"][0] == "reach.dns#api.cobrowse-doctor.invalid"


def test_only_the_api_host_is_unknown(settings: Settings, authority: Authority) -> None:
    """The token comes; what fails is told of the other host."""
    with demo_over_tls(authority.context("localhost")) as url:
        diagnosis = diagnose(settings, NOWHERE, login=url)
    verdict = diagnosis.verdict()
    assert (verdict["cause"], verdict["certainty"]) == ("env.dns", "proved")
    assert output(diagnosis, "oauth.token") == ["issued"]


Bad = Callable[[Authority], ssl.SSLContext]
CERTIFICATES: list[tuple[str, Bad]] = [
    ("expired", lambda authority: authority.context("localhost", days=(-30, -3))),
    ("not_yet_valid", lambda authority: authority.context("localhost", days=(3, 30))),
    ("wrong_host", lambda authority: authority.context(faulty_servers.OTHER_HOST)),
    ("self_signed", lambda authority: authority.context("localhost", self_signed=True)),
]


@pytest.mark.parametrize(("code", "bad"), CERTIFICATES, ids=[code for code, _ in CERTIFICATES])
def test_a_certificate_that_is_not_to_be_trusted(code: str, bad: Bad, authority: Authority, settings: Settings) -> None:
    with demo_over_tls(bad(authority)) as url:
        diagnosis = diagnose(settings, url)
    verdict = diagnosis.verdict()
    assert (verdict["cause"], verdict["certainty"]) == ("env.tls", "proved")
    assert output(diagnosis, "reach.tls") == [code]


@pytest.mark.parametrize(
    ("handle", "cause", "certainty"),
    [
        (faulty_servers.resets, "env.tls", "proved"),
        (faulty_servers.speaks_plain_http, "env.tls", "proved"),
        (faulty_servers.never_answers, "env.timeout", "proved"),
    ],
)
def test_a_server_that_does_not_shake_hands(
    handle: faulty_servers.Handler, cause: str, certainty: str, settings: Settings, short_limits: None
) -> None:
    with run_server(handle) as served:
        verdict = diagnose(settings, f"https://localhost:{served.port}").verdict()
    assert (verdict["cause"], verdict["certainty"]) == (cause, certainty)


@pytest.mark.parametrize(
    ("handle", "cause"), [(faulty_servers.never_answers, "env.timeout"), (faulty_servers.resets, "undetermined")]
)
def test_without_tls_only_the_read_itself_gives_a_result(
    handle: faulty_servers.Handler, cause: str, settings: Settings, short_limits: None
) -> None:
    with run_server(handle) as served:
        verdict = diagnose(settings, f"http://localhost:{served.port}").verdict()
    assert (verdict["cause"], verdict["certainty"]) != (cause, "proved")
    assert verdict["cause"] == cause


def test_a_server_that_shakes_hands_and_never_answers(
    authority: Authority, settings: Settings, short_limits: None
) -> None:
    with run_server(over_tls(authority.context("localhost"), faulty_servers.never_answers)) as served:
        diagnosis = diagnose(settings, f"https://localhost:{served.port}")
    verdict = diagnosis.verdict()
    assert (verdict["cause"], verdict["certainty"]) == ("env.timeout", "likely")
    assert output(diagnosis, "reach.tls") == ["trusted"]


@pytest.mark.parametrize(
    ("line", "code"),
    [("407 Proxy Authentication Required", "proxy_login"), ("403 Forbidden", "proxy_refused")],
)
def test_a_proxy_that_opens_no_tunnel(
    line: str, code: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_server(faulty_servers.proxy_responding(line)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:{SECRET}@{faulty_servers.HOST}:{proxy.port}")
        diagnosis = diagnose(settings, NOWHERE)
    verdict = diagnosis.verdict()
    assert (verdict["cause"], verdict["certainty"]) == ("env.proxy", "proved")
    assert (output(diagnosis, "reach.tls"), output(diagnosis, "reach.route")) == ([code], ["through_proxy"])
    assert SECRET not in repr((diagnosis.findings, verdict))


def test_a_proxy_that_wants_a_login_before_plain_http(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with run_server(faulty_servers.proxy_responding("407 Proxy Authentication Required")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{faulty_servers.HOST}:{proxy.port}")
        verdict = diagnose(settings, "http://api.cobrowse-doctor.invalid").verdict()
    assert verdict["cause"] == "env.proxy"


def test_a_proxy_that_is_gone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.cobrowse-doctor.invalid:3128")
    verdict = diagnose(settings, NOWHERE).verdict()
    assert (verdict["cause"], verdict["certainty"]) == ("env.proxy", "proved")


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "http://", "http://proxy.example:nonsense"])
def test_a_proxy_that_cannot_be_used(proxy: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    verdict = diagnose(settings, NOWHERE).verdict()
    assert (verdict["cause"], verdict["certainty"]) == ("env.proxy", "proved")


def test_a_list_of_trusted_certificates_that_is_not_there(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/authority.pem")
    verdict = diagnose(settings, "https://localhost:1").verdict()
    assert (verdict["cause"], verdict["certainty"]) == ("env.tls", "proved")


def test_a_proxy_that_works_is_accused_of_nothing(
    authority: Authority, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is known to the proxy alone, as in many a company."""
    context = authority.context("api.cobrowse-doctor.invalid")
    with demo_over_tls(context) as url, run_server(faulty_servers.tunnel_to(int(url.rpartition(":")[2]))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{faulty_servers.HOST}:{proxy.port}")
        diagnosis = diagnose(settings, NOWHERE)
    assert diagnosis.verdict()["cause"] == "none"
    assert (output(diagnosis, "reach.dns"), output(diagnosis, "reach.tls")) == (["proxy_resolves"], ["trusted"])


Broken = Callable[[Authority], contextlib.AbstractContextManager[RunningServer]]
BROKEN: list[tuple[str, str, str, Broken]] = [
    ("env.dns", NOWHERE, "", lambda authority: run_server(faulty_servers.resets)),
    (
        "env.tls",
        "https://localhost:{port}",
        "",
        lambda authority: run_server(
            over_tls(authority.context("localhost", days=(-30, -3)), faulty_servers.responds(b"{}"))
        ),
    ),
    (
        "env.proxy",
        NOWHERE,
        "{port}",
        lambda authority: run_server(faulty_servers.proxy_responding("407 Proxy Authentication Required")),
    ),
    ("env.timeout", "https://localhost:{port}", "", lambda authority: run_server(faulty_servers.never_answers)),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("cause", "url", "proxy", "broken"), BROKEN, ids=[cause for cause, *_ in BROKEN])
def test_a_run_as_a_worker_does_it_keeps_what_was_found(
    cause: str,
    url: str,
    proxy: str,
    broken: Broken,
    settings: Settings,
    authority: Authority,
    short_limits: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with broken(authority) as served:
        if proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://ada:{SECRET}@{faulty_servers.HOST}:{served.port}")
        settings.GENESYS_ENDPOINTS = {KEY: {"api": url.format(port=served.port)}}
        run = create_run(
            client=make_client(region=KEY), kind=Run.Kind.HEALTH, inputs=Inputs(), user=None, source=Run.Source.CLI
        )
        assert execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.cause, run.certainty) == (Run.Status.FINISHED, cause, "proved")
    assert run.verdict["because"][0].startswith("reach.")
    stored = [*run.findings.values_list("evidence", "sentence", "hint"), *run.exchanges.values_list("url", "error")]
    assert SECRET not in repr(stored)
