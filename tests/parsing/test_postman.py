"""What Postman exports: collections, items, requests."""

import json
from typing import Any

import pytest

from diagnostics.parsing.call import Parsed, Unreadable
from diagnostics.parsing.parse import MAX_PASTE, masked_text, parse_call
from diagnostics.text import time_budget

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
PATH = f"/api/v2/conversations/{ID}/cobrowse"
URL = f"https://api.mypurecloud.ie{PATH}"
TOKEN = "k9Xq2LmZ8vRt4WpY7nBcD3fG6hJ1"
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def item(name: str, url: Any, method: str = "GET", **more: Any) -> dict[str, Any]:
    request = {"method": method, "header": [], "url": url, **more.pop("request", {})}
    return {"name": name, "request": request, "response": more.pop("response", []), **more}


def collection(*items: dict[str, Any], **more: Any) -> str:
    return json.dumps({"info": {"name": "c", "schema": SCHEMA}, "item": list(items), **more})


PARTS = {
    "raw": "{{baseUrl}}/api/v2/conversations/:conversationId/cobrowse",
    "host": ["{{baseUrl}}"],
    "path": ["api", "v2", "conversations", ":conversationId", "cobrowse"],
    "variable": [{"key": "conversationId", "value": ID}],
}
START = item(
    "Start",
    PARTS,
    "POST",
    request={
        "header": [{"key": "X-A", "value": "1"}, {"key": "X-Off", "value": "2", "disabled": True}],
        "body": {"mode": "raw", "raw": '{"providerId": "{{provider}}"}', "options": {"raw": {"language": "json"}}},
    },
    response=[
        {"name": "ok", "code": 200, "body": "{}"},
        {
            "name": "no",
            "code": 404,
            "header": [{"key": "ININ-Correlation-Id", "value": "abc"}],
            "body": '{"code": "x"}',
        },
    ],
    event=[{"listen": "test", "script": {"exec": ["x"]}}],
)
VARIABLES = [{"key": "baseUrl", "value": "https://{{host}}"}, {"key": "host", "value": "api.mypurecloud.ie"},
             {"key": "provider", "value": "genesys"}]  # fmt: skip
BEARER = {"type": "bearer", "bearer": [{"key": "token", "value": TOKEN, "type": "string"}]}
WHOLE = collection(
    item("Me", "{{baseUrl}}/api/v2/users/me"),
    {"name": "Cobrowse", "item": [{"name": "Deep", "item": [START]}]},
    variable=VARIABLES,
    auth=BEARER,
)


def expected(parsed: Parsed, kind: str) -> str:
    return " | ".join(note.what for note in parsed.notes if note.kind == kind)


def test_the_cobrowse_item_of_a_collection_is_read_whole() -> None:
    parsed = parse_call(WHOLE)
    assert (parsed.form, parsed.chosen) == ("postman", 1)
    call = parsed.call
    assert call is not None
    assert (call.method, call.url, call.body) == ("POST", URL, '{"providerId": "genesys"}')
    assert call.headers == (
        ("X-A", "1"),
        ("Content-Type", "application/json"),
        ("Authorization", "Bearer [masked token, 28 characters]"),
    )
    assert parsed.response is not None
    assert (parsed.response.status, parsed.response.header("inin-correlation-id")) == (404, "abc")
    assert parsed.choices[1].label.startswith("Cobrowse / Deep / Start: POST ")
    assert "script" in expected(parsed, "dropped")


def test_another_item_can_be_chosen() -> None:
    call = parse_call(WHOLE, choice=0).call
    assert call is not None
    assert call.url == "https://api.mypurecloud.ie/api/v2/users/me"


@pytest.mark.parametrize("alone", [START, START["request"], {"collection": json.loads(collection(START))}])
def test_an_item_or_a_request_alone_keeps_its_placeholders(alone: dict[str, Any]) -> None:
    parsed = parse_call(json.dumps(alone))
    assert (parsed.form, parsed.choices) == ("postman", ())
    assert parsed.call is not None
    assert parsed.call.url == f"{{{{baseUrl}}}}{PATH}"
    assert "placeholder" in expected(parsed, "guessed")


@pytest.mark.parametrize(
    ("url", "read"),
    [
        (URL, URL),
        ({"raw": URL}, URL),
        ({"protocol": "https", "host": ["api", "mypurecloud", "ie"], "path": PATH[1:].split("/")}, URL),
        ({"host": "api.mypurecloud.ie", "path": PATH[1:], "query": [{"key": "a", "value": "b"}]}, f"{URL}?a=b"),
        ({"raw": "{{ baseUrl }}/x"}, "https://api.mypurecloud.ie/x"),
        ({"raw": "{{unknown}}/x"}, "{{unknown}}/x"),
    ],
)
def test_the_url_is_read_in_every_way_it_is_written(url: object, read: str) -> None:
    call = parse_call(collection(item("x", url), variable=VARIABLES)).call
    assert call is not None
    assert call.url == read


@pytest.mark.parametrize(
    ("body", "text", "kind"),
    [
        ({"mode": "raw", "raw": "{}"}, "{}", "text/plain"),
        (
            {"mode": "urlencoded", "urlencoded": [{"key": "a", "value": "1"}]},
            "a=1",
            "application/x-www-form-urlencoded",
        ),
        ({"mode": "graphql", "graphql": {"query": "q"}}, '{"query": "q"}', "application/json"),
        ({"mode": "file", "file": {"src": "/x"}}, None, None),
        ({"mode": "raw", "raw": ""}, None, None),
        ({"mode": "none"}, None, None),
        ({"mode": "raw", "raw": "{}", "disabled": True}, None, None),
        (7, None, None),
    ],
)
def test_the_body_is_what_postman_sends(body: object, text: str | None, kind: str | None) -> None:
    call = parse_call(collection(item("x", URL, "POST", request={"body": body}))).call
    assert call is not None
    assert (call.body, call.header("Content-Type")) == (text, kind)


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        (BEARER, "Bearer [masked token, 28 characters]"),
        ({"type": "bearer", "bearer": {"token": TOKEN}}, "Bearer [masked token, 28 characters]"),
        ({"type": "bearer", "bearer": [{"key": "token", "value": "{{accessToken}}"}]}, "Bearer {{accessToken}}"),
        ({"type": "basic", "basic": [{"key": "username", "value": "u"}, {"key": "password", "value": "hunter22"}]},
         "Basic [masked credentials, 16 characters]"),
        ({"type": "oauth2", "oauth2": [{"key": "accessToken", "value": TOKEN}]}, "Bearer [masked token, 28 characters]"),
        ({"type": "oauth2", "oauth2": []}, None),
        ({"type": "noauth"}, None),
        ({"type": ["x"]}, None),
        (None, None),
    ],
)  # fmt: skip
def test_the_authorization_is_what_postman_adds(auth: object, header: str | None) -> None:
    text = collection(item("x", URL, request={"auth": auth}))
    call = parse_call(text).call
    assert call is not None
    assert call.header("Authorization") == header
    for secret in (TOKEN, "hunter22"):
        assert secret not in repr(parse_call(text)) + masked_text(text)


@pytest.mark.parametrize(
    "text",
    [
        collection(),
        collection({"name": "folder", "item": []}),
        '{"info": {}, "item": [7, null, "x"]}',
        '{"info": {"name": "c"}, "item": [{"request": 7}]}',
        WHOLE[:-40],
    ],
)
def test_a_collection_without_a_request_is_refused(text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse_call(text)
    assert len(str(refused.value)) > 60
    assert TOKEN not in masked_text(text)


def test_five_thousand_items_are_read_and_the_likeliest_offered() -> None:
    rows = [item(f"Thing {number}", f"{{{{baseUrl}}}}/api/v2/things/{number}") for number in range(5200)]
    text = collection(*rows[:2000], START, *rows[2000:], variable=VARIABLES, description="x" * 300_000)
    assert len(text) > MAX_PASTE / 2
    with time_budget.limited(60):  # not what is tested here, and a busy machine needs more of it
        parsed = parse_call(text)
        again = parse_call(masked_text(text))
    assert parsed.call is not None
    assert parsed.call.url == URL
    assert len(parsed.choices) == 50
    assert "201" in expected(parsed, "dropped")
    assert again.call == parsed.call


def test_variables_that_hold_one_another_end() -> None:
    bomb = [{"key": "a", "value": "{{a}}" * 1000}]
    text = collection(
        item("x", "{{a}}" * 1000, "POST", request={"body": {"mode": "raw", "raw": "{{a}}" * 5000}}), variable=bomb
    )
    call = parse_call(text).call
    assert call is not None
    assert len(call.url) < MAX_PASTE


def test_folders_nested_without_end_are_read_or_refused() -> None:
    nested = json.dumps(START)
    for _ in range(5000):
        nested = f'{{"name": "f", "item": [{nested}]}}'
    with pytest.raises(Unreadable):
        parse_call(f'{{"info": {{}}, "item": [{nested}]}}')
