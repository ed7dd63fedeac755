"""The engine's accuracy, as published: our own cases, and what each state of an org becomes."""

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from diagnostics.demo import documents
from diagnostics.engine.verdict import ENGINE_VERSION
from diagnostics.evaluation.cases import BadCases, Case, read_cases
from diagnostics.evaluation.conversations import conversation_of, medium_of
from diagnostics.evaluation.score import CALIBRATED, CaseResult, Score, evaluate
from diagnostics.evaluation.states import is_licensed, org_of, permissions_of, region_of
from diagnostics.reference import accuracy

FOLDER = Path(__file__).parent
CASES = FOLDER / "cases.json"
FILES = (
    CASES,
    FOLDER / "second_cases.json",
    FOLDER / "third_cases.json",
    FOLDER / "fourth_cases.json",
    FOLDER / "fifth_cases.json",
    FOLDER / "sixth_cases.json",
)  # each written by somebody who had not seen the engine


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_the_right_cause_is_first_in_95_of_100_and_nobody_is_accused_wrongly(file: Path) -> None:
    """One test for each file, because running its cases takes long. Of the largest sets a part; `evaluate` runs all."""
    cases = read_cases(file.read_text(encoding="utf-8"))
    score = evaluate(cases if len(cases) < 200 else cases[::2])
    wrong = [f"{each.case.id}: {each.cause}, not {each.case.cause}" for each in score.cases if not each.is_right]
    assert len(wrong) <= 0.05 * len(score.cases), wrong
    assert [f"{each.case.id}: {each.cause}" for each in score.cases if each.accuses_wrongly] == []
    assert [each.case.id for each in score.cases if each.certainty == "proved" and not each.is_right] == []
    assert score.brier is not None and score.brier <= CALIBRATED
    assert [spoiled.brier for spoiled in spoiled_scores(score) if (spoiled.brier or 0) <= CALIBRATED] == []
    families = {each.case.cause.split(".")[0] for each in score.cases}
    assert len(score.cases) >= 60
    assert families >= {"path", "host", "auth", "authz", "conv", "body", "provider", "env", "config", "none"}


def spoiled_scores(score: Score) -> list[Score]:
    """The same verdicts with certainties that don't fit: the wrong way round, too timid, and some proven wrongly."""
    turned = {"proved": "likely", "likely": "proved"}
    cases = score.cases
    return [
        Score(tuple(replace(each, certainty=turned.get(each.certainty, each.certainty)) for each in cases)),
        Score(tuple(replace(each, certainty="likely") for each in cases)),
        Score((*(replace(each, cause="x", certainty="proved") for each in cases[:10]), *cases[10:])),
    ]


def test_figures_of_a_score() -> None:
    """Two proven and right, one proven and wrong, one likely and right, a healthy org accused, one undetermined."""
    verdicts = [
        ("path.not_in_api", "path.not_in_api", "proved"),
        ("conv.ended", "conv.ended", "proved"),
        ("conv.ended", "conv.not_found", "proved"),
        ("env.tls", "env.tls", "likely"),
        ("none", "conv.ended", "likely"),
        ("conv.ended", "undetermined", "undetermined"),
    ]
    score = Score(
        tuple(
            CaseResult(Case(str(number), "", {}, None, None, expected), cause, certainty, "")
            for number, (expected, cause, certainty) in enumerate(verdicts)
        )
    )
    counts = {key: value for key, value in score.to_json().items() if key not in ("results", "calibration")}
    assert counts == {
        **{"cases": 6, "right_first": 3, "right_family": 4, "wrong_accusations": 2, "proved_and_wrong": 1},
        **{"healthy": 1, "healthy_accused": 1, "undetermined": 1, "brier": round((1 + 0.04 + 0.64) / 5, 4)},
    }
    assert score.to_json()["calibration"]["proved"] == {"cases": 3, "right": 2, "claimed": 1.0}
    assert Score(()).brier is None


def test_new_figures_replace_those_of_the_same_engine_and_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures_file = tmp_path / "figures.json"
    figures_file.write_text(accuracy.FILE.read_text(encoding="utf-8"))
    monkeypatch.setattr(accuracy, "FILE", figures_file)
    before, file = accuracy.read(), tmp_path / "mine.json"
    file.write_text(json.dumps(json.loads(CASES.read_text(encoding="utf-8"))[:1]))
    for _ in range(2):
        call_command("evaluate", str(file), "--keep", "--unseen", stdout=io.StringIO())
    added = [each for each in accuracy.read() if each not in before]
    assert [(each.engine, each.cases_file, each.unseen, each.cases) for each in added] == [
        (ENGINE_VERSION, "mine", True, 1)
    ]
    assert len(accuracy.read()) == len(before) + 1
    figures_file.unlink()
    figures_file.mkdir()
    with pytest.raises(CommandError) as refused:
        call_command("evaluate", str(file), "--keep", stdout=io.StringIO())
    assert refused.value.returncode == 2


def test_every_set_has_figures_of_this_engine() -> None:
    """`manage.py evaluate FILE --keep` after a change of ENGINE_VERSION."""
    measured = {each.cases_file for each in accuracy.read() if each.engine == ENGINE_VERSION}
    assert {file.stem for file in FILES} <= measured


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "[1]", '[{"id": "a"}]', '[{"expected": {}}]', "[" * 100_000])
def test_a_file_without_cases_is_refused_with_a_sentence(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadCases):
        read_cases(text)
    file = tmp_path / "cases.json"
    file.write_text(text)
    with pytest.raises(CommandError) as refused:
        call_command("evaluate", str(file))
    assert refused.value.returncode == 2


def test_the_counts_in_the_json_agree_with_the_lines(tmp_path: Path) -> None:
    file, out = tmp_path / "cases.json", io.StringIO()
    file.write_text(json.dumps(json.loads(CASES.read_text(encoding="utf-8"))[:3]))
    call_command("evaluate", str(file), "--json", stdout=out)
    reported = json.loads(out.getvalue())
    assert reported["cases"] == len(reported["results"]) == 3
    assert reported["right_first"] == sum(each["right"] for each in reported["results"])


def test_with_pastes_only_the_text_is_judged(tmp_path: Path) -> None:
    cases = json.loads((FOLDER / "sixth_cases.json").read_text(encoding="utf-8"))
    doubled = next(case for case in cases if case["id"] == "six-021")
    without_text = {**next(case for case in cases if case["id"] == "six-001"), "paste": ""}
    file, out = tmp_path / "cases.json", io.StringIO()
    file.write_text(json.dumps([{**doubled, "request": None, "response": None}, without_text]))
    call_command("evaluate", str(file), "--pastes", "--json", stdout=out)
    assert [each["cause"] for each in json.loads(out.getvalue())["results"]] == ["path.base_duplicated"]
    file.write_text(json.dumps([without_text]))
    with pytest.raises(CommandError) as refused:
        call_command("evaluate", str(file), "--pastes")
    assert refused.value.returncode == 2


@pytest.mark.parametrize(
    ("text", "medium"),
    [
        ("message (web messaging)", ("messages", "webmessaging")),
        ("message (WhatsApp)", ("messages", "whatsapp")),
        ("message (sms)", ("messages", "sms")),
        ("chat (legacy ACD web chat)", ("chats", "")),
        ("call (voice)", ("calls", "")),
        ("callback", ("callbacks", "")),
        ("email", ("emails", "")),
        ("message (open messaging)", ("messages", "open")),
        ("message (web messaging) after an earlier e-mail", ("messages", "webmessaging")),
        ("voice (inbound call, callback offered)", ("calls", "")),
        ("screen share (legacy)", ("screenshares", "")),
        ("social expression", ("socialExpressions", "")),
        ("video", ("videos", "")),
    ],
)
def test_a_medium_is_read_from_its_words(text: str, medium: tuple[str, str]) -> None:
    assert medium_of(text) == medium


@pytest.mark.parametrize(
    ("reported", "there"),
    [
        ({"id": "11111111-2222-4333-8444-555555555555", "state": "connected"}, True),
        ({"id": "11111111-2222-4333-8444-555555555555", "state": "does not exist"}, False),
        ({"id": "not-a-uuid", "state": "connected"}, False),
        ({}, False),
    ],
)
def test_a_conversation_that_is_not_there_is_not_served(reported: Mapping[str, Any], there: bool) -> None:
    assert (conversation_of({"conversation": reported}) is not None) == there


@pytest.mark.parametrize(
    "state", [{}, {"token": 5, "divisions": [], "conversation": "x", "providers": 3, "region": None}]
)
def test_a_state_of_odd_shapes_is_an_org_all_the_same(state: dict[str, Any]) -> None:
    if isinstance(state.get("providers"), int):
        state = {**state, "providers": []}
    assert org_of(state).clients
    assert region_of(state).key == "us-east-1"


START, OTHER = "conversation:cobrowse:add", "conversation:cobrowseVoice:add"


@pytest.mark.parametrize(
    ("state", "held"),
    [
        ({"permissions": [START]}, {START: False}),
        ({"permissions": [f"{START} (conditional)", OTHER]}, {START: True, OTHER: False}),
        ({"permissions": [f"{START} with condition: Media == Voice"]}, {START: True}),
        ({"permissions": [f"{START} (granted yesterday)"]}, {START: False}),
        ({"permissions": [START, OTHER], "conditions": {START: "queue == Support"}}, {START: True, OTHER: False}),
        ({"permissions": ["*"]}, {"conversation:*:*": False, "oauth:*:*": False}),
        ({"permissions": "all"}, {"conversation:*:*": False, "oauth:*:*": False}),
        ({"permissions": "all cobrowse permissions"}, {START: False}),
        ({"permissions": "none"}, {}),
        ({"permissions": ["nothing that is a permission"]}, {}),
    ],
)
def test_permissions_are_read_with_their_conditions(state: dict[str, Any], held: dict[str, bool]) -> None:
    found = permissions_of(state, [START, "oauth:client:view"])
    assert {name: bool(condition) for name, condition in found.items()} == held


@pytest.mark.parametrize(
    ("state", "licensed"),
    [
        ({}, True),
        ({"licence": "Genesys Cloud CX 3"}, True),
        ({"licence": "Genesys Cloud CX 2 (cobrowse included; no WEM)"}, True),
        ({"licence": "Genesys Cloud CX 1"}, False),
        ({"licence": "Genesys Cloud CX 1 without Digital Add-on"}, False),
        ({"licence": "Genesys Cloud CX 1 with Digital Add-on II"}, True),
        ({"licence": "none"}, False),
        ({"permission_catalogue": f"{START} absent"}, False),
        ({"permission_catalogue": "contains both cobrowse permissions"}, True),
        ({"permission_catalogue": [START]}, True),
        ({"permission_catalogue": ["oauth:client:view"]}, False),
        ({"missing_from_catalogue": [START, OTHER]}, False),
        ({"missing_from_catalogue": ["recording:recording:view"]}, True),
    ],
)
def test_a_licence_is_read_from_its_words(state: dict[str, Any], licensed: bool) -> None:
    assert is_licensed(state) == licensed


@pytest.mark.parametrize(
    ("state", "ids"),
    [
        ({}, []),
        ({"web_deployment": {"id": "a"}}, ["a"]),
        ({"web_deployment": [{"id": "a"}, {"id": "b"}]}, ["a", "b"]),
        ({"web_deployments": [{"id": "a"}]}, ["a"]),
        ({"web_deployment": {"id": "a"}, "web_deployments": [{"id": "a"}, {"id": "b"}]}, ["a", "b"]),
    ],
)
def test_one_or_several_deployments_can_be_given(state: dict[str, Any], ids: list[str]) -> None:
    org = org_of(state)
    assert [each["id"] for each in org.deployments] == ids
    assert len({each["id"] for each in org.configurations}) == len(ids)


@pytest.mark.parametrize(
    ("reported", "agent", "over"),
    [
        (
            {"state": "connected", "agent_participant": "two agents: one disconnected, one connected"},
            "connected",
            False,
        ),
        ({"state": "connected", "agent_participant": "connected (first agent disconnected)"}, "connected", False),
        ({"state": "alerting", "agent_participant": "alerting (first agent disconnected)"}, "alerting", False),
        ({"state": "connected", "agent_participant": "disconnected"}, "disconnected", False),
        ({"state": "connected, not ended", "agent_participant": "connected"}, "connected", False),
        ({"state": "ended 5 min ago", "agent_participant": "connected"}, "disconnected", True),
        ({"state": "scheduled", "agent_participant": "none", "customer_participant": "none"}, "", False),
    ],
)
def test_the_parties_are_read_from_their_words(reported: dict[str, str], agent: str, over: bool) -> None:
    found = conversation_of({"conversation": {"id": "11111111-2222-4333-8444-555555555555", **reported}})
    assert found is not None
    assert ("ended" in found) == over
    states = [each["legs"][0]["state"] for each in found["participants"] if each["purpose"] == "agent"]
    assert states == ([agent] if agent else [])


def test_a_conversation_of_several_divisions_and_one_without_parties_are_served() -> None:
    state = {
        "divisions": {"role_granted_in": "Sales", "conversation_in": ["Home", "Sales"]},
        "conversation": {
            "id": "11111111-2222-4333-8444-555555555555",
            "agent_participant": "none",
            "customer_participant": "none",
        },
    }
    org = org_of(state)
    reported = documents.conversation(org, next(iter(org.conversations.values())))
    assert [each["division"]["name"] for each in reported["divisions"]] == ["Home", "Sales"]
    assert reported["participants"] == []
