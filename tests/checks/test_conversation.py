"""The conversation: id, existence, medium, connection."""

from datetime import UTC, datetime
from typing import Any

import pytest

from diagnostics.checks.conversation import judge_connection, judge_existence, judge_id, judge_media
from diagnostics.checks.outcomes import Outcome
from diagnostics.genesys.documents.conversation import Communication, Conversation
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.response import OrgResponse, UnreadableResponse

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
Party = tuple[str, str, str]  # purpose, list or message type, state


def answer_of(status: int | None, data: Any = None, problem: str = "") -> OrgResponse:
    return OrgResponse(
        HttpExchange("GET", "https://api.mypurecloud.com", datetime.now(UTC), 1.0, status), data, problem
    )


def conversation(*parties: Party) -> dict[str, Any]:
    lists = ("calls", "chats", "emails", "callbacks")
    return {
        "id": ID,
        "participants": [
            {"purpose": purpose, kind: [{"state": state}]}
            if kind in lists
            else {"purpose": purpose, "messages": [{"type": kind, "state": state}]}
            for purpose, kind, state in parties
        ],
    }


@pytest.mark.parametrize(
    ("text", "outcome", "code"),
    [
        (ID, Outcome.PASS, "uuid"),
        (ID.upper(), Outcome.PASS, "uuid"),
        ("", Outcome.SKIP, "not_given"),
        (ID[:-1], Outcome.FAIL, "id_malformed"),
        ("12345", Outcome.FAIL, "id_malformed"),
        ("../../users/me", Outcome.FAIL, "id_malformed"),
    ],
)
def test_the_id_s_shape(text: str, outcome: Outcome, code: str) -> None:
    result = judge_id(text, "absent")
    assert (result.outcome, result.code) == (outcome, code)


def communications_of(*parties: Party) -> tuple[Communication, ...]:
    parsed = Conversation.parse(answer_of(200, conversation(*parties)))
    assert isinstance(parsed, Conversation)
    return parsed.communications


NOT_FOUND = {"code": "not.found", "message": "The requested resource was not found.", "status": 404}


@pytest.mark.parametrize(
    ("answer", "history", "outcome", "code"),
    [
        (answer_of(200, conversation()), None, Outcome.PASS, "found"),
        (answer_of(200, {"id": "another", "participants": []}), None, Outcome.ERROR, "other_conversation"),
        (answer_of(200, {"id": ID}), None, Outcome.ERROR, "unreadable"),
        (answer_of(404, NOT_FOUND), answer_of(404, NOT_FOUND), Outcome.FAIL, "not_found"),
        (answer_of(404, NOT_FOUND), answer_of(403, {}), Outcome.FAIL, "not_found"),
        (answer_of(404, NOT_FOUND), answer_of(200, {"conversationEnd": "x"}), Outcome.FAIL, "only_history"),
        (answer_of(404, None, "not_json"), None, Outcome.ERROR, "unreadable"),
        (answer_of(403, {"code": "missing.any.permissions"}), None, Outcome.ERROR, "forbidden"),
        (answer_of(403, {"code": "missing.division.permission"}), None, Outcome.ERROR, "division_hidden"),
        (answer_of(429, {}), None, Outcome.ERROR, "rate_limited"),
        (answer_of(503, {}), None, Outcome.ERROR, "server_error"),
        (answer_of(None, None, "timeout"), None, Outcome.ERROR, "unreadable"),
    ],
)
def test_existence(answer: OrgResponse, history: OrgResponse | None, outcome: Outcome, code: str) -> None:
    result = judge_existence(ID, answer, history)
    assert (result.outcome, result.code) == (outcome, code)


def test_in_a_hidden_division_the_call_s_own_right_is_named_too() -> None:
    hidden = answer_of(403, {"code": "missing.division.permission"})
    hint = judge_existence(ID, hidden, None, ("conversation:cobrowse:add",)).hint
    assert "conversation:communication:view" in hint
    assert "conversation:cobrowse:add" in hint


@pytest.mark.parametrize(
    ("parties", "outcome", "code"),
    [
        ([("customer", "webmessaging", "connected")], Outcome.PASS, "supported"),
        ([("customer", "calls", "connected")], Outcome.PASS, "supported"),
        (
            [("customer", "whatsapp", "disconnected"), ("customer", "webmessaging", "connected")],
            Outcome.PASS,
            "supported",
        ),
        ([("customer", "chats", "connected")], Outcome.FAIL, "legacy_chat"),
        ([("customer", "sms", "connected")], Outcome.FAIL, "media_unsupported"),
        ([("customer", "emails", "connected")], Outcome.FAIL, "media_unsupported"),
        ([("customer", "callbacks", "connected")], Outcome.FAIL, "media_unsupported"),
        ([("customer", "unknown", "connected")], Outcome.ERROR, "unknown_type"),
        ([], Outcome.ERROR, "no_communication"),
    ],
)
def test_media(parties: list[Party], outcome: Outcome, code: str) -> None:
    result = judge_media(communications_of(*parties))
    assert (result.outcome, result.code) == (outcome, code)


WEB = "webmessaging"


@pytest.mark.parametrize(
    ("parties", "outcome", "code"),
    [
        ([("customer", WEB, "connected"), ("agent", WEB, "connected")], Outcome.PASS, "connected"),
        ([("external", "calls", "connected"), ("user", "calls", "connected")], Outcome.PASS, "connected"),
        ([("customer", WEB, "parked"), ("agent", WEB, "parked")], Outcome.WARN, "parked"),
        ([("customer", WEB, "parked"), ("agent", WEB, "connected")], Outcome.PASS, "connected"),
        (
            [("agent", WEB, "disconnected"), ("agent", WEB, "connected"), ("customer", WEB, "connected")],
            Outcome.PASS,
            "connected",
        ),
        ([("customer", WEB, "disconnected"), ("agent", WEB, "disconnected")], Outcome.FAIL, "ended"),
        ([("customer", "calls", "terminated"), ("agent", "calls", "terminated")], Outcome.FAIL, "ended"),
        ([("customer", WEB, "connected"), ("acd", WEB, "connected")], Outcome.FAIL, "queued"),
        ([("customer", WEB, "connected")], Outcome.FAIL, "no_agent"),
        ([("agent", WEB, "connected"), ("customer", WEB, "disconnected")], Outcome.FAIL, "no_customer"),
        ([("customer", WEB, "connected"), ("agent", WEB, "alerting")], Outcome.FAIL, "not_connected"),
        ([("customer", "calls", "dialing"), ("agent", "calls", "connected")], Outcome.FAIL, "not_connected"),
        ([], Outcome.ERROR, "no_communication"),
    ],
)
def test_connection_is_read_from_the_communications(parties: list[Party], outcome: Outcome, code: str) -> None:
    result = judge_connection(communications_of(*parties), "")
    assert (result.outcome, result.code) == (outcome, code)


def test_an_end_time_ends_a_conversation_regardless_of_its_communications() -> None:
    legs = communications_of(("customer", WEB, "connected"), ("agent", WEB, "connected"))
    assert judge_connection(legs, "2026-11-01T10:00:00Z").code == "ended"


@pytest.mark.parametrize("data", [None, [], "text", {"participants": None}])
def test_a_document_without_participants_is_unreadable(data: Any) -> None:
    assert isinstance(Conversation.parse(answer_of(200, data)), UnreadableResponse)


def test_fields_of_the_wrong_type_are_named() -> None:
    data: dict[str, Any] = {
        "participants": [None, 7, {"messages": {}}, {"purpose": "agent", "calls": ["x", {"state": 5}]}]
    }
    parsed = Conversation.parse(answer_of(200, data))
    assert isinstance(parsed, Conversation)
    assert {"participants[0]", "participants[2].messages", "participants[3].calls[1].state"} < set(parsed.unreadable)
    assert judge_connection(parsed.communications, "").outcome in (Outcome.ERROR, Outcome.FAIL)


def test_a_gateway_takes_chats() -> None:
    legs = communications_of(("customer", "chats", "connected"))
    assert judge_media(legs, by_gateway=True).code == "taken_by_gateway"
    assert judge_media(communications_of(("customer", "sms", "connected")), by_gateway=True).code == "media_unsupported"
