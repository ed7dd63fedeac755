"""Providers: what the org lists, and whether the call's is among them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from diagnostics.checks.outcomes import Outcome
from diagnostics.checks.provider import judge_list, judge_match, judge_seen_providers, requires_provider
from diagnostics.genesys.documents.conversation import Conversation
from diagnostics.genesys.documents.gateway_providers import GatewayProvider, GatewayProviders
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.response import OrgResponse
from diagnostics.parsing.call import ReceivedResponse


def answer_of(status: int | None, data: Any = None, problem: str = "") -> OrgResponse:
    return OrgResponse(
        HttpExchange("GET", "https://api.mypurecloud.com", datetime.now(UTC), 1.0, status), data, problem
    )


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        (answer_of(200, {"entities": [{"id": "genesys", "enabled": True}]}), Outcome.PASS, "listed"),
        (answer_of(200, [{"id": "genesys"}]), Outcome.PASS, "listed"),
        (answer_of(200, {"providers": ["genesys"]}), Outcome.PASS, "listed"),
        (answer_of(200, {"entities": []}), Outcome.FAIL, "none_configured"),
        (answer_of(404, {"code": "not.found", "message": "x"}), Outcome.PASS, "no_provider_list"),
        (answer_of(404, None, "empty"), Outcome.PASS, "no_provider_list"),
        (answer_of(404, None, "not_json"), Outcome.ERROR, "unknown"),
        (answer_of(200, None, "not_json"), Outcome.ERROR, "unknown"),
        (answer_of(200, {"unexpected": 1}), Outcome.ERROR, "unknown"),
        (answer_of(403, {"code": "missing.permissions"}), Outcome.ERROR, "unknown"),
        (answer_of(None, None, "timeout"), Outcome.ERROR, "unknown"),
    ],
)
def test_the_list_is_measured_never_assumed(answer: OrgResponse, outcome: Outcome, code: str) -> None:
    result = judge_list(answer)
    assert (result.outcome, result.code) == (outcome, code)


LISTED = [
    GatewayProvider("genesys", "Genesys", True),
    GatewayProvider("surfly", "Surfly", False),
    GatewayProvider("Upscope"),
]


@pytest.mark.parametrize(
    ("wanted", "providers", "wants_one", "outcome", "code"),
    [
        ("genesys", LISTED, True, Outcome.PASS, "exact"),
        ("Upscope", LISTED, True, Outcome.PASS, "exact"),
        ("Genesys", LISTED, True, Outcome.FAIL, "other_case"),
        ("GENESYS ", LISTED, True, Outcome.FAIL, "other_case"),
        ("genesis", LISTED, True, Outcome.FAIL, "near"),
        ("acme", LISTED, True, Outcome.FAIL, "none"),
        ("", LISTED, True, Outcome.FAIL, "none"),
        ("surfly", LISTED, True, Outcome.FAIL, "disabled"),
        (None, LISTED, True, Outcome.FAIL, "missing"),
        (None, LISTED, False, Outcome.PASS, "not_named"),
        ("acme", [], True, Outcome.FAIL, "none"),
        ("genesys", None, False, Outcome.WARN, "not_in_contract"),
        (None, None, False, Outcome.PASS, "not_named"),
    ],
)
def test_match(
    wanted: str | None, providers: list[GatewayProvider] | None, wants_one: bool, outcome: Outcome, code: str
) -> None:
    result = judge_match(wanted, providers, wants_one)
    assert (result.outcome, result.code) == (outcome, code)


def test_the_nearest_provider_is_named() -> None:
    assert judge_match("GENESYS", LISTED, True).evidence["nearest"] == "genesys"


def test_entries_of_odd_shapes_are_passed_over() -> None:
    answer = answer_of(200, {"entities": [None, 3, {"id": None}, {"id": {"a": 1}}, {"id": 7, "enabled": "yes"}]})
    assert GatewayProviders.parse(answer) == GatewayProviders((GatewayProvider("7"),), unreadable=4)


@pytest.mark.parametrize(
    ("conversation", "outcome", "code"),
    [
        ({"participants": [{"messages": [{"provider": "PureCloud Messaging"}]}]}, Outcome.PASS, "seen"),
        ({"participants": [{"messages": [{"provider": ""}], "calls": [None, 3]}, None]}, Outcome.SKIP, "none_seen"),
    ],
)
def test_provider_strings_on_communications_are_reported(conversation: Any, outcome: Outcome, code: str) -> None:
    parsed = Conversation.parse(answer_of(200, conversation))
    assert isinstance(parsed, Conversation)
    result = judge_seen_providers(parsed.source_providers)
    assert (result.outcome, result.code) == (outcome, code)


WRAPPED = (
    "REST call for action 'a' failed. Message:'Request to backend service failed.', status:400, "
    'response: {"message": "providerId is required", "code": "bad.request", "status": 400}'
)


@pytest.mark.parametrize(
    ("status", "body", "is_required"),
    [
        (400, {"message": "providerId is required", "code": "bad.request", "status": 400}, True),
        (422, {"message": "Missing required field: providerId"}, True),
        (400, {"message": WRAPPED, "code": "bad.request", "status": 400}, True),
        (400, {"message": "Unknown provider 'x'", "code": "bad.request"}, False),
        (400, {"message": 5, "code": "bad.request"}, False),
        (400, ["providerId is required"], False),
        (404, {"message": "m", "code": "not.found"}, False),
        (None, None, False),
    ],
)
def test_a_response_can_require_a_provider(status: int | None, body: Any, is_required: bool) -> None:
    received = ReceivedResponse(status, (), None if body is None else json.dumps(body))
    assert requires_provider(received) is is_required
