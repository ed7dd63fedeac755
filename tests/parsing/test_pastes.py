"""Pastes as people really send them: call and response come out of one text, whatever it is pasted as."""

import json
from pathlib import Path
from typing import Any

import pytest

from diagnostics.management.commands.parse import as_dict
from diagnostics.parsing.parse import masked_text, parse_call

FOLDER = Path(__file__).parent / "pastes"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))


def text_of(name: str) -> str:
    return (FOLDER / f"{name}.txt").read_bytes().decode()


def understood(text: str) -> dict[str, Any]:
    result = as_dict(parse_call(text))
    call, response = result["call"] or {}, result["response"] or {}
    body = response.get("body")
    return {
        "method": call.get("method"),
        "url": call.get("url"),
        "status": response.get("status"),
        "code": body.get("code") if isinstance(body, dict) else None,
        "correlation_id": result["correlation_id"],
        "conversation_id": result["conversation_id"],
        "region": result["region"],
    }


def test_every_paste_has_its_expectation() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_call_and_response_come_out_of_one_paste(name: str) -> None:
    expected = {key: value for key, value in EXPECTED[name].items() if key != "secrets"}
    assert understood(text_of(name)) == expected


@pytest.mark.parametrize("name", [name for name, each in EXPECTED.items() if each["secrets"]])
def test_no_secret_of_a_paste_is_shown(name: str) -> None:
    text = text_of(name)
    shown = json.dumps(as_dict(parse_call(text)), ensure_ascii=False) + masked_text(text)
    assert [secret for secret in EXPECTED[name]["secrets"] if secret in shown] == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("py-httpclient-debug", {"providerId": "genesys"}),
        ("java-wire", None),
        ("ruby-nethttp", None),
        ("logcat-okhttp", {"channel": "Webmessaging"}),
        ("whatsapp-curl-curly", {"providerId": "default"}),
        ("chrome-panel-french", {"providerId": "genesys", "initiator": "agent"}),
    ],
)
def test_headers_and_body_of_a_logged_request_are_read(name: str, body: Any) -> None:
    call = as_dict(parse_call(text_of(name)))["call"]
    assert "authorization" in {each.lower() for each in call["headers"]}
    assert call["body"] == body


@pytest.mark.parametrize(
    ("name", "is_composed"), [("winston-flat", True), ("structlog-json", True), ("log4j-json", False)]
)
def test_a_body_put_together_from_log_fields_is_named_as_such(name: str, is_composed: bool) -> None:
    notes = as_dict(parse_call(text_of(name)))["notes"]
    assert any("put together from log fields" in note for note in notes) is is_composed


URL = "https://api.mypurecloud.ie/api/v2/conversations/6a6cf9a1-4a9d-4e8c-a8f5-4c1f0d2e9b11/cobrowse"


# A number is the status of a call only if the text says so.
@pytest.mark.parametrize(
    ("text", "status"),
    [
        (f"POST {URL} 404", 404),
        (f"gateway | POST {URL} | 502 | 12ms", 502),
        (f"bridge[7]: 403 POST {URL} user=x", 403),
        (f"await fetch('{URL}', {{method: 'POST'}})  // 409, the second time", 409),
        (f"curl -X POST {URL}\n# 404 since Monday", 404),
        (f"POST {URL} liefert seit heute 403.", 403),
        (f"On reçoit toujours 404 :\nPOST {URL}", 404),
        (f"POST {URL}に送ると403になります", 403),
        (f"POST {URL} 호출하면 500이 나옵니다", 500),
        (f"we expected a 201 from POST {URL} and got 404 instead", 404),
        (f"POST {URL} took 403 ms", None),
        (f"POST {URL} about 200 requests a minute", None),
        (f"POST {URL} should return 200 but nothing happens", None),
        (f"The documentation says it returns 409.\nPOST {URL}", None),
        (f"GET {URL} shows nothing, the POST returned 200", None),
    ],
)
def test_status_is_found_near_the_call(text: str, status: int | None) -> None:
    assert understood(text)["status"] == status


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("base: https://api.mypurecloud.jp\nPOST {path} 404", "api.mypurecloud.jp"),
        ("NameResolutionError: Failed to resolve 'api.usw2.pure.cloud' url: {path}", "api.usw2.pure.cloud"),
        ("apiHost=api.mypurecloud.ie login=login.mypurecloud.de\nPOST {path} 401", "api.mypurecloud.ie"),
        ("The docs use https://api.mypurecloud.com\nPOST {path} 404", ""),
        ("We left https://api.mypurecloud.com in May.\nPOST {path} 404", ""),
        ("api.mypurecloud.jp or api.mypurecloud.ie?\nPOST {path} 404", ""),
    ],
)
def test_host_comes_from_the_text_around_a_path(text: str, host: str) -> None:
    path = URL.removeprefix("https://api.mypurecloud.ie")
    assert understood(text.format(path=path))["url"] == (f"https://{host}{path}" if host else path)


@pytest.mark.parametrize(
    "text",
    [
        f"""HttpRequest.newBuilder(URI.create("{URL}"))\n.POST(BodyPublishers.ofString("{{\\"a\\":1}}"))""",
        f"""req.setEndpoint('{URL}');\nreq.setMethod('POST');\nreq.setBody('{{"a":1}}');""",
    ],
)
def test_body_in_code_is_read(text: str) -> None:
    assert as_dict(parse_call(text))["call"]["body"] == {"a": 1}


def test_body_that_a_program_puts_together_is_unknown() -> None:
    call = parse_call(f"""req.setEndpoint('{URL}'); req.setBody('{{"id": "' + id + '"}}');""").call
    assert call is not None and (call.body, call.body_unknown) == (None, True)
