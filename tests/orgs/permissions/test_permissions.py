"""What a client may do: odd readings, wildcards, conditions, divisions, licence against role, and each call's answer."""

import json
from typing import Any

import pytest

from diagnostics.genesys.contract import bundled
from diagnostics.genesys.documents.grants import covering, covers
from diagnostics.genesys.operation import Operation
from diagnostics.orgs.permissions.calls import Access, CallAccess, count_by_access, evaluate_calls
from diagnostics.orgs.permissions.matrix import MAX_DIVISIONS, MAX_ROLES, role_matrix
from diagnostics.orgs.permissions.relevant import missing_permissions, relevant_permissions
from diagnostics.orgs.permissions.role import copyable_role
from diagnostics.orgs.permissions.synced import ClientPermissions, PermissionState, parse_client_permissions
from tests.factories import make_rights

START = "conversation:cobrowse:add"
VOICE = "conversation:cobrowseVoice:add"


def grant(
    *policies: str, role: str = "Agent", division: str = "d1", name: str = "Home", **values: Any
) -> dict[str, Any]:
    return {
        "role": role,
        "role_id": role,
        "division": division,
        "division_name": name,
        "policies": list(policies),
        "conditional": [],
        **values,
    }


def state_of(permission: str, **values: Any) -> PermissionState:
    return parse_client_permissions(make_rights(**values)).status_of(permission).state


def call(rule: Any, *permissions: str, **values: Any) -> Operation:
    return Operation(
        "GET",
        "/api/v2/things",
        "getThings",
        "ThingsApi",
        permissions=permissions,
        rule=rule,
        **{"summary": "", **values},
    )


def evaluate_call(operation: Operation, permissions: ClientPermissions) -> CallAccess:
    return evaluate_calls([operation], permissions)[0]


@pytest.mark.parametrize(
    ("permission", "values", "state"),
    [
        (START, {}, PermissionState.HELD),
        (START.upper(), {}, PermissionState.HELD),
        (VOICE, {}, PermissionState.LACKING),
        (START, {"grants": [grant("conversation:*:add")]}, PermissionState.HELD),
        (START, {"grants": [grant("*:*:*")]}, PermissionState.HELD),
        (START, {"grants": [grant("conversation:cobrowse:*")]}, PermissionState.HELD),
        (START, {"grants": [grant("conversation:cobrowse")]}, PermissionState.LACKING),
        (START, {"grants": [grant(conditional=[START])]}, PermissionState.CONDITION),
        (START, {"grants": [grant(conditional=[START]), grant(START, role="Other")]}, PermissionState.HELD),
        (START, {"grants": []}, PermissionState.LACKING),
        (START, {"grants": None}, PermissionState.UNREAD),
        (START, {"grants": [], "read": {"subjects/me": "503"}}, PermissionState.UNREAD),
        (START, {"grants": [grant(policies=None)]}, PermissionState.HIDDEN),
        (START, {"grants": [grant(START), grant(role="Secret", policies=None)]}, PermissionState.HELD),
        (START, {"grants": [], "unread_roles": ["Secret"]}, PermissionState.HIDDEN),
        (START, {"catalogue": {START: False}}, PermissionState.UNLICENSED),
        (VOICE, {"catalogue": {VOICE.lower(): False}}, PermissionState.UNLICENSED),
        (VOICE, {"catalogue": {VOICE.lower(): None}}, PermissionState.LACKING),
    ],
)
def test_each_permission_has_one_state(permission: str, values: dict[str, Any], state: PermissionState) -> None:
    assert state_of(permission, **values) == state


def test_a_firm_holding_beats_one_under_a_condition_and_shows_where() -> None:
    grants = [grant(conditional=[START], role="Narrow", division="d2", name="Sales"), grant(START, role="Wide")]
    found = parse_client_permissions(make_rights(grants=grants)).status_of(START)
    assert (found.roles, found.places, found.is_everywhere) == (("Wide",), ("Home",), False)


def test_every_division_is_reported_as_such() -> None:
    found = parse_client_permissions(make_rights(grants=[grant("conversation:*:*", division="*", name="*")])).status_of(
        START
    )
    assert found.places == ("every division",)
    assert found.is_everywhere
    assert found.is_by_wildcard


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        "text",
        {},
        {"grants": "no"},
        {"client": [], "org": 3, "limits": [], "read": "x", "catalogue": []},
        {"limits": {"platform.api": {"token.rate.per.minute": "many"}}, "rate_left": -1, "divisions": True},
        {"client": {"scopes": "all", "token_seconds": True, "grant_type": 7}},
    ],
)
def test_a_reading_of_an_odd_shape_counts_as_not_read(odd: object) -> None:
    rights = parse_client_permissions(odd)
    assert rights.status_of(START).state == PermissionState.UNREAD
    assert (rights.rate_allowed, rights.rate_left, rights.divisions) == (None, None, None)
    assert (rights.scopes, rights.token_seconds, rights.grant_type) == (None, None, "")
    assert role_matrix(rights).rows == ()


def test_odd_entries_among_the_grants_are_left_out_and_long_names_cut() -> None:
    rights = parse_client_permissions(
        {"grants": [3, None, grant(START, role="r" * 9_000), {"policies": [1, None, VOICE]}]}
    )
    assert [len(each.role) for each in rights.grants or ()] == [200, 9]
    assert rights.status_of(VOICE).state == PermissionState.HELD


def test_the_limit_that_binds_client_credentials_comes_first() -> None:
    limits = {"platform.api": {"token.rate.per.minute": 100, "client.credentials.token.rate.per.minute": 300}}
    assert parse_client_permissions(make_rights(limits=limits)).rate_allowed == 300


@pytest.mark.parametrize(
    ("policy", "permission", "does"),
    [
        ("conversation:*:add", START, True),
        ("CONVERSATION:cobrowse:ADD", START, True),
        ("conversation:*:view", START, False),
        ("*", START, False),
    ],
)
def test_a_policy_covers_a_permission(policy: str, permission: str, does: bool) -> None:
    assert covers(policy, permission) is does


def test_a_permission_is_covered_in_eight_ways() -> None:
    assert len(covering(START)) == 8
    assert len(covering("conversation:*:add")) == 4


@pytest.mark.parametrize(
    ("operation", "may", "code"),
    [
        (call("none"), Access.YES, "none_needed"),
        (call("unknown"), Access.UNKNOWN, "not_told"),
        (call("unknown", needs_token=False), Access.YES, "no_token"),
        (call("none", user_only=True), Access.NO, "user_needed"),
        (call("none", summary="Get the logged in user."), Access.NO, "user_needed"),
        (call("any", "a:a:a", "b:b:b"), Access.YES, "held"),
        (call("any", "b:b:b", "c:c:c"), Access.CONDITION, "conditional"),
        (call("any", "c:c:c"), Access.NO, "lacking"),
        (call("any", "x:x:x"), Access.NO, "unlicensed"),
        (call("any", "x:x:x", "c:c:c"), Access.NO, "lacking"),
        (call("all", "a:a:a", "b:b:b"), Access.CONDITION, "conditional"),
        (call("all", "a:a:a", "c:c:c"), Access.NO, "lacking"),
        (call("all", "a:a:a", "x:x:x"), Access.NO, "unlicensed"),
        (call("all", "a:a:a", "far:far:far"), Access.CONDITION, "apart"),
        (call("all", "a:a:a"), Access.YES, "held"),
    ],
)
def test_each_call_has_an_answer_and_its_reason(operation: Operation, may: Access, code: str) -> None:
    grants = [
        grant("a:a:a", conditional=["b:b:b"]),
        grant("far:far:far", role="Far", division="d2", name="Away"),
    ]
    result = evaluate_call(operation, parse_client_permissions(make_rights(grants=grants, catalogue={"x:x:x": False})))
    assert (result.access, result.code) == (may, code)
    assert result.reason


@pytest.mark.parametrize(
    ("values", "code"), [({"grants": None}, "unread"), ({"grants": [grant(policies=None)]}, "hidden")]
)
@pytest.mark.parametrize("rule", ["any", "all"])
def test_what_was_not_read_is_not_known(rule: str, values: dict[str, Any], code: str) -> None:
    result = evaluate_call(call(rule, START), parse_client_permissions(make_rights(**values)))
    assert (result.access, result.code) == (Access.UNKNOWN, code)


def test_divisions_limit_a_call_where_it_is_not_held_in_every_one() -> None:
    grants = [grant(START), grant(START, division="d2", name="Sales"), grant(VOICE, division="*")]
    rights = parse_client_permissions(make_rights(grants=grants))
    assert evaluate_call(call("any", START), rights).places == ("Home", "Sales")
    assert evaluate_call(call("any", START, VOICE), rights).places == ()
    assert evaluate_call(call("all", START, VOICE), rights).places == ("Home", "Sales")


def test_scopes_matter_only_for_a_users_token_and_only_where_they_are_facts() -> None:
    asks = call("none", scopes=("things",), scopes_status="verified")
    user = {"grant_type": "CODE", "scopes": ["other"]}
    assert evaluate_call(asks, parse_client_permissions(make_rights(client=user))).code == "scope_missing"
    assert (
        evaluate_call(asks, parse_client_permissions(make_rights(client={**user, "scopes": ["things"]}))).access
        == Access.YES
    )
    assert (
        evaluate_call(asks, parse_client_permissions(make_rights(client={**user, "scopes": None}))).access == Access.YES
    )
    assert evaluate_call(asks, parse_client_permissions(make_rights())).access == Access.YES
    guessed = call("none", scopes=("things",), scopes_status="inferred")
    assert evaluate_call(guessed, parse_client_permissions(make_rights(client=user))).access == Access.YES


def test_the_whole_contract_gets_an_answer() -> None:
    operations = bundled().operations
    result = count_by_access(evaluate_calls(operations, parse_client_permissions(make_rights())))
    assert sum(result.values()) == len(operations)
    assert all(result[may] for may in (Access.YES, Access.NO, Access.UNKNOWN))


def test_the_matrix_has_a_row_for_each_role_and_a_column_for_each_division() -> None:
    grants = [
        grant(START, role="B", division="d2", name="Sales"),
        grant(START, conditional=[VOICE], role="A"),
        grant(START, role="A", division="*", name="*"),
        grant(role="C", policies=None),
    ]
    result = role_matrix(parse_client_permissions(make_rights(grants=grants)))
    assert result.divisions == ("every division", "Home", "Sales")
    assert [(row.role, row.cells) for row in result.rows] == [
        ("A", (True, True, False)),
        ("B", (False, False, True)),
        ("C", (False, True, False)),
    ]
    assert [row.policies and len(row.policies) for row in result.rows] == [2, 1, None]
    assert result.rows[0].conditional == 1


def test_a_large_matrix_is_cut_and_it_is_reported() -> None:
    grants = [grant(START, role=f"r{number}", division=f"d{number}", name=f"n{number}") for number in range(200)]
    result = role_matrix(parse_client_permissions(make_rights(grants=grants)))
    assert (len(result.divisions), len(result.rows)) == (MAX_DIVISIONS, MAX_ROLES)
    assert (result.more_divisions, result.more_roles) == (200 - MAX_DIVISIONS, 200 - MAX_ROLES)


def test_what_is_lacking_names_what_it_hides() -> None:
    result = relevant_permissions(
        parse_client_permissions(make_rights()), {"webDeployments:configuration:view": ("Cobrowse is on",)}
    )
    by_name = {each.status.permission: each for each in result}
    assert by_name[START].starts
    assert by_name["webDeployments:configuration:view"].checks == ("Cobrowse is on",)
    assert by_name["conversation:communication:view"].purpose
    names = {each.status.permission for each in missing_permissions(result)}
    assert "webDeployments:deployment:view" not in names
    assert "conversation:communication:view" in names
    assert not names & {START, VOICE}


def test_a_role_is_copied_in_both_notations_and_as_a_body() -> None:
    role = copyable_role("Reader", ["webDeployments:deployment:view", START, "conversation:cobrowse:view", START])
    assert role.api.splitlines() == [START, "conversation:cobrowse:view", "webDeployments:deployment:view"]
    assert role.admin.splitlines()[0] == "Conversation > Cobrowse > Add"
    body = json.loads(role.body)
    assert body["name"] == "Reader"
    assert body["permissionPolicies"] == [
        {"domain": "conversation", "entityName": "cobrowse", "actionSet": ["add", "view"], "allowConditions": False},
        {"domain": "webDeployments", "entityName": "deployment", "actionSet": ["view"], "allowConditions": False},
    ]
