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
