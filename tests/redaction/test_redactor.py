"""Nothing that must not be stored passes the redactor, and redacting twice changes nothing."""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.genesys.exchange import HttpExchange
from diagnostics.redaction.redactor import MAX_RESPONSE_BODY, Redactor

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
API = "https://api.mypurecloud.com/api/v2"
SECRET = "pl/ain+secret&"
TOKEN = "a-token-of-the-run"


def exchange(body: Any = "", status: int | None = 200, path: str = f"/conversations/{ID}", **more: Any) -> HttpExchange:
    text = body if isinstance(body, str) else json.dumps(body)
    return HttpExchange("GET", API + path, datetime(2026, 5, 1, tzinfo=UTC), 12.5, status=status, body=text, **more)


def stored(body: Any, status: int = 200, path: str = f"/conversations/{ID}") -> Any:
    return json.loads(Redactor((SECRET, TOKEN)).exchange(exchange(body, status, path)).body)


# -- known secrets


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        TOKEN,
    ],
)
def test_a_known_secret_is_masked_in_every_form(form: str) -> None:
    redactor = Redactor((SECRET, TOKEN))
    assert form not in redactor.text(f"it was {form}, twice: {form}")
    assert form not in json.dumps(redactor.value({"note": [f"x{form}y"], f"k{form}": 1}))
    sent = exchange(
        {"message": f"bad {form}"}, 400, f"/x/{quote(form)}?a={quote(form)}", error=form, correlation_id=form
    )
    assert form not in repr(redactor.exchange(sent)) + redactor.exchange(sent).body


def test_a_secret_too_short_to_show_from_words_does_not_eat_them() -> None:
    assert Redactor(("it",)).text("it is written") == "it is written"


def test_an_empty_secret_masks_nothing() -> None:
    assert Redactor(("", "  ")).text("words") == "words"


# -- free text


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc123def",
        "with Bearer k9Xq2LmZ8v in it",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        '"joinCode": "1234567"',
        "wss://h.example/socket?x=1",
        "ann.lee@mail.example",
        "+49 30 1234567",
        "https://id:pass@h.example/x",
    ],
)
def test_free_text_loses_secrets_and_personal_data(text: str) -> None:
    redacted = Redactor().text(f"seen: {text}")
    assert "[masked" in redacted or "***" in redacted
    assert text not in redacted


@pytest.mark.parametrize(
    "text",
    [
        f"Conversation {ID} was found at 2026-05-01T12:00:00.000Z",
        "You must have at least one of: [conversation:cobrowse:add, authorization:role:view]",
        "POST /api/v2/conversations/{conversationId}/cobrowse",
        "providerId genesys against Genesys",
        "login.mypurecloud.com answered in 1234567 ms",
        "5f2c1f0e6a1b4b579a602d0b8f3c7a11",
    ],
)
def test_free_text_keeps_ids_times_and_words(text: str) -> None:
    assert Redactor((SECRET,)).text(text) == text


# -- values of our own


def test_a_value_is_redacted_all_the_way_down() -> None:
    value = Redactor((SECRET,)).value({"a": [{"b": (SECRET, 1, None, True)}], "access_token": "x", "count": 3})
    assert value == {"a": [{"b": ["[masked]", 1, None, True]}], "access_token": "[masked]", "count": 3}


def test_a_value_nested_without_end_is_cut() -> None:
    value: Any = "bottom"
    for _ in range(500):
        value = [value]
    assert "bottom" not in json.dumps(Redactor().value(value))


# -- exchanges


def test_an_exchange_shows_its_headers_without_their_secrets() -> None:
    redacted = Redactor((SECRET,)).exchange(
        exchange(
            request_headers=(("Authorization", "Bearer k9Xq2LmZ"), ("Accept", "application/json")),
            response_headers=(
                ("Set-Cookie", "sid=abc; Path=/"),
                ("ININ-Correlation-Id", ID),
                ("Location", f"{API}/x?token=abc"),
                ("inin-ratelimit-reset", "61"),
            ),
        )
    )
    assert redacted.request_headers == (("Authorization", "Bearer [masked]"), ("Accept", "application/json"))
    assert redacted.response_headers == (
        ("Set-Cookie", "[masked]"),
        ("ININ-Correlation-Id", ID),
        ("Location", f"{API}/x?token=[masked]"),
        ("inin-ratelimit-reset", "61"),
    )


def test_the_basic_value_of_the_token_request_is_masked() -> None:
    sent = exchange('{"access_token": "abc", "token_type": "bearer", "expires_in": 86399}', path="/x",
                    request_headers=(("authorization", "Basic aWQ6c2VjcmV0"),))  # fmt: skip
    redacted = Redactor().exchange(sent)
    assert redacted.request_headers == (("authorization", "Basic [masked]"),)
    assert json.loads(redacted.body) == {"access_token": "[masked]", "token_type": "bearer", "expires_in": 86399}


CONVERSATION = {
    "id": ID,
    "startTime": "2026-05-01T12:00:00.000Z",
    "address": "tel:+15551234567",
    "selfUri": f"/api/v2/conversations/{ID}",
    "divisions": [{"division": {"id": ID, "name": "Home"}, "entities": []}],
    "participants": [
        {
            "id": ID,
            "name": "Ann Lee",
            "purpose": "customer",
            "userId": ID,
            "queueName": "Sales",
            "ani": "+15551234567",
            "callerId": "15551234567",
            "attributes": {"customer number": "4711", "iban": "DE02"},
            "messages": [
                {
                    "id": ID,
                    "state": "connected",
                    "type": "webmessaging",
                    "provider": "PureCloud Messaging",
                    "direction": "inbound",
                    "held": False,
                    "fromAddress": {"name": "Ann Lee", "addressNormalized": "ann@mail.example"},
                    "messages": [{"messageId": ID, "messageStatus": "delivered", "textBody": "my card is 4111"}],
                    "errorInfo": {"code": "x.y", "message": "Ann was not found"},
                }
            ],
        }
    ],
}


def test_a_conversation_keeps_its_states_and_none_of_its_customer() -> None:
    remaining = stored(CONVERSATION)
    text = json.dumps(remaining)
    message = remaining["participants"][0]["messages"][0]
    assert (message["state"], message["type"], message["provider"]) == (
        "connected",
        "webmessaging",
        "PureCloud Messaging",
    )
    assert remaining["participants"][0]["purpose"] == "customer"
    assert remaining["participants"][0]["userId"] == ID
    assert remaining["startTime"] == CONVERSATION["startTime"]
    assert remaining["divisions"][0]["division"]["name"] == "Home"
    assert remaining["participants"][0]["attributes"] == "[hidden]"
    for private in ("Ann", "555", "Sales", "4711", "iban", "4111", "mail.example"):
        assert private not in text


@pytest.mark.parametrize(
    ("path", "body", "shown", "hidden"),
    [
        ("/organizations/me", {"id": ID, "name": "Acme Ltd"}, ["Acme Ltd"], []),
        (
            "/webdeployments/deployments?pageSize=300",
            {"entities": [{"name": "Web shop", "status": "Active", "snippet": "<x>", "flow": {"name": "Inbound"}}]},
            ["Web shop", "Active"],
            ["<x>", "Inbound"],
        ),
        (
            "/authorization/roles/x",
            {"name": "Agent", "permissionPolicies": [{"domain": "conversation", "actionSet": ["add"]}]},
            ["Agent", "conversation", "add"],
            [],
        ),
        (
            "/authorization/subjects/me",
            {"name": "Ann Lee", "grants": [{"division": {"name": "Home"}, "role": {"name": "Agent"}}]},
            ["Home", "Agent"],
            ["Ann"],
        ),
        (
            "/tokens/me",
            {"organization": {"name": "Acme"}, "OAuthClient": {"name": "Doctor", "secret": "s3"}, "clonedUser": {"name": "Ann"}},
            ["Acme", "Doctor"],
            ["Ann", "s3"],
        ),
        ("/users/me", {"name": "Ann Lee", "email": "ann@mail.example", "department": "Sales"}, [], ["Ann", "mail.example", "Sales"]),
        ("/cobrowse/providers", [{"id": "genesys", "name": "Genesys", "enabled": True}], ["genesys", "Genesys", "true"], []),
        ("/oauth/scopes", {"entities": [{"id": "conversations:readonly"}]}, ["conversations:readonly"], []),
        (f"/conversations/{ID}", {"entities": [{"name": "Ann"}]}, [], ["Ann"]),
    ],
)  # fmt: skip
def test_names_that_an_admin_gave_are_preserved(path: str, body: Any, shown: list[str], hidden: list[str]) -> None:
    text = json.dumps(stored(body, path=path))
    assert all(word in text for word in shown)
    assert not any(word in text for word in hidden)


def test_a_started_session_keeps_neither_join_code_nor_address() -> None:
    remaining = stored(
        {"id": ID, "joinCode": "1234567", "websocketUrl": "wss://h/x", "name": "x", "communicationType": "Message"}
    )
    assert remaining == {
        "id": ID,
        "joinCode": "[masked]",
        "websocketUrl": "[masked]",
        "name": "[hidden]",
        "communicationType": "Message",
    }


def test_an_error_body_keeps_its_words_without_personal_data() -> None:
    error = {
        "message": f"No. Ask ann@mail.example or +49 30 1234567 about {SECRET}",
        "code": "not.found",
        "status": 404,
        "contextId": ID,
        "details": [{"errorCode": "e", "fieldName": "f"}],
        "errors": [{"message": "inner", "code": "c"}],
        "participant": "Ann Lee",
    }
    remaining = stored(error, 404)
    assert (remaining["code"], remaining["status"], remaining["contextId"]) == ("not.found", 404, ID)
    assert remaining["details"] == error["details"]
    assert remaining["errors"] == error["errors"]
    assert remaining["message"].startswith("No. Ask [masked]")
    assert remaining["participant"] == "[hidden]"
    for private in ("mail.example", "1234567", SECRET, "Ann"):
        assert private not in json.dumps(remaining)


def test_the_errors_of_the_token_endpoint_are_preserved() -> None:
    error = {
        "error": "invalid_client",
        "description": "authentication failed",
        "error_description": "authentication failed",
    }
    assert stored(error, 400) == error


def test_html_is_reduced_to_its_title_and_first_words() -> None:
    page = (
        "<!DOCTYPE html><html><head><title>Sign in</title><script>var secretThing=1</script></head><body><h1>Proxy</h1><p>"
        + "word " * 500
    )
    body = Redactor().exchange(exchange(page, 502)).body
    assert "Sign in" in body
    assert "Proxy" in body
    assert "secretThing" not in body
    assert len(body) < 400
    assert "[cut:" in body


@pytest.mark.parametrize("status", [200, 500, None])
def test_other_text_is_cut_to_its_first_words(status: int | None) -> None:
    body = Redactor().exchange(exchange("plain words " * 1000, status)).body
    assert body.startswith("plain words")
    assert len(body) < 400
    assert "12,000" in body


def test_a_long_body_is_shortened_and_stays_json() -> None:
    remaining = stored({"entities": [{"id": ID, "status": "Active"} for _ in range(30_000)]})
    assert len(json.dumps(remaining)) <= MAX_RESPONSE_BODY
    assert remaining["entities"][0] == {"id": ID, "status": "Active"}
    assert remaining["entities"][-1].startswith("[cut: ")


def test_a_hundred_deployments_are_preserved_whole() -> None:
    cobrowse = {"enabled": True, "channels": ["Webmessaging"], "pauseCriteria": [{"condition": "Includes"}] * 10}
    one = {"id": ID, "status": "Active", "configuration": {"id": ID, "version": "3", "cobrowse": cobrowse}}
    assert len(stored({"entities": [one] * 100})["entities"]) == 100


@pytest.mark.parametrize(
    "body", ["", "[" * 100_000, "{" * 100_000, '{"a":' * 900 + "1" + "}" * 900, "9" * 6000, '"' + "x" * 3_000_000 + '"']
)
def test_hostile_bodies_are_short_afterwards(body: str) -> None:
    assert len(Redactor((SECRET,)).exchange(exchange(body)).body) <= MAX_RESPONSE_BODY


# -- properties

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40)
    | st.sampled_from([SECRET, TOKEN, ID, "ann@mail.example", "+4930123456", "connected", "/api/v2/x?token=a1b2"]),
    lambda inner: st.lists(inner, max_size=5)
    | st.dictionaries(
        st.sampled_from(["id", "name", "state", "entities", "division", "attributes", "token", "message", "dateX", "userId"])
        | st.text(max_size=12),
        inner,
        max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip
TEXT = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from([
            SECRET, TOKEN, "Bearer ", "token=", '"', "'", "\\", "[masked]", "[masked token, 3 characters]", "[hidden]", "$TOKEN",
            "<", ">", "{", "}", "wss://", "a@b.example", "+49301234567", " ", "Authorization: ", "-u ", "eyJabcdefgh", "://a:b@",
            "[cut: 3 of 4 characters kept]", "masked", "k9Xq2LmZ8vRt4WpY7nBc", "?code=", "\n", "cookie: ", "=", "<token>x</token>",
        ])
        | st.text(max_size=6),
        max_size=20,
    ).map("".join),
)  # fmt: skip
KNOWN = st.lists(st.sampled_from([SECRET, TOKEN, "masked", "[masked]", "character", "token", "hidden"]), max_size=4)


@settings(max_examples=400)
@given(TEXT, KNOWN)
def test_text_redacted_twice_is_text_redacted_once(text: str, known: list[str]) -> None:
    redactor = Redactor(known)
    once = redactor.text(text)
    assert redactor.text(once) == once


@settings(max_examples=200)
@given(JSON, KNOWN)
def test_a_value_redacted_twice_is_the_value_redacted_once(value: Any, known: list[str]) -> None:
    redactor = Redactor(known)
    once = redactor.value(value)
    assert redactor.value(once) == once


@settings(max_examples=300)
@given(
    body=st.one_of(JSON.map(json.dumps), TEXT, TEXT.map(lambda text: f"<html>{text}")),
    status=st.sampled_from([None, 200, 204, 302, 400, 404, 500]),
    path=st.sampled_from(["/organizations/me", f"/conversations/{ID}", "/x?token=abc&q=ann@mail.example#a"]),
    header=TEXT,
    known=KNOWN,
)
def test_an_exchange_redacted_twice_is_one_redacted_once(
    body: str, status: int | None, path: str, header: str, known: list[str]
) -> None:
    redactor = Redactor(known)
    names = ("Authorization", "Set-Cookie", "Location", "X-Note", "X-Api-Key")
    headers = tuple((name, header) for name in names)
    once = redactor.exchange(exchange(body, status, path, request_headers=headers, response_headers=headers))
    assert redactor.exchange(once) == once


@settings(max_examples=200)
@given(JSON, st.sampled_from([200, 404]))
def test_no_known_secret_and_no_address_is_left_in_a_body(value: Any, status: int) -> None:
    text = Redactor((SECRET, TOKEN)).body(json.dumps(value), status)
    for private in (SECRET, TOKEN, "ann@mail.example", "+4930123456"):
        assert private not in text


@pytest.mark.parametrize("body", ["\0\1 noise \0", '{"message": "a\\u0000b", "\\u0000": 1}'])
def test_what_no_row_can_hold_is_replaced(body: str) -> None:
    clean = Redactor(("some-secret-1234",))
    assert "\0" not in clean.body(body, 500)
    assert "\0" not in clean.text(body)
    assert "\0" not in json.dumps(clean.value({"a\0": ["b\0"]}), ensure_ascii=False)
    assert "\\u0000" not in json.dumps(clean.value({"a\0": ["b\0"]}))
    assert clean.headers((("a\0", "b\0"),))[0][1] == "b\ufffd"
