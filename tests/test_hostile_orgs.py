"""An org that answers nonsense: every run ends with an honest verdict, and nothing crashes."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from diagnostics import causes
from diagnostics.demo import server
from diagnostics.demo.orgs import Client, load_endpoint, read_data
from diagnostics.demo.scenarios import scenario
from diagnostics.engine import Diagnosis
from diagnostics.genesys import client as genesys_client
from diagnostics.genesys.regions import region
from diagnostics.inputs import Inputs

HOSTILE = [item["name"] for item in read_data("hostile.json")]
HEALTHY = scenario("healthy-web")
# What the product may say of an org whose answers cannot be trusted: nothing about permissions, paths or conversations.
HONEST = ("env.", "response.", "auth.", causes.UNDETERMINED)


@pytest.fixture(scope="module")
def demo() -> Iterator[server.Running]:
    running = server.start()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(genesys_client, "SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(genesys_client, "CALL_SECONDS", 1.0)


def hostile_client(demo: server.Running, name: str) -> Client:
    return next(client for org in demo.orgs["published"].orgs for client in org.clients if client.name == name)


def diagnose(demo: server.Running, name: str) -> Diagnosis:
    client = hostile_client(demo, name)
    inputs, _ = Inputs.from_paste(HEALTHY.call, "", HEALTHY.conversation_id)
    diagnosis = Diagnosis(
        region=region("demo-published"),
        client_id=client.id,
        secret=client.secret,
        client_name=name,
        kind="diagnosis",
        inputs=inputs,
    )
    for _ in diagnosis.steps():
        pass
    return diagnosis


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_org_gets_an_honest_verdict(name: str, demo: server.Running, settings: Settings) -> None:
    settings.GENESYS_ENDPOINTS = demo.endpoints
    diagnosis = diagnose(demo, name)
    verdict = diagnosis.verdict()
    assert not [each for each in diagnosis.findings if each.code == "crashed"]
    assert verdict["cause"].startswith(HONEST), f"{verdict['cause']}: {verdict['sentence']}"


def test_the_hostile_orgs_are_many() -> None:
    assert len(HOSTILE) >= 15
    assert load_endpoint("published").orgs
