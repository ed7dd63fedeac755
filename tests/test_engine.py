"""Every demo scenario through the very engine: the cause that it was built for, and nothing but reads."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from diagnostics.demo import server
from diagnostics.demo.orgs import KEYS, Client, load_endpoint
from diagnostics.demo.scenarios import Scenario, scenarios
from diagnostics.engine import Diagnosis
from diagnostics.genesys.regions import region
from diagnostics.inputs import Inputs


@pytest.fixture(scope="module")
def demo() -> Iterator[server.Running]:
    running = server.start()
    yield running
    running.stop()


def client_of(scenario: Scenario) -> tuple[str, Client]:
    """The region and the client of a scenario."""
    for key in KEYS:
        for org in load_endpoint(key).orgs:
            for client in org.clients:
                if client.name == scenario.client:
                    return server.REGION.format(key=key), client
    raise KeyError(scenario.client)


def diagnose(scenario: Scenario) -> Diagnosis:
    key, client = client_of(scenario)
    inputs, _ = Inputs.from_paste(scenario.call, scenario.answer, scenario.conversation_id)
    diagnosis = Diagnosis(
        region=region(key),
        client_id=client.id,
        secret=client.typed_secret or client.secret,
        client_name=scenario.client,
        kind="diagnosis",
        inputs=inputs,
    )
    for _ in diagnosis.steps():
        pass
    return diagnosis


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda each: each.id)
def test_a_scenario_yields_its_cause(scenario: Scenario, demo: server.Running, settings: Settings) -> None:
    settings.GENESYS_ENDPOINTS = demo.endpoints
    verdict = diagnose(scenario).verdict()
    assert (verdict["cause"], verdict["certainty"]) == (scenario.cause, scenario.certainty), verdict["sentence"]
