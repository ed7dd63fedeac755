"""What is left of the rate limit, and what a refusal says to wait."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pytest_django import Settings

from diagnostics.checks.limits import judge_headroom
from diagnostics.checks.outcomes import Outcome
from diagnostics.demo import server
from diagnostics.demo.orgs import DemoClient
from diagnostics.engine.diagnosis import Diagnosis
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.documents.limits import describe_wait, wait_seconds
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.regions import region
from diagnostics.genesys.response import OrgResponse
from diagnostics.parsing.inputs import Inputs

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CONVERSATION = "d2eb236c-6a81-49b6-b2f1-f74338655435"


def reported(count: str, allowed: str, status: int = 200) -> OrgResponse:
    headers = (("inin-ratelimit-count", count), ("INin-RateLimit-Allowed", allowed), ("inin-ratelimit-reset", "42"))
    return OrgResponse(
        HttpExchange("GET", "https://api.mypurecloud.com/x", NOW, 1, status, response_headers=headers), {}
    )


def refused(retry_after: str = "") -> OrgResponse:
    headers = (("Retry-After", retry_after),) if retry_after else ()
    return OrgResponse(HttpExchange("GET", "https://api.mypurecloud.com/x", NOW, 1, 429, response_headers=headers), {})


@pytest.mark.parametrize(
    ("answers", "outcome", "code"),
    [
        ([reported("3", "300")], Outcome.PASS, "enough"),
        ([reported("270", "300")], Outcome.PASS, "enough"),
        ([reported("271", "300")], Outcome.WARN, "low"),
        ([reported("300", "300")], Outcome.WARN, "low"),
        ([reported("305", "300")], Outcome.WARN, "low"),
        ([reported("3", "300"), reported("175", "180"), reported("4", "300")], Outcome.WARN, "low"),
        ([reported("3", "300"), refused("7")], Outcome.ERROR, "rate_limited"),
        ([refused()], Outcome.ERROR, "rate_limited"),
        ([], Outcome.SKIP, "not_told"),
        ([OrgResponse(None, error="timeout")], Outcome.SKIP, "not_told"),
        ([reported("", "")], Outcome.SKIP, "not_told"),
        ([reported("1", "0")], Outcome.SKIP, "not_told"),
        ([reported("-1", "300")], Outcome.SKIP, "not_told"),
        ([reported("١٢", "300")], Outcome.SKIP, "not_told"),
        ([reported("9" * 5000, "300")], Outcome.SKIP, "not_told"),
    ],
)
def test_headroom(answers: list[OrgResponse], outcome: Outcome, code: str) -> None:
    result = judge_headroom(answers, NOW)
    assert (result.outcome, result.code) == (outcome, code)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (refused("7"), 7),
        (refused(" 86400 "), 86_400),
        (refused(format_datetime(NOW + timedelta(hours=2), usegmt=True)), 7_200),
        (refused(format_datetime(NOW - timedelta(hours=2), usegmt=True)), 0),
        (refused("soon"), None),
        (refused(), None),
        (reported("300", "300", 429), 42),
    ],
)
def test_the_wait_is_read_from_header_or_body(answer: OrgResponse, seconds: int | None) -> None:
    assert wait_seconds(answer, NOW) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (90, "90 seconds"),
        (180, "3 minutes"),
        (14_400, "4 hours"),
        (86_400, "1 day"),
        (172_800, "2 days"),
    ],
)
def test_durations_in_words(seconds: int, words: str) -> None:
    assert describe_wait(seconds) == words


def test_a_wait_of_a_day_is_reported() -> None:
    assert "1 day" in judge_headroom([refused("86400")], NOW).sentence


@pytest.fixture
def demo() -> Iterator[server.Running]:
    running = server.start()
    yield running
    running.stop()


NAMES = ["Hostile api: rate_limited", "Hostile api: rate_limited_for_hours", "Hostile login: rate_limited"]


@pytest.mark.parametrize("name", NAMES)
def test_after_a_refusal_nothing_more_is_sent(name: str, demo: server.Running, settings: Settings) -> None:
    settings.GENESYS_ENDPOINTS = demo.endpoints
    known = hostile(demo, name)
    genesys = GenesysClient(region("demo-published"), known.id, known.secret)
    first = genesys.get("/api/v2/tokens/me")
    sent = demo.log.total
    later = [genesys.get("/api/v2/organizations/me"), *genesys.get_all("/api/v2/users/me", "/api/v2/tokens/me")]
    genesys.close()
    assert 429 in (first.status, genesys.responses[-1].status)
    assert [each.ok for each in later] == [False, False, False]
    assert demo.log.total == sent


@pytest.mark.parametrize("name", NAMES)
def test_a_rate_limited_run_reports_the_wait(name: str, demo: server.Running, settings: Settings) -> None:
    settings.GENESYS_ENDPOINTS = demo.endpoints
    known = hostile(demo, name)
    diagnosis = Diagnosis(
        region=region("demo-published"),
        client_id=known.id,
        secret=known.secret,
        client_name=name,
        kind="diagnosis",
        inputs=Inputs(conversation_id=CONVERSATION),
    )
    for _ in diagnosis.steps():
        pass
    verdict = diagnosis.verdict()
    assert (verdict["cause"], verdict["certainty"]) == ("env.rate_limited", "proved")


def hostile(demo: server.Running, name: str) -> DemoClient:
    return next(client for org in demo.orgs["published"].orgs for client in org.clients if client.name == name)
