"""A diagnosis that continues from the stored steps of an earlier one reaches the same verdict with the remaining requests."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from diagnostics.demo import server
from diagnostics.demo.orgs import REGION
from diagnostics.demo.scenarios import Scenario, scenarios
from diagnostics.engine.diagnosis import NOTHING_STORED, CheckStep, Diagnosis, StoredSteps
from diagnostics.genesys.regions import region
from diagnostics.parsing.inputs import Inputs

SCENARIOS = [found for found in scenarios() if found.conversation_id][::9]


@pytest.fixture(scope="module")
def orgs() -> Iterator[server.Running]:
    running, before = server.start(), settings.GENESYS_ENDPOINTS
    settings.GENESYS_ENDPOINTS = {**before, **running.endpoints}
    yield running
    settings.GENESYS_ENDPOINTS = before
    running.stop()


def diagnosis_of(orgs: server.Running, scenario: Scenario, stored: StoredSteps = NOTHING_STORED) -> Diagnosis:
    client = next(each for org in orgs.orgs[scenario.org].orgs for each in org.clients if each.name == scenario.client)
    inputs, _ = Inputs.from_paste(scenario.call, scenario.answer, scenario.conversation_id)
    return Diagnosis(
        region=region(REGION.format(key=scenario.org)),
        client_id=client.id,
        secret=client.typed_secret or client.secret,
        client_name=client.name,
        kind="diagnosis",
        inputs=inputs,
        stored=stored,
    )


def stored(batches: list[tuple[CheckStep, ...]]) -> StoredSteps:
    steps = [step for batch in batches for step in batch]
    return StoredSteps(
        tuple(finding for step in steps for finding in step.findings),
        tuple(exchange for step in steps for exchange in step.exchanges),
    )


def in_any_order(verdict: dict[str, Any]) -> dict[str, Any]:
    """Checks that run at the same time end in any order."""
    return {name: sorted(value, key=str) if isinstance(value, list) else value for name, value in verdict.items()}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda found: found.id)
def test_a_continued_diagnosis_reaches_the_same_verdict(orgs: server.Running, scenario: Scenario) -> None:
    whole = diagnosis_of(orgs, scenario)
    batches = list(whole.batches())
    assert whole.verdict()["cause"] == scenario.cause
    first = stored(batches[: len(batches) // 2])
    orgs.log.clear()
    rest = diagnosis_of(orgs, scenario, first)
    steps = stored(list(rest.batches()))
    assert in_any_order(rest.verdict()) == in_any_order(whole.verdict())
    assert not {found.check_id for found in first.findings} & {found.check_id for found in steps.findings}
    answered = {exchange.url for exchange in first.exchanges if exchange.method == "GET" and exchange.status == 200}
    assert not answered & {exchange.url for exchange in steps.exchanges}
    assert rest.environment() == whole.environment()


def test_nothing_is_repeated_after_the_last_step(orgs: server.Running) -> None:
    scenario = SCENARIOS[0]
    whole = diagnosis_of(orgs, scenario)
    everything = stored(list(whole.batches()))
    orgs.log.clear()
    rest = diagnosis_of(orgs, scenario, everything)
    assert list(rest.steps()) == []
    assert in_any_order(rest.verdict()) == in_any_order(whole.verdict())
    assert orgs.log.requests == []
