"""The any-of rule through roles and divisions, wildcards and conditions honoured."""

from datetime import UTC, datetime
from typing import Any

import pytest

from diagnostics.checks.outcomes import Outcome
from diagnostics.checks.permissions import READS, judge_catalogue, judge_permissions, judge_reads, judge_user_context
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.documents.grants import Grants
from diagnostics.genesys.documents.token_info import TokenInfo
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.response import OrgResponse

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


def grants_of(*grants: Any) -> Grants:
    exchange = HttpExchange("GET", "https://api.mypurecloud.com", datetime.now(UTC), 1.0, 200)
    parsed = Grants.parse(OrgResponse(exchange, {"grants": list(grants)}))
    assert isinstance(parsed, Grants)
    return parsed


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
        ([grant(MESSAGING, division=SALES)], (), Outcome.PASS, "held_somewhere"),
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
    result = judge_permissions(START, grants_of(*grants), divisions)
    assert (result.outcome, result.code) == (outcome, code)


def test_the_evidence_names_what_is_needed_and_where_it_is_held() -> None:
    evidence = judge_permissions(START, grants_of(grant(MESSAGING, division=SALES)), (HOME,)).evidence
    assert evidence["needs"] == ["conversation:cobrowse:add", "conversation:cobrowseVoice:add"]
    assert evidence["held"] == {"conversation:cobrowse:add": [SALES]}


def page(*permissions: str, **more: Any) -> OrgResponse:
    entries: dict[str, list[dict[str, str]]] = {}
    for permission in permissions:
        domain, entity, action = permission.split(":")
        entries.setdefault(entity, []).append({"domain": domain, "entityType": entity, "action": action})
    data = {"entities": [{"domain": "conversation", "permissionMap": entries}], "pageNumber": 1, "pageCount": 1, **more}
    return OrgResponse(HttpExchange("GET", "https://api.mypurecloud.com", datetime.now(UTC), 1.0, 200), data)


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        (page("conversation:cobrowse:add"), Outcome.PASS, "listed"),
        (page("conversation:cobrowsevoice:add"), Outcome.PASS, "listed"),
        (page("conversation:communication:view"), Outcome.FAIL, "not_in_catalogue"),
        (page("conversation:communication:view", pageCount=2), Outcome.ERROR, "unreadable"),
        (page("conversation:communication:view", nextUri="/more"), Outcome.ERROR, "unreadable"),
        (page(), Outcome.ERROR, "unreadable"),
        (OrgResponse(None, error="no_token"), Outcome.ERROR, "unreadable"),
    ],
)
def test_the_catalogue_distinguishes_a_missing_license_from_a_missing_role(
    answer: OrgResponse, outcome: Outcome, code: str
) -> None:
    result = judge_catalogue(START, [answer])
    assert (result.outcome, result.code) == (outcome, code)


@pytest.mark.parametrize(
    ("path", "grant", "outcome", "code"),
    [
        ("/api/v2/users/me", "CLIENT-CREDENTIALS", Outcome.FAIL, "user_required"),
        ("/api/v2/users/me", "CODE", Outcome.PASS, "user_token"),
        ("/api/v2/conversations/cobrowsesessions", "CLIENT-CREDENTIALS", Outcome.FAIL, "user_required"),
        ("/api/v2/tokens/me", "CLIENT-CREDENTIALS", Outcome.PASS, "not_needed"),
        ("/api/v2/nowhere", "CLIENT-CREDENTIALS", Outcome.SKIP, "no_operation"),
    ],
)
def test_the_contract_identifies_a_call_for_the_signed_in_user(
    path: str, grant: str, outcome: Outcome, code: str
) -> None:
    result = judge_user_context(bundled().operation("GET", path), TokenInfo(grant_type=grant))
    assert (result.outcome, result.code) == (outcome, code)


@pytest.mark.parametrize(
    ("policy", "medium", "code"),
    [
        (MESSAGING, "messages", "held"),
        (VOICE, "calls", "held"),
        (VOICE, "messages", "other_medium"),
        (MESSAGING, "calls", "other_medium"),
        (("conversation", "*", ["*"]), "messages", "held"),
        (VOICE, "", "held"),
    ],
)
def test_the_permission_of_the_other_medium_is_a_warning(policy: Policy, medium: str, code: str) -> None:
    assert judge_permissions(START, grants_of(grant(policy)), (HOME,), medium).code == code


@pytest.mark.parametrize(
    ("grants", "output"),
    [
        ([grant(("*", "*", ["*"]))], {"": "all"}),
        ([grant(("conversation", "*", ["view"]))], {each: "lacking" for each in READS if "conversation:" not in each}),
        ([], dict.fromkeys(READS, "lacking")),
        ([None], {"": "policies_hidden"}),
    ],
)
def test_what_the_client_may_not_read_is_named(grants: list[Any], output: dict[str, str]) -> None:
    found = {each.subject: each.code for each in judge_reads(grants_of(*grants))}
    assert found == output
