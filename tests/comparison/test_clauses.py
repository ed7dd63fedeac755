"""Facts as clauses: what belongs together is one clause, and nothing that changed is left out of the sentence."""

from typing import Any

import pytest

from diagnostics.comparison import client_facts as surroundings
from diagnostics.comparison.clauses import clauses, joined
from diagnostics.comparison.fact import Fact
from diagnostics.comparison.side import step_between
from diagnostics.engine.facts import OrgFacts
from tests.comparison.sides import BEGAN, ON, SHOP, environment, side

ADD, VOICE = "conversation:cobrowse:add", "conversation:cobrowseVoice:add"


def changed(old: dict[str, Any], new: dict[str, Any]) -> list[Fact]:
    result = surroundings.facts_of(
        OrgFacts.parse(environment(**old)), OrgFacts.parse(environment(**new)), (BEGAN, BEGAN)
    )
    return [each for each in result if each.is_changed]


def expected(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return clauses(changed(old, new), step_between(side(1), side(2, "conv.ended")))


def roles(*divisions: str) -> list[dict[str, str]]:
    return [{"role": "Cobrowse", "division": each} for each in divisions]


@pytest.mark.parametrize(
    ("old", "new", "result"),
    [
        (
            {"roles": roles("Home", "Sales"), "permissions": {ADD: ["Home"], VOICE: ["Home"]}},
            {"roles": [], "permissions": {ADD: [], VOICE: []}},
            [
                "the role Cobrowse was removed from the client in the divisions Home and Sales",
                f"the client no longer has {ADD} or {VOICE}",
            ],
        ),
        (
            {"roles": [], "permissions": {ADD: [], VOICE: []}},
            {"roles": roles("every division"), "permissions": {ADD: ["every division"], VOICE: ["every division"]}},
            ["the role Cobrowse was granted to the client in every division", f"the client now has {ADD} and {VOICE}"],
        ),
        (
            {"permissions": {ADD: ["Home", "Sales"], VOICE: ["Home"]}},
            {"permissions": {ADD: ["Home"], VOICE: []}},
            [f"the client now has {ADD} in Home, before in Home, Sales", f"the client no longer has {VOICE}"],
        ),
        (
            {"deployments": {SHOP: ON}},
            {"deployments": {SHOP: {**ON, "cobrowse": False, "version": "4"}}},
            ["cobrowse was switched off in the deployment Shop (version 3, then 4)"],
        ),
        (
            {"deployments": {SHOP: ON}},
            {"deployments": {SHOP: {**ON, "status": "Inactive", "channels": ["Voice"]}}},
            [
                "the deployment Shop went from Active to Inactive and in the channels of the deployment Shop, "
                "Webmessaging was removed"
            ],
        ),
        (
            {"deployments": {SHOP: ON}},
            {"deployments": {SHOP: {**ON, "version": "4"}}},
            ["the deployment Shop was published again (version 3, then 4)"],
        ),
        (
            {"deployments": {SHOP: ON, "b": {**ON, "name": "B"}}},
            {"deployments": {SHOP: {**ON, "cobrowse": False}}},
            ["cobrowse was switched off in the deployment Shop", "the deployment B was removed"],
        ),
        ({"scopes": ["a", "b"]}, {"scopes": []}, [f"the token no longer has the scope {each}" for each in "ab"]),
    ],
)
def test_what_belongs_together_is_reported_together(
    old: dict[str, Any], new: dict[str, Any], result: list[str]
) -> None:
    assert expected(old, new) == result


def test_of_two_clients_each_fact_is_reported_with_their_names() -> None:
    step = step_between(side(1), side(2, "conv.ended", client_pk=2, client_name="Other"))
    (result,) = clauses(changed({"scopes": ["a"]}, {"scopes": []}), step)
    assert result == "the token of Other doesn't have the scope a, and that of Acme does"
    shops = {"deployments": {SHOP: ON}}, {"deployments": {SHOP: {**ON, "cobrowse": False, "version": "9"}}}
    assert clauses(changed(*shops), step) == ["cobrowse of the deployment Shop is off in Other and on in Acme"]


def test_of_two_clients_what_both_have_and_set_otherwise_comes_before_what_one_has_alone() -> None:
    step = step_between(side(1), side(2, "conv.ended", client_pk=2, client_name="Other"))
    old = {"deployments": {"a": {**ON, "name": "A"}, "b": {**ON, "name": "B"}, SHOP: ON}}
    result = clauses(changed(old, {"deployments": {SHOP: {**ON, "cobrowse": False}}, "gateway": True}), step)
    assert "cobrowse of the deployment Shop" in result[0]
    assert "gateway" in result[1]
    assert len(result) == 4


@pytest.mark.parametrize(
    ("old", "new", "result"),
    [
        ({ADD: ["Home"]}, {ADD: []}, f"Other doesn't have the permission {ADD}, and Acme does"),
        (
            {ADD: ["Home"]},
            {ADD: ["Sales"]},
            f"Acme has the permission {ADD} in Home, Other in Sales",
        ),
    ],
)
def test_of_two_clients_a_permission_is_reported_by_who_holds_it(
    old: dict[str, Any], new: dict[str, Any], result: str
) -> None:
    step = step_between(side(1), side(2, "conv.ended", client_pk=2, client_name="Other"))
    assert clauses(changed({"permissions": old}, {"permissions": new}), step) == [result]


@pytest.mark.parametrize(("parts", "text"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_parts_are_joined_as_people_do(parts: list[str], text: str) -> None:
    assert joined(parts) == text
