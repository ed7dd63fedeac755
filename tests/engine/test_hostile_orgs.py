"""An org that answers nonsense: every run ends with an honest verdict, and nothing crashes."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from diagnostics.demo import server
from diagnostics.demo.orgs import load_endpoint, read_data
from diagnostics.demo.scenarios import scenario
from diagnostics.engine import causes
from diagnostics.genesys import client as genesys_client
from tests.builders.demo_diagnosis import diagnose

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


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_org_gets_an_honest_verdict(name: str, demo: server.Running, settings: Settings) -> None:
    settings.GENESYS_ENDPOINTS = demo.endpoints
    diagnosis = diagnose(demo, HEALTHY, name)
    verdict = diagnosis.verdict()
    assert not [each for each in diagnosis.findings if each.code == "crashed"]
    # A byte order mark is cleaned away, and what is behind it can be read.
    honest = (*HONEST, causes.NONE) if name.endswith("byte_order_mark") else HONEST
    assert verdict["cause"].startswith(honest), f"{verdict['cause']}: {verdict['sentence']}"


def test_the_hostile_orgs_are_many() -> None:
    assert len(HOSTILE) >= 15
    assert load_endpoint("published").orgs
