"""The token, whose it is, and whether scopes can matter."""

from datetime import UTC, datetime
from typing import Any

import pytest

from diagnostics.checks.oauth import (
    judge_gateway_scopes,
    judge_identity,
    judge_published_scopes,
    judge_token,
)
from diagnostics.checks.outcomes import Outcome
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.documents.token_info import TokenInfo
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.response import OrgResponse, TokenResult


def answer_of(status: int | None, data: Any = None, problem: str = "") -> OrgResponse:
    return OrgResponse(
        HttpExchange("GET", "https://api.mypurecloud.com", datetime.now(UTC), 1.0, status), data, problem
    )


REJECTED = {"error": "invalid_client", "description": "authentication failed"}


@pytest.mark.parametrize(
    ("token", "outcome", "code"),
    [
        (TokenResult("abc", 86399, answer_of(200, {})), Outcome.PASS, "issued"),
        (TokenResult(response=answer_of(400, REJECTED)), Outcome.FAIL, "client_rejected"),
        (TokenResult(response=answer_of(401, REJECTED)), Outcome.FAIL, "client_rejected"),
        (TokenResult(response=answer_of(400, {"error": "unauthorized_client"})), Outcome.FAIL, "grant_not_allowed"),
        (
            TokenResult(response=answer_of(401, {"code": "ip.not.authorized", "message": "m"})),
            Outcome.FAIL,
            "ip_refused",
        ),
        (
            TokenResult(
                response=answer_of(400, {"error": "invalid_client", "error_description": "IP address not allowed"})
            ),
            Outcome.FAIL,
            "ip_refused",
        ),
        (
            TokenResult(response=answer_of(400, {"error": "invalid_client", "description": "IP address not allowed"})),
            Outcome.FAIL,
            "ip_refused",
        ),
        (TokenResult(response=answer_of(429, {})), Outcome.ERROR, "rate_limited"),
        (TokenResult(response=answer_of(503, {})), Outcome.ERROR, "server_error"),
        (TokenResult(response=answer_of(200, {})), Outcome.ERROR, "no_token_in_answer"),
        (TokenResult(response=answer_of(200, None, "not_json")), Outcome.ERROR, "not_genesys"),
        (TokenResult(response=answer_of(302, None, "redirect")), Outcome.ERROR, "not_genesys"),
        (TokenResult(response=answer_of(None, None, "dns")), Outcome.ERROR, "unreachable"),
        (TokenResult(response=answer_of(None, None, "timeout")), Outcome.ERROR, "unreachable"),
        (TokenResult(response=answer_of(400, {"error": "temporarily_unavailable"})), Outcome.ERROR, "refused"),
        (TokenResult(response=answer_of(418, {"error": "teapot"})), Outcome.ERROR, "refused"),
        (TokenResult(), Outcome.ERROR, "unreachable"),
    ],
)
def test_a_token_or_why_there_is_none(token: TokenResult, outcome: Outcome, code: str) -> None:
    result = judge_token(token, "login.mypurecloud.com")
    assert (result.outcome, result.code) == (outcome, code)


def test_a_rejected_client_names_all_four_that_could_be_at_fault() -> None:
    result = judge_token(TokenResult(response=answer_of(400, REJECTED)), "login.mypurecloud.com")
    assert result.evidence["could_be"] == ["client_id", "secret", "region", "state"]


ERROR = {"code": "bad.credentials", "message": "Invalid login credentials.", "status": 401}


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        (answer_of(200, {"organization": {"id": "o", "name": "Acme"}}), Outcome.PASS, "known"),
        (answer_of(200, {"OAuthClient": {"id": "c"}}), Outcome.PASS, "known"),
        (answer_of(200, {}), Outcome.ERROR, "not_genesys"),
        (answer_of(200, {"organization": 7, "OAuthClient": [], "authorizedScope": "x"}), Outcome.ERROR, "not_genesys"),
        (answer_of(401, ERROR), Outcome.FAIL, "token_refused"),
        (answer_of(429, ERROR), Outcome.ERROR, "rate_limited"),
        (answer_of(500, ERROR), Outcome.ERROR, "server_error"),
        (answer_of(403, ERROR), Outcome.ERROR, "refused"),
        (answer_of(200, [1]), Outcome.ERROR, "not_genesys"),
        (answer_of(200, None, "not_json"), Outcome.ERROR, "not_genesys"),
        (answer_of(200, None, "too_large"), Outcome.ERROR, "not_genesys"),
        (answer_of(302, None, "redirect"), Outcome.ERROR, "not_genesys"),
        (answer_of(None, None, "timeout"), Outcome.ERROR, "unreachable"),
    ],
)
def test_identity(answer: OrgResponse, outcome: Outcome, code: str) -> None:
    result = judge_identity(answer, "api.mypurecloud.com")
    assert (result.outcome, result.code) == (outcome, code)


_START = bundled().operation("POST", "/api/v2/conversations/{conversationId}/cobrowse")


@pytest.mark.parametrize(
    ("grant", "scopes", "outcome", "code"),
    [
        ("CLIENT-CREDENTIALS", [], Outcome.PASS, "not_applicable"),
        ("client_credentials", ["users"], Outcome.PASS, "not_applicable"),
        ("", [], Outcome.PASS, "not_applicable"),
        ("CODE", ["conversations"], Outcome.PASS, "granted"),
        ("CODE", ["users:readonly"], Outcome.FAIL, "user_scope_missing"),
        ("PKCE", [], Outcome.FAIL, "user_scope_missing"),
        ("CODE", None, Outcome.ERROR, "not_listed"),
    ],
)
def test_scopes_matter_for_a_user_s_token_only(
    grant: str, scopes: list[str] | None, outcome: Outcome, code: str
) -> None:
    me = TokenInfo(grant_type=grant, scopes=tuple(scopes) if scopes is not None else None)
    result = judge_published_scopes(me, _START)
    assert (result.outcome, result.code) == (outcome, code)


def test_a_token_of_another_org_than_before_is_reported() -> None:
    answer = answer_of(200, {"organization": {"id": "other", "name": "Other"}})
    assert judge_identity(answer, "api.mypurecloud.com", "mine").code == "another_org"
    assert judge_identity(answer, "api.mypurecloud.com", "other").code == "known"


@pytest.mark.parametrize(
    ("scopes", "output"),
    [
        (["conversation:write", "cobrowse:write"], ["granted", "granted"]),
        (["cobrowse:write"], ["scope_missing", "granted"]),
        (["conversation:write"], ["granted", "scope_missing"]),
        (["Conversation:Write", "cobrowse:write"], ["scope_missing", "granted"]),
        ([], ["scope_missing", "scope_missing"]),
    ],
)
def test_a_gateway_wants_both_scopes_letter_for_letter(scopes: list[str], output: list[str]) -> None:
    assert [result.code for result in judge_gateway_scopes(TokenInfo(scopes=tuple(scopes)))] == output


def test_a_gateway_s_token_that_lists_no_scopes_is_not_accused() -> None:
    assert [result.outcome for result in judge_gateway_scopes(TokenInfo())] == [Outcome.ERROR]
