"""Every scenario gets the cause it was built for from the very engine, and nothing but reads reaches the orgs."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from diagnostics.demo.scenarios import Scenario, scenarios
from diagnostics.demo.server import Running, start
from diagnostics.engine.causes import TITLES
from tests.builders.demo_diagnosis import diagnose


@pytest.fixture(scope="module")
def orgs() -> Iterator[Running]:
    running, before = start(), settings.GENESYS_ENDPOINTS
    settings.GENESYS_ENDPOINTS = {**before, **running.endpoints}
    yield running
    settings.GENESYS_ENDPOINTS = before
    running.stop()


@pytest.mark.parametrize("reported", scenarios(), ids=lambda reported: reported.id)
def test_a_scenario_gets_its_cause(orgs: Running, reported: Scenario) -> None:
    verdict = diagnose(orgs, reported).verdict()
    assert (verdict["cause"], verdict["certainty"]) == (reported.cause, reported.certainty)
    assert orgs.log.writes == []


def test_together_they_sent_reads_and_token_requests_only(orgs: Running) -> None:
    for reported in scenarios():
        diagnose(orgs, reported)
    assert {(each.method, each.target.split("?")[0]) for each in orgs.log.requests if each.method != "GET"} <= {
        ("POST", "/oauth/token"),
        ("HEAD", "/api/v2/tokens/me"),
    }
    asked_to_start = {each.method for each in orgs.log.requests if each.target.endswith(("/cobrowse", "/sessions"))}
    assert asked_to_start == {"GET"}, "the way there is looked at, never taken"


def test_every_cause_has_its_scenario() -> None:
    """But plain http: a demo region has no https address of its own. Its run stands in tests/runs/test_runs.py."""
    assert set(TITLES) - {each.cause for each in scenarios()} == {"host.plain_http"}
