"""Any field of any response may have another shape than the API documents: no check crashes."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.test import override_settings

from diagnostics.checks.base import planned_checks
from diagnostics.demo import server
from diagnostics.demo.orgs import REGION
from diagnostics.demo.scenarios import Scenario, scenario
from diagnostics.engine.diagnosis import Diagnosis
from diagnostics.genesys.regions import region
from diagnostics.genesys.session import SESSIONS
from diagnostics.parsing.inputs import Inputs
from tests.engine.mutations import VALUES, FieldPath, field_paths, mutate
from tests.engine.replay import Responses, replay_session, responses_of

SCENARIOS = ("healthy-web", "gateway-healthy")
SAMPLE = 120  # of about 2,700 changes in each scenario; the seed is fixed, so that every run tests the same ones


class Recorded:
    """One scenario whose responses are known, to be diagnosed again with some of them changed."""

    def __init__(self, reported: Scenario, demo: server.Running) -> None:
        self.region = region(REGION.format(key=reported.org))
        self.client = next(
            each for org in demo.orgs[reported.org].orgs for each in org.clients if each.name == reported.client
        )
        self.inputs, _ = Inputs.from_paste(reported.call, reported.answer, reported.conversation_id)
        # Without the checks of the network: nothing of an org's JSON reaches them.
        self.checks = tuple(
            replace(each, after=()) for each in planned_checks(self.inputs.given) if not each.id.startswith("reach.")
        )
        self.responses: Responses = {}
        self.diagnose()

    def diagnose(self) -> Diagnosis:
        diagnosis = Diagnosis(
            region=self.region,
            client_id=self.client.id,
            secret=self.client.secret,
            client_name=self.client.name,
            kind="diagnosis",
            inputs=self.inputs,
            at_once=1,
        )
        for step in diagnosis.steps(self.checks):
            json.dumps([each.as_dict() for each in step.findings], ensure_ascii=False, allow_nan=False).encode()
        self.responses = self.responses or responses_of(diagnosis._genesys.responses)
        return diagnosis

    def changes(self) -> Iterator[tuple[str, FieldPath, str]]:
        for url, (_, body) in self.responses.items():
            for place in field_paths(json.loads(body)) if body.startswith("{") else ():
                yield from ((url, place, kind) for kind in VALUES)

    def crashed_by(self, url: str, place: FieldPath, value: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        status, body = self.responses[url]
        session = replay_session({**self.responses, url: (status, mutate(body, {place: value}))})
        monkeypatch.setattr(SESSIONS, "session", lambda key, connections: session)
        return [each.check_id for each in self.diagnose().findings if each.code == "crashed"]


@pytest.fixture(scope="module", params=SCENARIOS)
def recorded(request: pytest.FixtureRequest) -> Iterator[Recorded]:
    """Recorded from the demo org, which is away afterwards."""
    running = server.start()
    try:
        with override_settings(GENESYS_ENDPOINTS=running.endpoints):
            found = Recorded(scenario(request.param), running)
    finally:
        running.stop()
    yield found


@pytest.fixture(autouse=True)
def findings_alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exchanges are redacted, which takes most of the time and has tests of its own."""
    if "recorded" in request.fixturenames:
        monkeypatch.setattr(Diagnosis, "_new_exchanges", lambda *args: ())


def test_no_field_of_another_shape_crashes_a_check(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = random.Random(20261128).sample(sorted(recorded.changes(), key=repr), SAMPLE)
    crashed = {
        f"{url.rpartition('/api/v2/')[2]} {place} = {kind}": checks
        for url, place, kind in sample
        if (checks := recorded.crashed_by(url, place, VALUES[kind], monkeypatch))
    }
    assert crashed == {}


@pytest.mark.parametrize("state", [["connected"], {"x": 1}, "[null]", '{"x":1}', 7, None])
def test_a_state_that_is_no_text_crashes_nothing(
    recorded: Recorded, state: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {(url, place) for url, place, _ in recorded.changes() if place[-1] == "state" and "participants" in place}
    assert changes
    for url, place in changes:
        assert recorded.crashed_by(url, place, state, monkeypatch) == []
