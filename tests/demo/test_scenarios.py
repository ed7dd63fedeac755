"""Every scenario gets the cause it was built for from the very engine, and nothing but reads reaches the orgs.

What a verdict says of its own proof is tested on the findings of all scenarios, which are recorded once.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from diagnostics.demo.scenarios import Scenario, scenario, scenarios
from diagnostics.demo.server import Running, start
from diagnostics.engine.causes import CAUSES, NONE, TITLES
from diagnostics.engine.diagnosis import Diagnosis
from diagnostics.engine.finding import FindingResult
from diagnostics.engine.verdict import judge
from tests.builders.demo_diagnosis import diagnose
from tests.builders.documented_results import documented_results

Diagnoses = Callable[[str], Diagnosis]


@pytest.fixture(scope="module")
def orgs() -> Iterator[Running]:
    running, before = start(), settings.GENESYS_ENDPOINTS
    settings.GENESYS_ENDPOINTS = {**before, **running.endpoints}
    with documented_results():
        yield running
    settings.GENESYS_ENDPOINTS = before
    running.stop()


@pytest.fixture(scope="module")
def diagnoses(orgs: Running) -> Diagnoses:
    """The completed diagnosis of each scenario, made when it is first asked for."""
    return cache(lambda id: diagnose(orgs, scenario(id)))


@pytest.mark.parametrize("reported", scenarios(), ids=lambda reported: reported.id)
def test_a_scenario_gets_its_cause(orgs: Running, diagnoses: Diagnoses, reported: Scenario) -> None:
    verdict = diagnoses(reported.id).verdict()
    assert (verdict["cause"], verdict["certainty"]) == (reported.cause, reported.certainty)
    assert orgs.log.writes == []


MARKS = {"pass": "+", "warn": "!", "fail": "x", "skip": "-", "error": "?"}
RUNS: dict[str, dict[str, list[str]]] = json.loads(
    Path(__file__).with_name("scenario_runs.json").read_text(encoding="utf-8")
)
HEALTHY = {"published": "healthy-web", "gateway": "gateway-healthy"}


@pytest.mark.parametrize("reported", scenarios(), ids=lambda reported: reported.id)
def test_a_scenario_is_judged_from_the_findings_and_for_the_reasons_of_the_table(
    diagnoses: Diagnoses, reported: Scenario
) -> None:
    """`findings` are those that the healthy scenario of the same org doesn't have. An empty list may be left out."""
    healthy = HEALTHY[reported.org]
    verdict = diagnoses(reported.id).verdict()
    found = {
        without_port(f"{MARKS[finding.outcome]} {finding.anchor}:{finding.code}")
        for finding in diagnoses(reported.id).findings
    }
    known = RUNS[healthy]["findings"] if reported.id != healthy else []
    assert sorted(found - set(known)) == sorted(RUNS[reported.id]["findings"])
    rival = verdict["rival"]
    reasons = {
        "because": verdict["because"] if verdict["cause"] != NONE else [],
        "supported_by": verdict["supported_by"],
        "also": verdict["also"],
        "rival": [rival["cause"], *map(without_port, rival["refuted_by"])] if rival else [],
    }
    assert reasons == {name: RUNS[reported.id].get(name, []) for name in reasons}


def without_port(text: str) -> str:
    """A demo server has another port each time, and the subject of the checks of its host names it."""
    return re.sub(r"#127[.0-9]+:[0-9]+", "", text)


def test_together_they_sent_reads_and_token_requests_only(orgs: Running, diagnoses: Diagnoses) -> None:
    for reported in scenarios():
        diagnoses(reported.id)
    assert {(each.method, each.target.split("?")[0]) for each in orgs.log.requests if each.method != "GET"} <= {
        ("POST", "/oauth/token"),
        ("HEAD", "/api/v2/tokens/me"),
    }
    asked_to_start = {each.method for each in orgs.log.requests if each.target.endswith(("/cobrowse", "/sessions"))}
    assert asked_to_start == {"GET"}, "the way there is looked at, never taken"


def test_every_cause_has_its_scenario() -> None:
    """But plain http: a demo region has no https address of its own. Its run stands in tests/runs/test_runs.py."""
    assert set(TITLES) - {each.cause for each in scenarios()} == {"host.plain_http"}


def answer_of(findings: Sequence[FindingResult]) -> tuple[str, str, str]:
    verdict = judge(findings)
    return verdict.cause, verdict.certainty, verdict.sentence


def test_every_proven_verdict_has_a_rival_with_what_refutes_it(diagnoses: Diagnoses) -> None:
    for reported in scenarios():
        found = diagnoses(reported.id)
        rival: dict[str, Any] | None = found.verdict()["rival"]
        assert (rival is not None) == (reported.certainty == "proved"), reported.id
        if rival is not None:
            assert rival["cause"] in CAUSES and rival["cause"] != reported.cause
            assert set(rival["refuted_by"]) <= {finding.anchor for finding in found.findings} and rival["refuted_by"]


def test_without_any_one_finding_of_because_the_verdict_is_another(diagnoses: Diagnoses) -> None:
    """Nothing wrong without a call that worked is excepted: every check that passed is a part of it."""
    for reported in scenarios():
        findings = diagnoses(reported.id).findings
        verdict = judge(findings)
        for anchor in verdict.because if verdict.cause != NONE else ():
            rest = [finding for finding in findings if finding.anchor != anchor]
            assert answer_of(rest) != answer_of(findings), (reported.id, anchor)


@hypothesis_settings(deadline=None, max_examples=60)
@given(st.data())
def test_because_is_enough_whatever_is_added_in_any_order(diagnoses: Diagnoses, data: st.DataObject) -> None:
    id = data.draw(st.sampled_from([each.id for each in scenarios() if each.cause != NONE]))
    findings = diagnoses(id).findings
    because = judge(findings).because
    needed = [finding for finding in findings if finding.anchor in because]
    rest = [finding for finding in findings if finding.anchor not in because]
    added = [finding for finding in rest if data.draw(st.booleans())]
    assert answer_of(data.draw(st.permutations([*needed, *added]))) == answer_of(findings)
