"""Pastes as people send them, diagnosed against an org of the region that the text names."""

from pathlib import Path
from typing import Any

import pytest

from diagnostics.checks.request import judge_body_ids
from diagnostics.evaluation.cases import Case
from diagnostics.evaluation.score import diagnosis_of
from diagnostics.parsing.call import FailingCall
from diagnostics.parsing.inputs import read_paste
from diagnostics.parsing.parse import parse_call

FOLDER = Path(__file__).parent / "pastes"
LIVE = "c41d7e02-9b6f-4a35-8d1c-7f20e5b9a634"
OCR = "POST https://api.rnypurecloud.corn/api/v2/{path}\nStatus: 404 Not Found"


def verdict_on(text: str, region: str = "") -> dict[str, Any]:
    """The verdict in an org in which the conversation LIVE is live and nothing is wrong."""
    state = {
        "region": region or parse_call(text).region or "us-east-1",
        "permissions": ["conversation:cobrowse:add", "conversation:cobrowseVoice:add"],
        "conversation": {"id": LIVE, "media": "web messaging", "state": "connected"},
        "web_deployment": {"cobrowse": {"enabled": True, "channels": ["web messaging", "voice"]}},
    }
    with diagnosis_of(Case("paste", "", state, None, None, ""), read_paste(text).inputs) as diagnosis:
        list(diagnosis.steps())
        return diagnosis.verdict()


@pytest.mark.parametrize(
    ("name", "cause", "certainty"),
    [
        ("01-curl-verbose", "path.not_in_api", "proved"),
        ("02-powershell-splat", "path.not_in_api", "proved"),
        ("06-python-traceback", "conv.session_conflict", "likely"),
        ("07-sdk-trace-text", "authz.user_context_required", "likely"),
        ("10-terraform-diag", "authz.permission_missing", "likely"),
        ("12-node-inspect", "path.not_in_api", "proved"),
        ("15-data-action-japanese", "path.not_in_api", "proved"),
        ("20-browser-cors", "path.trailing_slash", "likely"),
        ("24-java-log-spanish", "conv.not_found", "proved"),
    ],
)
def test_paste_is_judged_by_call_and_response(name: str, cause: str, certainty: str) -> None:
    verdict = verdict_on((FOLDER / f"{name}.txt").read_bytes().decode())
    assert (verdict["cause"], verdict["certainty"]) == (cause, certainty)


@pytest.mark.parametrize(
    "path",
    [
        f"c0nversations/{LIVE}/cobrowse",
        f"c0nversations/chat/{LIVE}/cobrowse",
        f"conversations/{LIVE}/cobrowse/",
        f"conversations/{LIVE}/c0browse/sessions",
        f"conversati0ns/{LIVE}/cobrowze",
    ],
)
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_text_from_a_screenshot_never_proves_host_or_path_wrong(path: str, region: str) -> None:
    verdict = verdict_on(OCR.format(path=path), region)
    assert verdict["cause"].partition(".")[0] not in ("host", "path")


def test_text_from_a_screenshot_is_named_as_such() -> None:
    verdict = verdict_on(OCR.format(path=f"c0nversations/chat/{LIVE}/cobrowse"))
    assert verdict["cause"] == "undetermined"
    assert verdict["sentence"].startswith("This looks like text from a screenshot")


def test_id_in_the_body_that_is_no_uuid_is_named() -> None:
    body = '{"conversationId": "12345678-abcd-1234-abcd-123456789abc", "initiatorId": "87654321-dcba-4321-dcba-987654321xyz"}'
    result = judge_body_ids(FailingCall("POST", "/api/v2/x", body=body))
    assert (result.code, result.evidence["fields"]) == ("not_uuids", ["initiatorId"])


def test_invented_sdk_method_is_answered_with_the_real_one() -> None:
    verdict = verdict_on((FOLDER / "12-node-inspect.txt").read_text(encoding="utf-8"))
    assert "postConversationCobrowse(conversationId)" in verdict["remedy"]


def test_paste_with_a_cors_message_shows_that_cors_is_the_symptom() -> None:
    notes = parse_call((FOLDER / "20-browser-cors.txt").read_text(encoding="utf-8")).notes
    assert any("CORS is the symptom" in note.what for note in notes)
