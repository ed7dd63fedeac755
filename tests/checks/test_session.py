"""The live start: judged by what came back, and sent only with the run's permission."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from diagnostics.checks.base import CheckContext, Target, planned_checks
from diagnostics.checks.outcomes import Outcome
from diagnostics.checks.session import judge_start, session_start
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.regions import region
from diagnostics.genesys.response import OrgResponse

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
SESSION = {
    "id": "f7a4e2c8-3b16-4d90-8e5f-c1d2b3a4950b",
    "joinCode": "8341276",
    "websocketUrl": "wss://cobrowse.example/ws",
    "dateOfferEnds": "2026-11-22T14:00:00.000Z",
    "communicationType": "Message",
}


def answered(status: int | None, body: Any = None, problem: str = "") -> OrgResponse:
    text = json.dumps(body) if body is not None else ""
    exchange = HttpExchange(
        "POST", f"/api/v2/conversations/{ID}/cobrowse", datetime.now(UTC), 90.0, status=status, body=text
    )
    return OrgResponse(exchange, data=body, error=problem)


def error(code: str) -> dict[str, Any]:
    return {"message": "Said.", "code": code, "contextId": "c"}


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        (answered(200, SESSION), Outcome.PASS, "started"),
        (answered(200, {"id": SESSION["id"]}), Outcome.PASS, "started"),
        (answered(200, {}), Outcome.ERROR, "may_be_offered"),
        (answered(200, None, "not_json"), Outcome.ERROR, "may_be_offered"),
        (answered(400, error("not.a.user")), Outcome.FAIL, "user_required"),
        (answered(401, error("bad.credentials")), Outcome.FAIL, "token_refused"),
        (answered(403, error("missing.any.permissions")), Outcome.FAIL, "permission_missing"),
        (answered(403, error("missing.division.permission")), Outcome.FAIL, "division_missing"),
        (answered(403, error("something.new")), Outcome.FAIL, "not_authorized"),
        (answered(404, error("not.found")), Outcome.FAIL, "not_found"),
        (answered(404, error("conversation.error.conversation.not.found")), Outcome.FAIL, "conversation_not_found"),
        (answered(409, error("general.conflict")), Outcome.FAIL, "conflict"),
        (answered(429, error("too.many.requests")), Outcome.FAIL, "rate_limited"),
        (answered(418, error("teapot")), Outcome.FAIL, "other"),
        (answered(403, None, "not_json"), Outcome.ERROR, "may_be_offered"),
        (answered(302, None, "redirect"), Outcome.ERROR, "may_be_offered"),
        # on their side, or on the way back: an offer may be open
        (answered(500, error("internal.server.error")), Outcome.FAIL, "server_error"),
        (answered(503, None, "not_json"), Outcome.FAIL, "server_error"),
        (answered(None, None, "timeout"), Outcome.ERROR, "may_be_offered"),
        (answered(None, None, "reset"), Outcome.ERROR, "may_be_offered"),
        # nothing can have arrived
        (answered(None, None, "refused"), Outcome.ERROR, "unreachable"),
        (answered(None, None, "dns"), Outcome.ERROR, "unreachable"),
        (OrgResponse(None, error="no_token"), Outcome.ERROR, "not_sent"),
        (answered(429, None, "rate_limited_wait"), Outcome.ERROR, "not_sent"),
    ],
)
def test_the_answer_to_a_start(answer: OrgResponse, outcome: Outcome, code: str) -> None:
    result = judge_start(answer)
    assert (result.outcome, result.code) == (outcome, code)


def test_the_id_and_the_expiry_of_a_session_are_stored_but_no_secret() -> None:
    result = judge_start(answered(200, SESSION))
    assert result.evidence["session"] == SESSION["id"]
    assert result.evidence["offer_ends"] == SESSION["dateOfferEnds"]
    assert result.evidence["kind"] == SESSION["communicationType"]
    assert SESSION["joinCode"] not in str(result)
    assert SESSION["websocketUrl"] not in str(result)


class Spy(GenesysClient):
    """Counts the starts and sends none."""

    starts = 0

    def offer_session(self, conversation_id: str) -> OrgResponse:
        self.starts += 1
        return answered(200, SESSION)


@pytest.fixture
def ctx() -> CheckContext:
    where = region("us-east-1")
    return CheckContext(Target("diagnosis", where, "client", "id", ID), Spy(where, "id", "secret"), bundled())


@pytest.mark.parametrize(
    ("conversation_id", "may", "code", "starts"),
    [(ID, True, "started", 1), (ID, False, "not_permitted", 0), ("not-a-uuid", True, "no_id", 0)],
)
def test_nothing_is_sent_without_the_permission(
    ctx: CheckContext, conversation_id: str, may: bool, code: str, starts: int
) -> None:
    requested = replace(ctx, target=replace(ctx.target, conversation_id=conversation_id), may_start=lambda: may)
    (result,) = session_start(requested)
    assert (result.code, ctx.genesys.starts) == (code, starts)  # type: ignore[attr-defined]


def test_by_itself_a_context_permits_nothing(ctx: CheckContext) -> None:
    assert [each.code for each in session_start(ctx)] == ["not_permitted"]


def test_it_is_planned_for_a_confirmed_start_alone() -> None:
    without = {check.id for check in planned_checks(frozenset({"call", "answer", "conversation"}))}
    assert "session.start" not in without
    assert "session.start" in {check.id for check in planned_checks(frozenset({"conversation", "start"}))}
