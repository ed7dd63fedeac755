"""Predictions from the rows of one healthy run: what breaks it, what doesn't, and what can't be known."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from diagnostics.evaluation.cases import Case
from diagnostics.evaluation.score import inputs_of
from diagnostics.evaluation.what_if import stored_run_of
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.documents import grants
from diagnostics.parsing.call import ReceivedResponse
from diagnostics.runs.what_if.changes import ChangeKind, PlannedChange
from diagnostics.runs.what_if.evidence import path_of
from diagnostics.runs.what_if.prediction import PredictedEffect, Predictor, smallest_change

CONVERSATION = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
START, VIEW = "conversation:cobrowse:add", "conversation:communication:view"
ROLE, WEBSITE = "The caller's role", "d956faaf-482c-4e50-b356-65f741125897"
PATH = f"/api/v2/conversations/{CONVERSATION}/cobrowse"
STATE: dict[str, Any] = {
    "region": "us-east-1",
    "permissions": [START, VIEW],
    "divisions": {"role_granted_in": ["Home", "Sales"], "conversation_in": ["Home"]},
    "conversation": {"id": CONVERSATION, "media": "message (web messaging)", "state": "connected"},
    "web_deployment": {"id": WEBSITE, "cobrowse": {"enabled": True, "channels": ["web messaging"]}},
}
REQUEST: dict[str, Any] = {"method": "POST", "url": f"https://api.mypurecloud.com{PATH}", "headers": {}, "body": None}


def change(kind: str, value: str = "", of: str = "") -> PlannedChange:
    return PlannedChange(ChangeKind(kind), value, of)


@pytest.fixture(scope="module")
def healthy() -> Predictor:
    case = Case("healthy", "", STATE, REQUEST, None, "none")
    stored, region = stored_run_of(case, inputs_of(case))
    return Predictor(stored, region, bundled())


def with_grants(predictor: Predictor, edit: Callable[[Any], object]) -> Predictor:
    """The predictor for a run with other roles."""

    def edited(exchange: Any) -> Any:
        if path_of(exchange) != grants.PATH:
            return exchange
        data = json.loads(exchange.body)
        edit(data)
        return replace(exchange, body=json.dumps(data))

    exchanges = tuple(map(edited, predictor.stored.exchanges))
    return Predictor(replace(predictor.stored, exchanges=exchanges), predictor.region, predictor.contract)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ([change("path", PATH.replace("/conversations/", "/conversations/chat/"))], "path.not_in_api"),
        ([change("host", "api.mypurecloud.ie")], "host.wrong_region"),
        ([change("method", "get")], "path.wrong_method"),
        ([change("body", "{'providerId'")], "body.malformed_json"),
        ([change("header", "Bearer", "Authorization")], "auth.header_malformed"),
        ([change("remove_permission", START, ROLE)], "authz.permission_missing"),
        ([change("remove_role", ROLE)], "authz.permission_missing"),
        ([change("remove_division", "home", ROLE)], "authz.division_missing"),
        ([change("enabled", "off", WEBSITE)], "config.cobrowse_disabled"),
        ([change("channels", "Voice", WEBSITE)], "config.cobrowse_disabled"),
        ([change("status", "Inactive")], "config.deployment_inactive"),
        ([change("remove_permission", START), change("add_permission", START, ROLE)], "none"),
        ([change("remove_role", ROLE), change("add_permission", START)], "undetermined"),
        ([change("enabled", "off", WEBSITE), change("enabled", "on", WEBSITE)], "none"),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(item.kind for item in value),
)
def test_a_change_leads_to_its_cause(healthy: Predictor, changes: list[PlannedChange], cause: str) -> None:
    assert healthy.predict(changes).cause == cause


@pytest.mark.parametrize(
    "harmless",
    [
        change("add_division", "Sales", ROLE),
        change("remove_division", "Sales", ROLE),
        change("add_scope", "conversations"),
        change("remove_permission", "routing:queue:view"),
        change("enabled", "off", "no-such-deployment"),
    ],
    ids=lambda value: value.kind,
)
def test_a_change_that_no_check_reads_has_no_effect(healthy: Predictor, harmless: PlannedChange) -> None:
    prediction = healthy.predict([harmless])
    assert (prediction.effect, prediction.cause) == (PredictedEffect.NONE, healthy.now.verdict["cause"])


def test_what_the_org_was_not_asked_for_is_named_and_proves_nothing(healthy: Predictor) -> None:
    other = "9c3f7b52-41de-4a86-b0c7-7d15e2a86f30"
    prediction = healthy.predict([change("path", PATH.replace(CONVERSATION, other))])
    assert (prediction.effect, prediction.cause) == (PredictedEffect.UNKNOWN, "undetermined")
    assert any(other in sentence for sentence in prediction.unknown)


def test_a_role_whose_permissions_nobody_read_proves_nothing(healthy: Predictor) -> None:
    bare = with_grants(healthy, lambda data: data["grants"].clear())
    assert bare.now.verdict["cause"] == "authz.permission_missing"
    assert bare.predict([change("add_role", "Agent")]).effect == PredictedEffect.UNKNOWN


def test_a_role_whose_permissions_were_read_separately_can_change(healthy: Predictor) -> None:
    role = "0f0e4c3a-2b1d-4c5e-8f7a-9b8c7d6e5f40"
    policies: list[Any] = []

    def hide(data: Any) -> None:
        for entry in data["grants"]:
            if entry["role"]["name"] == ROLE:
                policies[:] = entry["role"].pop("policies")
                entry["role"]["id"] = role

    hidden = with_grants(healthy, hide)
    body = json.dumps({"id": role, "name": ROLE, "permissionPolicies": policies})
    source = hidden.stored.exchanges[-1]
    read = replace(source, url=f"{healthy.region.api}/api/v2/authorization/roles/{role}", status=200, body=body)
    stored = replace(hidden.stored, exchanges=(*hidden.stored.exchanges, read))
    predictor = Predictor(stored, healthy.region, healthy.contract)
    assert predictor.now.verdict["cause"] == "none"
    assert predictor.predict([change("remove_permission", START, ROLE)]).cause == "authz.permission_missing"


@pytest.mark.parametrize(
    "impossible",
    [change("remove_role", "No such role"), change("status", "Active", "no such deployment")],
    ids=lambda value: value.kind,
)
def test_what_the_run_did_not_read_cannot_be_changed(healthy: Predictor, impossible: PlannedChange) -> None:
    prediction = healthy.predict([impossible])
    assert (prediction.effect, len(prediction.unknown)) == (PredictedEffect.NONE, 1)


def test_a_permission_outside_the_catalog_cannot_be_added(healthy: Predictor) -> None:
    prediction = healthy.predict([change("add_permission", "conversation:nothing:add", ROLE)])
    assert "catalog" in " ".join(prediction.unknown)


def test_a_problem_that_only_the_response_shows_is_not_called_fixed(healthy: Predictor) -> None:
    body = json.dumps({"status": 401, "code": "bad.credentials", "message": "Invalid login credentials."})
    call = healthy.stored.inputs.call
    assert call is not None
    refused = replace(
        healthy.stored.inputs, call=replace(call, body='{"a": 1}'), response=ReceivedResponse(401, (), body)
    )
    predictor = Predictor(replace(healthy.stored, inputs=refused), healthy.region, healthy.contract)
    assert predictor.now.verdict["cause"] == "auth.token_expired"
    prediction = predictor.predict([change("body")])
    assert (prediction.cause, prediction.effect) == ("none", PredictedEffect.UNSEEN)
    assert smallest_change(predictor) == ()


def test_two_faults_need_a_pair_and_a_healthy_run_nothing(healthy: Predictor) -> None:
    def remove_start(data: Any) -> None:
        for entry in data["grants"]:
            entry["role"]["policies"] = [p for p in entry["role"]["policies"] if p["entityName"] != "cobrowse"]

    call = healthy.stored.inputs.call
    assert call is not None
    twice = with_grants(healthy, remove_start)
    wrong = replace(twice.stored.inputs, call=replace(call, url=call.url.replace("mypurecloud.com", "mypurecloud.de")))
    found = smallest_change(Predictor(replace(twice.stored, inputs=wrong), twice.region, twice.contract))
    assert {item.kind for item in found[0]} == {ChangeKind.HOST, ChangeKind.ADD_PERMISSION}
    assert smallest_change(healthy) == ()


def test_a_run_without_its_responses_predicts_nothing(healthy: Predictor) -> None:
    dropped = replace(healthy.stored, bodies_dropped=True)
    assert Predictor(dropped, healthy.region, healthy.contract).problem


@pytest.mark.parametrize(
    ("text", "is_readable"),
    [
        (change("add_scope", "a|b").to_text(), True),
        ("", False),
        ("[]", False),
        ('["path", 5, ""]', False),
        ('["no_kind", "", ""]', False),
        ("[" * 100_000, False),
        ('{"kind": 1}', False),
    ],
)
def test_changes_are_read_from_their_text_and_nothing_else(text: str, is_readable: bool) -> None:
    found = PlannedChange.from_text(text)
    assert (found is not None) == is_readable
    assert found is None or found.to_text() == text


@pytest.mark.parametrize(
    ("planned", "is_valid"),
    [
        (change("path", "/api/v2/x"), True),
        (change("path", "x"), False),
        (change("host", "api.mypurecloud.com"), True),
        (change("host", "https://api.mypurecloud.com"), False),
        (change("method", "BREW"), False),
        (change("body"), True),
        (change("add_permission", "cobrowse"), False),
        (change("add_division", "Home"), False),
        (change("channels", "Voice,Webmessaging"), True),
        (change("channels", "Fax"), False),
        (change("enabled", "yes"), False),
        (change("add_scope", "x" * 3000), False),
        (change("remove_role"), False),
    ],
)
def test_a_value_must_fit_its_kind(planned: PlannedChange, is_valid: bool) -> None:
    assert (planned.problem == "") == is_valid
