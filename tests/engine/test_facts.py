"""What a run saw of its org, from the answers it got."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from diagnostics.engine.facts import OrgFacts
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.response import OrgResponse, response_from

HOST = "https://api.mypurecloud.ie"
DEPLOYMENTS = "/api/v2/webdeployments/deployments"
ADD = {"domain": "conversation", "entityName": "cobrowse", "actions": ["add"]}


def read_environment(*args: Any) -> dict[str, Any]:
    return OrgFacts.of_responses(*args).to_json()


def answered(path: str, data: Any, status: int = 200) -> OrgResponse:
    body = data if isinstance(data, str) else json.dumps(data)
    return response_from(HttpExchange("GET", f"{HOST}{path}", datetime.now(UTC), 1.0, status, body=body))


def grant(role: str, division: str, *policies: dict[str, Any]) -> dict[str, Any]:
    return {"role": {"name": role, "policies": list(policies)}, "division": {"id": division, "name": division}}


def deployment(id: str, **values: Any) -> dict[str, Any]:
    version = {"version": "3", "cobrowse": {"enabled": True, "channels": ["Voice", "Webmessaging"]}}
    return {"id": id, "name": f"Site {id}", "status": "Active", "configuration": version, **values}


def test_what_was_not_asked_is_none_and_never_empty() -> None:
    visible = read_environment([])
    assert {name: value for name, value in visible.items() if value not in (None, False)} == {"version": 1}


def test_the_token_shows_org_grant_and_scopes() -> None:
    data = {
        "organization": {"id": "o1", "name": "Acme"},
        "OAuthClient": {"authorizedGrantType": "CLIENT-CREDENTIALS", "scope": ["a"]},
        "authorizedScope": ["conversations", "authorization"],
    }
    visible = read_environment([answered("/api/v2/tokens/me", data)])
    assert visible["org"] == {"id": "o1", "name": "Acme"}
    assert visible["grant_type"] == "CLIENT-CREDENTIALS"
    assert visible["scopes"] == ["authorization", "conversations"]


def test_roles_are_grouped_by_division_and_permissions_by_where_they_are_held() -> None:
    data = {"grants": [grant("Cobrowse", "Home", ADD), grant("Cobrowse", "Sales", ADD), grant("Other", "Home")]}
    visible = read_environment([answered("/api/v2/authorization/subjects/me?includeFullRoles=true", data)], ["x:y:z"])
    assert visible["roles"] == [
        {"role": "Cobrowse", "division": "Home"},
        {"role": "Cobrowse", "division": "Sales"},
        {"role": "Other", "division": "Home"},
    ]
    assert visible["permissions"]["conversation:cobrowse:add"] == ["Home", "Sales"]
    assert visible["permissions"]["x:y:z"] == []


def test_a_conditional_policy_is_no_holding() -> None:
    data = {"grants": [grant("Cobrowse", "Home", {**ADD, "condition": "queue == 1"})]}
    visible = read_environment([answered("/api/v2/authorization/subjects/me", data)])
    assert visible["permissions"]["conversation:cobrowse:add"] == []
    assert visible["conditional"] == {"conversation:cobrowse:add": ["Home"]}


@pytest.mark.parametrize(
    "data",
    [
        {"grants": [{"role": {"name": "Hidden"}, "division": {"name": "Home"}}]},
        {"grants": [grant("Cobrowse", "Home", ADD), "[cut: 12 more]"]},
        {"grants": "none"},
    ],
    ids=["policies left out", "cut short", "no list"],
)
def test_permissions_that_were_not_shown_are_not_known(data: dict[str, Any]) -> None:
    assert read_environment([answered("/api/v2/authorization/subjects/me", data)])["permissions"] is None


def test_deployments_are_parsed_with_the_version_in_use() -> None:
    data = {
        "entities": [deployment("d1"), deployment("d2", configuration={"version": 4, "cobrowse": {"enabled": False}})]
    }
    visible = read_environment([answered(f"{DEPLOYMENTS}?expand=Configuration", data)])
    assert visible["deployments"]["d1"] == {
        "name": "Site d1",
        "status": "Active",
        "version": "3",
        "cobrowse": True,
        "channels": ["Voice", "Webmessaging"],
    }
    assert (visible["deployments"]["d2"]["version"], visible["deployments"]["d2"]["cobrowse"]) == ("4", False)
    assert visible["deployments_more"] is False


def test_settings_missing_from_the_list_are_read_from_the_single_version() -> None:
    hidden = answered(DEPLOYMENTS, {"entities": [deployment("d1", configuration={"version": "3"})]})
    alone = answered(
        f"{DEPLOYMENTS}/d1/configurations", {"configurationVersion": {"version": "5", "cobrowse": {"enabled": False}}}
    )
    visible = read_environment([hidden, alone])["deployments"]["d1"]
    assert (visible["version"], visible["cobrowse"]) == ("5", False)


@pytest.mark.parametrize("more", [{"nextUri": "/next"}, {"entities": [deployment("d1"), "[cut: 3 more]"]}])
def test_a_list_with_more_pages_reports_it(more: dict[str, Any]) -> None:
    visible = read_environment([answered(DEPLOYMENTS, {"entities": [deployment("d1")], **more})])
    assert visible["deployments_more"] is True


@pytest.mark.parametrize(
    ("status", "data", "has_one"),
    [
        (200, {"entities": [{"id": "genesys", "enabled": True}]}, True),
        (200, {"entities": []}, True),
        (404, {"code": "not.found", "message": "no"}, False),
        (404, "<html>", None),
        (403, {"code": "missing.permissions", "message": "no"}, None),
        (500, "", None),
    ],
)
def test_whether_there_is_a_gateway(status: int, data: Any, has_one: bool | None) -> None:
    assert read_environment([answered("/api/v2/cobrowse/providers", data, status)])["gateway"] is has_one


@pytest.mark.parametrize(
    "body", ["[]", "null", "7", '"x"', '{"grants": [1]}', '{"entities": [1, {"id": 7}, null]}', "{"]
)
def test_garbage_is_unreadable(body: str) -> None:
    paths = ("/api/v2/tokens/me", "/api/v2/authorization/subjects/me", DEPLOYMENTS, "/api/v2/cobrowse/providers")
    visible = read_environment([answered(path, body) for path in paths])
    assert visible["permissions"] is None
    assert not visible["deployments"]
