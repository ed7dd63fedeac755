"""Pastes as people send them, diagnosed against an org of the region that the text names."""

from pathlib import Path
from typing import Any

import pytest

from diagnostics.checks.request import judge_body_ids
from diagnostics.engine.diagnosis import aim_of
from diagnostics.evaluation.cases import Case
from diagnostics.evaluation.score import diagnosis_of
from diagnostics.genesys.contract import bundled
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


API = "https://api.mypurecloud.de"
START = f"{API}/api/v2/conversations/{LIVE}/cobrowse"
LOGIN = "https://login.mypurecloud.de/oauth/token"
NOT_FOUND = '{"message":"The requested resource was not found.","code":"not.found","status":404}'
HAR_OF_PAGE = (
    '{"entries":[{"request":{"method":"GET","url":"https://shop.example/logo.svg"},"response":{"status":404}},'
    f'{{"request":{{"method":"POST","url":"{START}"}},"response":{{"status":409,"content":{{"text":"{{}}"}}}}}}]}}'
)


# What a text doesn't show proves nothing, and of several calls the failing one counts.
@pytest.mark.parametrize(
    ("text", "unproved"),
    [
        (f"WARN retry 3: POST {LOGIN} 503", "auth.token_request_malformed"),
        (f"POST {LOGIN} antwortet mit 401 invalid_client", "auth.token_request_malformed"),
        (f"requests.post('{LOGIN}', data=form, auth=(key, word))  # 400", "auth.token_request_malformed"),
        (f"POST {START}\nAuthorization: redacted\n404", "auth.header_malformed"),
        (f'POST {START}\nN0t F0und 404\n{{"mes', "body.malformed_json"),
        (f"POST {START} 200\n10:07 event: {{'eventType': 'CoBrowse', 'type': 'Joined'}}", "body.unexpected"),
        (
            f"conn.setEndpoint('{API}/api/v2/conversations/' + interactionId + '/cobrowse'); // 404",
            "path.trailing_slash",
        ),
        (f"$r = $http->send('{API}/api/v2/conversations/' . $cid . '/cobrowse'); // 404", "path.trailing_slash"),
        (
            f'String url = String.format("{API}/api/v2/conversations/%s/cobrowse", id); // 404',
            "path.placeholder_unexpanded",
        ),
        (
            f'uri = URI("{API}/api/v2/conversations/#{{id}}/cobrowse")\nNet::HTTP.post(uri, "")\n# 404',
            "path.placeholder_unexpanded",
        ),
        (f"POST {START};404;12ms", "path.not_in_api"),
        (f"客服点击后调用 POST {START}，系统返回 404。", "path.not_in_api"),
        (f"（POST {START}）は 404 を返します。", "path.not_in_api"),
        (f"Mit dem neuen Token haben wir POST {START} versucht → 404", "path.placeholder_unexpanded"),
        (f"POST {START}\n404 Not Found | 81 ms", "path.not_in_api"),
        (f"(we ran: curl -X POST {START})\n404", "path.not_in_api"),
        (HAR_OF_PAGE, "host.unknown_host"),
    ],
)
def test_what_a_text_does_not_show_is_no_proof(text: str, unproved: str) -> None:
    verdict = verdict_on(text, "eu-central-1")
    assert unproved not in (verdict["cause"], *verdict["also"])


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (f"POST {START}: x509: certificate signed by unknown authority", "env.tls"),
        (f"sun.security.validator.ValidatorException: PKIX path building failed\nPOST {START}", "env.tls"),
        (f"requests.exceptions.SSLError: certificate verify failed, POST {START}", "env.tls"),
        (f"OSError('Tunnel connection failed: 407 Proxy Authentication Required') POST {START}", "env.proxy"),
        (f"https_proxy=http://10.1.1.9:8080\nError: connect ECONNREFUSED 10.1.1.9:8080\nPOST {START}", "env.proxy"),
        (f"curl: (28) Operation timed out after 30001 milliseconds\n$ curl -X POST {START}", "env.timeout"),
        (f'Post "{START}": dial tcp 3.1.2.3:443: i/o timeout', "env.timeout"),
        (f"<html>\n<head><title>403 Forbidden</title></head></html>\n$ curl -X POST {START}", "env.redirect_or_html"),
        (f"SyntaxError: Unexpected token '<', \"<html>\" is not valid JSON\nPOST {START} 200", "env.redirect_or_html"),
        (f"HTTP/1.1 302 Found\nLocation: https://sso.example/\n\nthat was POST {START}", "env.redirect_or_html"),
        (f"POST {START} = 429", "env.rate_limited"),
        (f"09:00 GET {API}/api/v2/users/me 200 (x 12)\n09:01 POST {START} 429", "env.rate_limited"),
        (f"OPTIONS {START} 204\nPOST {START} 200", "none"),
        (f"9:40 POST {API}/api/v2/conversation/{LIVE}/cobrowse 404\n9:45 POST {START} 200", "none"),
        (f"POST {START} 403 'User is not a participant in the conversation.'", "authz.not_a_party"),
        (f"ApiException: Access to conversation is forbidden. 403\nPOST {START}", "authz.not_a_party"),
        (f"POST {START}\nHeaders (7) → Authorization: Bearer Bearer abcd…xy\n401", "auth.header_malformed"),
        (
            f"curl -X POST {START} -H \"Authorization: Bearer $T\"\n> Authorization: Bearer 'a8…b'",
            "auth.header_malformed",
        ),
        (
            f"POST /api/v2/conversations/{LIVE}/cobrowse HTTP/1.1\nAutorization: Bearer x\n\nHTTP/1.1 401",
            "auth.header_malformed",
        ),
        (
            f"CID={LIVE}\ncurl -X POST '{API}/api/v2/conversations/$CID/cobrowse'\n{NOT_FOUND}",
            "path.placeholder_unexpanded",
        ),
        (
            f"export CID={LIVE}\ncurl -X POST '{API}/api/v2/conversations/${{CID}}/cobrowse' # 404",
            "path.placeholder_unexpanded",
        ),
        (f"our log: {API}/{START} gives 404", "path.base_duplicated"),
        (f"it calls {API}/api/v2/{START} and that returns 404", "path.base_duplicated"),
        (f"url = '{API}/api/v2/conversations/' + cid + '/cobrowse'  # cid = 12ab34cd56ef\n404", "conv.id_malformed"),
        (f"POST {LOGIN} says unsupported_grant_type", "auth.token_request_malformed"),
    ],
)
def test_response_and_address_are_found_where_people_write_them(text: str, cause: str) -> None:
    assert verdict_on(text, "eu-central-1")["cause"] == cause


@pytest.mark.parametrize(
    "path",
    [
        "/conversation/{}/cobrowse",
        "/Conversation/{}/cobrowse/sessions",
        "/conversation/cobrowse/{}",
        "/conversation/calls/{}/cobrowse",
        "/conversations/calls/{}/cobrowse",
        "/conversations/conversationId/{}/cobrowse",
        "/conversations/chat/conversation/{}/cobrowse",
        "/cobrowse/conversation/{}",
        "/conversation:{}/cobrowse",
        "/conversation-id={}/cobrowse",
        "/interactions/{}/cobrowse",
        "/chats/{}/cobrowse",
        "/cobrowse/sessions?conversationId={}",
        "/cobrowse/sessions?x=1&conversation_id={}&y=2",
        '/cobrowse/sessions\n\n{{"conversationId": "{}"}}',
    ],
)
def test_conversation_of_an_invented_path_is_recognized(path: str) -> None:
    text = f"POST {API}/api/v2{path.format(LIVE)}"
    aim = aim_of(read_paste(text).inputs, bundled())
    assert aim is not None
    assert (aim.id_text, aim.id_state) == (LIVE, "uuid")
    assert verdict_on(text)["cause"] == "path.not_in_api"


@pytest.mark.parametrize(
    "path",
    [
        "/cobrowse/{}",
        "/conversations/cobrowse/sessions/{}",
        "/users/{}/cobrowse",
        "/conversations/messages/communications/{}/cobrowse",
        "/messages/{}",
        "/cobrowse/sessions?participantId={}",
        "/cobrowse/sessions?conversationId={}0",
    ],
)
def test_id_of_something_else_is_no_conversation(path: str) -> None:
    aim = aim_of(read_paste(f"POST {API}/api/v2{path.format(LIVE)}").inputs, bundled())
    assert aim is not None
    assert aim.id_text == ""


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
