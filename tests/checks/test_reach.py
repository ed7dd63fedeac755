"""Names, certificates, the way and the clock: each answer of the network and what is said of it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings

from diagnostics.checks.base import CheckContext, Target
from diagnostics.checks.net import Certificate, Handshake, Net, ProxyRoute, Resolution
from diagnostics.checks.outcomes import Outcome
from diagnostics.checks.reach import (
    RegionHost,
    hosts_of,
    judge_clock,
    judge_names,
    judge_route,
    judge_tls,
    reach_dns,
    reach_route,
    reach_tls,
)
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.regions import region
from diagnostics.genesys.response import OrgResponse

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
API = RegionHost("API", "https", "api.mypurecloud.com", 443)
PROXY = ProxyRoute("http://proxy.example:3128", True, urlsplit("http://ada:s3cret@proxy.example:3128"))


def certificate(days: int = 200) -> Certificate:
    end = NOW + timedelta(days=days)
    return Certificate("api", "DigiCert", ("api.elsewhere.example",), NOW - timedelta(days=20), end)


@pytest.mark.parametrize(
    ("output", "way", "outcome", "code"),
    [
        (Resolution("api.mypurecloud.com", ("192.0.2.7",)), ProxyRoute(), Outcome.PASS, "resolves"),
        (Resolution("proxy.example", ("192.0.2.9",)), PROXY, Outcome.PASS, "proxy_resolves"),
        (Resolution("api.mypurecloud.com", error="no_address"), ProxyRoute(), Outcome.FAIL, "no_address"),
        (Resolution("api.mypurecloud.com", error="malformed"), ProxyRoute(), Outcome.FAIL, "no_address"),
        (Resolution("api.mypurecloud.com", error="no_name_service"), ProxyRoute(), Outcome.FAIL, "no_name_service"),
        (Resolution("proxy.example", error="no_address"), PROXY, Outcome.FAIL, "proxy_no_address"),
    ],
)
def test_names(output: Resolution, way: ProxyRoute, outcome: Outcome, code: str) -> None:
    result = judge_names(API, output, way)
    assert (result.outcome, result.code, result.subject) == (outcome, code, "api.mypurecloud.com")


def test_an_address_needs_no_name_service() -> None:
    here = RegionHost("API", "http", "127.0.0.1", 8901)
    result = judge_names(here, Resolution("127.0.0.1", ("127.0.0.1",)), ProxyRoute())
    assert (result.outcome, result.code, result.subject) == (Outcome.PASS, "address", "127.0.0.1:8901")


def shaken(error: str = "", days: int | None = 200) -> Handshake:
    shown = None if days is None else certificate(days)
    return Handshake("api.mypurecloud.com", 443, error, certificate=shown)


@pytest.mark.parametrize(
    ("output", "outcome", "code"),
    [
        (shaken(), Outcome.PASS, "trusted"),
        (shaken(days=14), Outcome.PASS, "trusted"),
        (shaken(days=13), Outcome.WARN, "expires_soon"),
        (shaken("expired", days=-3), Outcome.FAIL, "expired"),
        (shaken("not_yet_valid"), Outcome.FAIL, "not_yet_valid"),
        (shaken("wrong_host"), Outcome.FAIL, "wrong_host"),
        (shaken("self_signed"), Outcome.FAIL, "self_signed"),
        (shaken("untrusted"), Outcome.FAIL, "untrusted"),
        (shaken("untrusted", days=None), Outcome.FAIL, "untrusted"),
        (shaken("protocol", days=None), Outcome.FAIL, "protocol"),
        (shaken("reset", days=None), Outcome.FAIL, "cut"),
        (shaken("refused", days=None), Outcome.FAIL, "refused"),
        (shaken("timeout", days=None), Outcome.FAIL, "timeout"),
        (shaken("proxy_login", days=None), Outcome.FAIL, "proxy_login"),
        (shaken("proxy_refused", days=None), Outcome.FAIL, "proxy_refused"),
        (shaken("proxy_unreachable", days=None), Outcome.FAIL, "proxy_unreachable"),
        (shaken("dns", days=None), Outcome.SKIP, "no_address"),
        (shaken("unreachable", days=None), Outcome.ERROR, "not_seen"),
        (shaken("proxy_unsupported", days=None), Outcome.FAIL, "proxy_unsupported"),
        (shaken("no_trust_store", days=None), Outcome.FAIL, "no_trust_store"),
        (shaken("", days=None), Outcome.ERROR, "not_seen"),
    ],
)
def test_certificates(output: Handshake, outcome: Outcome, code: str) -> None:
    result = judge_tls(API, output, NOW)
    assert (result.outcome, result.code, result.subject) == (outcome, code, "api.mypurecloud.com")


def test_a_certificate_is_shown_with_issuer_names_and_days() -> None:
    evidence = judge_tls(API, shaken("wrong_host"), NOW).evidence
    assert (evidence["issuer"], evidence["names"], evidence["days_left"]) == (
        "DigiCert",
        ["api.elsewhere.example"],
        200,
    )


@pytest.mark.parametrize(
    ("way", "outcome", "code"),
    [
        (ProxyRoute(), Outcome.PASS, "direct"),
        (PROXY, Outcome.PASS, "through_proxy"),
        (ProxyRoute("(unreadable)", parts=urlsplit("unreadable://")), Outcome.FAIL, "proxy_unreadable"),
    ],
)
def test_the_way(way: ProxyRoute, outcome: Outcome, code: str) -> None:
    result = judge_route(API, way)
    assert (result.outcome, result.code) == (outcome, code)
    assert "s3cret" not in repr(result)


def dated(date: str, ms: float = 0.0) -> OrgResponse:
    headers = (("date", date),) if date else ()
    return OrgResponse(HttpExchange("GET", "https://api.mypurecloud.com", NOW, ms, 200, response_headers=headers), {})


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        (dated(format_datetime(NOW, usegmt=True)), Outcome.PASS, "agrees"),
        (dated(format_datetime(NOW - timedelta(minutes=5), usegmt=True)), Outcome.PASS, "agrees"),
        (dated(format_datetime(NOW - timedelta(minutes=6), usegmt=True)), Outcome.WARN, "skewed"),
        (dated(format_datetime(NOW + timedelta(days=3), usegmt=True)), Outcome.WARN, "skewed"),
        (dated("Sun, 22 Nov 2026 12:00:00"), Outcome.PASS, "agrees"),
        (dated(""), Outcome.SKIP, "no_date"),
        (dated("yesterday"), Outcome.SKIP, "no_date"),
        (dated("Sun, 99 Nov 99999 12:00:00 GMT"), Outcome.SKIP, "no_date"),
        (OrgResponse(None, error="timeout"), Outcome.SKIP, "no_date"),
    ],
)
def test_the_clock(answer: OrgResponse, outcome: Outcome, code: str) -> None:
    result = judge_clock(answer)
    assert (result.outcome, result.code) == (outcome, code)


@pytest.mark.parametrize(("minutes", "words"), [(-90, "90 minutes ahead of"), (90, "90 minutes behind")])
def test_a_skewed_clock_is_reported_with_its_direction(minutes: int, words: str) -> None:
    result = judge_clock(dated(format_datetime(NOW + timedelta(minutes=minutes), usegmt=True)))
    assert words in result.sentence
    assert result.evidence["skew_s"] == -minutes * 60


def test_a_slow_answer_is_no_skew() -> None:
    """Ten minutes under way: the date lies in the middle of the exchange."""
    date = format_datetime(NOW + timedelta(minutes=8), usegmt=True)
    assert judge_clock(dated(date, ms=600_000)).code == "agrees"


def test_the_two_halves_of_a_region_are_two_places() -> None:
    assert [place.name for place in hosts_of(region("eu-west-1"))] == ["api.mypurecloud.ie", "login.mypurecloud.ie"]


def test_one_address_for_both_is_one_place(settings: Settings) -> None:
    settings.GENESYS_ENDPOINTS = {"own": {"api": "https://gateway.internal:8443"}}
    assert [place.name for place in hosts_of(region("own"))] == ["gateway.internal:8443"]


def test_each_host_is_requested_and_reported_separately(settings: Settings) -> None:
    """The way may differ per host, and a host without TLS has no certificate to look at."""
    settings.GENESYS_ENDPOINTS = {"own": {"api": "https://api.internal", "login": "http://login.internal:81"}}
    requested: list[tuple[str, int]] = []

    def handshake(host: str, port: int) -> Handshake:
        requested.append((host, port))
        return shaken()

    net = Net(
        resolve=lambda host: Resolution(host, error="" if host == "proxy.example" else "no_address"),
        handshake=handshake,
        route=lambda url: PROXY if url.startswith("https://api") else ProxyRoute(),
    )
    genesys = GenesysClient(region("own"), "id", "secret")
    ctx = CheckContext(Target("health", region("own"), "client", "id"), genesys, bundled(), net=net)
    output = {
        check.__name__: [(r.subject, r.code) for r in check(ctx)] for check in (reach_dns, reach_route, reach_tls)
    }
    genesys.close()
    assert output == {
        "reach_dns": [("api.internal", "proxy_resolves"), ("login.internal:81", "no_address")],
        "reach_route": [("api.internal", "through_proxy"), ("login.internal:81", "direct")],
        "reach_tls": [("api.internal", "trusted"), ("login.internal:81", "plain_http")],
    }
    assert requested == [("api.internal", 443)]
