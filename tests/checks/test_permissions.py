"""The any-of rule through roles and divisions, wildcards and conditions honoured."""

from typing import Any

import pytest

from diagnostics.checks.permissions import judge_permissions, read_grants
from diagnostics.genesys.contract import bundled
from diagnostics.outcomes import Outcome

HOME, SALES = "home-id", "sales-id"
_START = bundled().operation("POST", "/api/v2/conversations/{conversationId}/cobrowse")
assert _START is not None
START = _START
Policy = tuple[str, str, list[str]]
MESSAGING: Policy = ("conversation", "cobrowse", ["add"])
VOICE: Policy = ("conversation", "cobrowseVoice", ["add"])


def grant(*policies: Policy, division: str = HOME, condition: Any = None, role: str = "Role") -> dict[str, Any]:
    held = [{"domain": d, "entityName": e, "actions": a, "condition": condition} for d, e, a in policies]
    return {"division": {"id": division, "name": division}, "role": {"id": role, "name": role, "policies": held}}


@pytest.mark.parametrize(
    ("grants", "divisions", "outcome", "code"),
    [
        ([grant(MESSAGING)], (HOME,), Outcome.PASS, "held"),
        ([grant(VOICE)], (HOME,), Outcome.PASS, "held"),
        ([grant(("conversation", "cobrowsevoice", ["add"]))], (HOME,), Outcome.PASS, "held"),
        ([grant(("conversation", "*", ["*"]))], (HOME,), Outcome.PASS, "held"),
        ([grant(("*", "*", ["*"]))], (HOME,), Outcome.PASS, "held"),
        ([grant(MESSAGING, division="*")], (HOME,), Outcome.PASS, "held"),
        ([grant(MESSAGING, division=SALES), grant(MESSAGING)], (HOME,), Outcome.PASS, "held"),
        ([grant(MESSAGING, division=SALES)], (), Outcome.PASS, "held"),
        ([grant(MESSAGING, division=SALES)], (HOME,), Outcome.FAIL, "division_missing"),
        ([grant(("conversation", "cobrowse", ["view"]))], (HOME,), Outcome.FAIL, "permission_missing"),
        ([grant(("conversation", "communication", ["*"]))], (HOME,), Outcome.FAIL, "permission_missing"),
        ([grant(("webchat", "cobrowse", ["add"]))], (HOME,), Outcome.FAIL, "permission_missing"),
        ([], (HOME,), Outcome.FAIL, "permission_missing"),
        ([grant(MESSAGING, condition={"a": 1})], (HOME,), Outcome.ERROR, "conditional"),
        ([grant(MESSAGING, condition={"a": 1}), grant(VOICE)], (HOME,), Outcome.PASS, "held"),
        (
            [{"division": {"id": HOME}, "role": {"id": "r", "name": "Hidden"}}],
            (HOME,),
            Outcome.ERROR,
            "policies_hidden",
        ),
        ([grant()], (HOME,), Outcome.FAIL, "permission_missing"),
        ([None, 3, {}, {"role": "x"}], (HOME,), Outcome.ERROR, "policies_hidden"),
        ([{"role": {"name": "n", "policies": [None]}}], (HOME,), Outcome.ERROR, "policies_hidden"),
        ([{"role": {"name": "n", "policies": [{"actions": 5}]}}], (HOME,), Outcome.ERROR, "policies_hidden"),
    ],
)
def test_any_one_of_the_two_is_enough(
    grants: list[Any], divisions: tuple[str, ...], outcome: Outcome, code: str
) -> None:
    result = judge_permissions(START, read_grants({"grants": grants}), divisions)
    assert (result.outcome, result.code) == (outcome, code)


def test_the_evidence_names_what_is_needed_and_where_it_is_held() -> None:
    evidence = judge_permissions(START, read_grants({"grants": [grant(MESSAGING, division=SALES)]}), (HOME,)).evidence
    assert evidence["needs"] == ["conversation:cobrowse:add", "conversation:cobrowseVoice:add"]
    assert evidence["held"] == {"conversation:cobrowse:add": [SALES]}
