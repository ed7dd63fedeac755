"""The call itself: host, path, method, headers, body."""

import pytest

from diagnostics.checks.conversation import judge_id
from diagnostics.checks.outcomes import Outcome
from diagnostics.checks.request import (
    judge_authorization,
    judge_body,
    judge_body_ids,
    judge_host,
    judge_method,
    judge_path,
    judge_placeholders,
    judge_sdk,
    judge_sign_in,
    judge_token_request,
)
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.regions import Region, region
from diagnostics.parsing.call import FailingCall
from diagnostics.parsing.intent import read_aim

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
API = "https://api.mypurecloud.com"
START = f"/api/v2/conversations/{ID}/cobrowse"


def call_of(method: str, url: str, body: str | None = None, *headers: tuple[str, str]) -> FailingCall:
    return FailingCall(method, url, headers, body)


@pytest.mark.parametrize(
    ("url", "outcome", "code"),
    [
        (START, Outcome.PASS, "bare_path"),
        (API + START, Outcome.PASS, "right"),
        ("https://API.MyPureCloud.com:443" + START, Outcome.PASS, "right"),
        ("http://api.mypurecloud.com" + START, Outcome.FAIL, "plain_http"),
        ("https://api.mypurecloud.ie" + START, Outcome.FAIL, "wrong_region"),
        ("https://login.mypurecloud.ie/oauth/token", Outcome.FAIL, "wrong_region"),
        ("https://login.mypurecloud.com/oauth/token", Outcome.PASS, "right"),
        ("https://apps.mypurecloud.com" + START, Outcome.FAIL, "not_the_api_host"),
        ("https://api.us.genesys.cloud" + START, Outcome.FAIL, "unknown_host"),
        ("https://acme.mypurecloud.com" + START, Outcome.FAIL, "unknown_host"),
        ("https://api.mypurecloud.com.evil.example" + START, Outcome.FAIL, "unknown_host"),
        ("https://api.mypurecloud.com@evil.example" + START, Outcome.FAIL, "unknown_host"),
        ("https://\u0430pi.mypurecloud.com" + START, Outcome.FAIL, "unknown_host"),
        ("https://xn--pi-7kc.mypurecloud.com" + START, Outcome.FAIL, "unknown_host"),
        ("https://api.{region}.example" + START, Outcome.FAIL, "placeholder_unexpanded"),
        ("https://{{my-domain}}.mypurecloud.com" + START, Outcome.FAIL, "placeholder_unexpanded"),
        ("https://api.$REGION" + START, Outcome.SKIP, "placeholder"),  # a shell fills it in
        ("https://api.[region].pure.cloud" + START, Outcome.FAIL, "placeholder_unexpanded"),
        ("https://YOUR_DOMAIN.pure.cloud" + START, Outcome.FAIL, "placeholder_unexpanded"),
        ("https://<host>" + START, Outcome.FAIL, "placeholder_unexpanded"),
        ("https://{{baseUrl}}" + START, Outcome.SKIP, "placeholder"),
        ("https://api.*****.com" + START, Outcome.SKIP, "hidden"),
        ("https://api.xxxx.pure.cloud" + START, Outcome.SKIP, "hidden"),
    ],
)
def test_the_host_is_judged_by_the_client_s_region(url: str, outcome: Outcome, code: str) -> None:
    call = call_of("POST", url)
    result = judge_host(call, read_aim(call, "", bundled()), region("us-east-1"))
    assert (result.outcome, result.code) == (outcome, code)


def test_a_call_without_an_address_is_not_judged_by_one() -> None:
    call = FailingCall("POST", sdk_method="postConversationsCobrowse")
    aim = read_aim(call, ID, bundled())
    assert judge_host(call, aim, region("us-east-1")).code == "no_url"
    assert judge_method(aim).code == "no_operation"
    assert judge_body(call, aim).outcome == Outcome.PASS


@pytest.mark.parametrize(
    ("name", "url", "outcome", "code", "nearest"),
    [
        ("", START, Outcome.SKIP, "no_sdk_call", ""),
        ("post_conversation_cobrowse", START, Outcome.PASS, "known", ""),
        ("PostConversationCobrowse", "", Outcome.PASS, "known", ""),
        ("gc conversations cobrowse create", START, Outcome.PASS, "known", ""),
        ("postConversationChatCobrowseSessions", "", Outcome.FAIL, "sdk_method_unknown", "postConversationCobrowse"),
        ("post_conversations_cobrowse", "", Outcome.FAIL, "sdk_method_unknown", "post_conversation_cobrowse"),
        ("PostConversationsCobrowse", "", Outcome.FAIL, "sdk_method_unknown", "PostConversationCobrowse"),
        (
            "gc conversations cobrowse sessions create",
            "",
            Outcome.FAIL,
            "sdk_method_unknown",
            "gc conversations cobrowse create",
        ),
        ("getNothingAtAllOfThisKind", "", Outcome.FAIL, "sdk_method_unknown", ""),
    ],
)
def test_the_method_of_an_sdk_is_looked_up(name: str, url: str, outcome: Outcome, code: str, nearest: str) -> None:
    result = judge_sdk(FailingCall("POST", url, sdk_method=name), bundled())
    assert (result.outcome, result.code) == (outcome, code)
    assert not nearest or result.evidence["nearest"][0] == nearest


def test_an_operator_s_own_plain_address_is_right_for_its_region() -> None:
    own = Region("lab", "lab", "", "http://127.0.0.1:9001", "http://127.0.0.1:9001")
    call = call_of("POST", "http://127.0.0.1:9001" + START)
    assert judge_host(call, read_aim(call, "", bundled()), own).code == "right"


@pytest.mark.parametrize(
    ("method", "path", "gateway", "outcome", "code"),
    [
        ("POST", START, None, Outcome.PASS, "published"),
        ("POST", f"/api/v2/conversations/chat/{ID}/cobrowse", False, Outcome.FAIL, "not_in_api"),
        ("POST", f"/api/v2/conversations/chat/{ID}/cobrowse", True, Outcome.FAIL, "not_in_api"),
        ("POST", f"/api/v2/conversations/chat/{ID}/cobrowse/sessions", False, Outcome.FAIL, "not_in_api"),
        ("POST", f"/api/v2/conversations/chat/{ID}/cobrowse/sessions", True, Outcome.PASS, "gateway"),
        ("POST", f"/api/v2/conversations/chat/{ID}/cobrowse/sessions", None, Outcome.ERROR, "gateway_unknown"),
        ("POST", f"/api/v2/conversations/webchat/{ID}/cobrowse", False, Outcome.FAIL, "not_in_api"),
        ("POST", f"/api/v2/conversations/{ID}/cobrowse/sessions", False, Outcome.FAIL, "not_in_api"),
        ("POST", "/api/v2/cobrowse/invites", False, Outcome.FAIL, "not_in_api"),
        ("GET", "/api/v2/cobrowse/providers", False, Outcome.FAIL, "not_in_api"),
        ("POST", "/api/v2/oauth/token", False, Outcome.FAIL, "not_in_api"),
        ("POST", f"/api/v2/conversations/chats/{ID}/cobrowse", False, Outcome.FAIL, "legacy_resource"),
        ("POST", f"{START}/", False, Outcome.FAIL, "trailing_slash"),
        ("POST", f"/api/v2{START}", False, Outcome.FAIL, "base_duplicated"),
        ("POST", f"/{API}{START}", False, Outcome.FAIL, "base_duplicated"),
        ("POST", f"/api/v2/{API}{START}", False, Outcome.FAIL, "base_duplicated"),
        ("POST", f"/{API.removeprefix('https://')}{START}", False, Outcome.FAIL, "base_duplicated"),
        ("PATCH", f"/api/v2/conversations/cobrowsesessions/{ID}", False, Outcome.FAIL, "deprecated"),
        ("GET", f"/api/v2/conversations/cobrowsesessions/{ID}", False, Outcome.PASS, "published"),
        ("POST", "/api/v2/conversations/%s/cobrowse", False, Outcome.FAIL, "placeholder_unexpanded"),
        ("POST", "/api/v2/conversations/{}/cobrowse", False, Outcome.FAIL, "placeholder_unexpanded"),
        ("POST", f"/api/v2/conversations/%7B{ID}%7D/cobrowse", False, Outcome.PASS, "published"),
        ("POST", "/api/v2/conversations//cobrowse", False, Outcome.FAIL, "id_missing"),
        ("POST", "/api/v2/conversations/undefined/cobrowse", False, Outcome.FAIL, "id_missing"),
        ("POST", "/api/v2/conversations/%7BconversationId%7D/cobrowse", False, Outcome.FAIL, "placeholder_unexpanded"),
        ("POST", "/api/v2/conversations/:conversationId/cobrowse", False, Outcome.FAIL, "placeholder_unexpanded"),
        ("POST", "/api/v2/conversations/{conversationId}/messages", False, Outcome.FAIL, "not_in_api"),
    ],
)
def test_the_path_is_judged_by_contract_and_gateway(
    method: str, path: str, gateway: bool | None, outcome: Outcome, code: str
) -> None:
    result = judge_path(read_aim(call_of(method, API + path), "", bundled()), gateway, bundled())
    assert (result.outcome, result.code) == (outcome, code)


@pytest.mark.parametrize(
    ("path", "host", "fault"),
    [
        (START, "not_the_api_host", ""),
        (f"/api/v2/conversations/chat/{ID}/cobrowse", "not_the_api_host", "not_in_api"),
        ("/api/v2/oauth/clients", "not_the_api_host", ""),
        ("/oauth/token", "right", ""),
        ("/api/v2/oauth/token", "right", "not_in_api"),
    ],
)
def test_a_path_of_the_api_on_the_login_host_has_the_wrong_host_only(path: str, host: str, fault: str) -> None:
    call = call_of("POST", f"https://login.mypurecloud.com{path}")
    aim = read_aim(call, "", bundled())
    assert (judge_host(call, aim, region("us-east-1")).code, aim.fault) == (host, fault)


def test_an_id_in_brackets_is_malformed_and_no_placeholder() -> None:
    aim = read_aim(call_of("POST", f"{API}/api/v2/conversations/%7B{ID}%7D/cobrowse"), "", bundled())
    output = judge_id(aim.id_text, aim.id_state)
    assert (aim.placeholders, output.code) == ((), "id_malformed")
    assert ID in output.hint


def test_a_bare_path_without_the_prefix_is_shorthand_and_no_fault() -> None:
    aim = read_aim(call_of("POST", f"/conversations/{ID}/cobrowse"), "", bundled())
    assert judge_path(aim, None, bundled()).code == "published"


def test_a_whole_url_without_the_prefix_is_not_in_the_api() -> None:
    aim = read_aim(call_of("POST", f"{API}/conversations/{ID}/cobrowse"), "", bundled())
    assert (judge_path(aim, None, bundled()).code, aim.repaired) == ("not_in_api", START)


def test_a_given_conversation_id_fills_the_placeholder() -> None:
    aim = read_aim(call_of("POST", "/api/v2/conversations/{conversationId}/cobrowse"), ID, bundled())
    assert (aim.path, aim.filled, judge_path(aim, None, bundled()).code) == (START, True, "published")


def test_a_participant_s_placeholder_is_not_filled_with_the_conversation_s_id() -> None:
    path = f"/api/v2/conversations/{ID}/participants/{{participantId}}"
    aim = read_aim(call_of("PATCH", path), ID, bundled())
    assert aim.placeholders == ("{participantId}",)


def test_the_published_start_call_is_offered_for_every_path_of_folklore() -> None:
    for path in ("chat/{id}/cobrowse", "chat/{id}/cobrowse/sessions", "webchat/{id}/cobrowse", "cobrowses"):
        aim = read_aim(call_of("POST", f"/api/v2/conversations/{path.format(id=ID)}"), "", bundled())
        result = judge_path(aim, False, bundled())
        assert result.evidence["nearest"][0] == "POST /api/v2/conversations/{conversationId}/cobrowse"


@pytest.mark.parametrize(
    ("method", "path", "outcome", "code"),
    [
        ("POST", START, Outcome.PASS, "right"),
        ("GET", START, Outcome.FAIL, "wrong_method"),
        ("PUT", START, Outcome.FAIL, "wrong_method"),
        ("PATCH", f"/api/v2/conversations/{ID}", Outcome.FAIL, "wrong_method"),
        ("GET", f"/api/v2/conversations/chat/{ID}/cobrowse/sessions", Outcome.FAIL, "wrong_method"),
        ("GET", "https://login.mypurecloud.com/oauth/token", Outcome.FAIL, "wrong_method"),
        ("POST", "/api/v2/nowhere", Outcome.SKIP, "no_operation"),
    ],
)
def test_the_method_is_compared_with_those_of_the_path(method: str, path: str, outcome: Outcome, code: str) -> None:
    result = judge_method(read_aim(call_of(method, path), "", bundled()))
    assert (result.outcome, result.code) == (outcome, code)


@pytest.mark.parametrize(
    ("values", "outcome", "code"),
    [
        (["Bearer [masked token, 86 characters]"], Outcome.PASS, "right"),
        (["bearer $TOKEN"], Outcome.PASS, "right"),
        (["Bearer <token>"], Outcome.PASS, "right"),
        ([], Outcome.SKIP, "not_shown"),
        (["[masked token, 86 characters]"], Outcome.FAIL, "header_malformed"),
        (["Bearer Bearer [masked token, 86 characters]"], Outcome.FAIL, "header_malformed"),
        (['Bearer "[masked token, 86 characters]"'], Outcome.FAIL, "header_malformed"),
        (["Basic [masked, 40 characters]"], Outcome.FAIL, "header_malformed"),
        (["Bearer"], Outcome.FAIL, "header_malformed"),
        ([""], Outcome.FAIL, "header_malformed"),
        (
            ["Bearer [masked token, 10 characters]", "Bearer [masked token, 12 characters]"],
            Outcome.FAIL,
            "header_malformed",
        ),
    ],
)
def test_the_authorization_header_is_judged_by_its_shape(values: list[str], outcome: Outcome, code: str) -> None:
    call = call_of("POST", API + START, None, *[("authorization", value) for value in values])
    result = judge_authorization(call, read_aim(call, "", bundled()))
    assert (result.outcome, result.code) == (outcome, code)


@pytest.mark.parametrize(
    ("path", "body", "media", "outcome", "code"),
    [
        (START, None, "", Outcome.PASS, "empty"),
        (START, "{}", "application/json", Outcome.PASS, "empty"),
        (START, '{"providerId": "genesys"}', "application/json", Outcome.WARN, "unexpected"),
        (START, "{'providerId': 'genesys',}", "application/json", Outcome.FAIL, "malformed_json"),
        (START, "providerId=genesys", "application/x-www-form-urlencoded", Outcome.FAIL, "content_type"),
        (
            "/api/v2/analytics/conversations/details/query",
            '{"interval": ',
            "application/json",
            Outcome.FAIL,
            "malformed_json",
        ),
        ("/api/v2/analytics/conversations/details/query", "{}", "application/json", Outcome.PASS, "json"),
        ("/api/v2/analytics/conversations/details/query", "[" * 100_000, "", Outcome.FAIL, "malformed_json"),
    ],
)
def test_the_body_is_judged_by_what_the_operation_takes(
    path: str, body: str | None, media: str, outcome: Outcome, code: str
) -> None:
    headers = [("Content-Type", media)] if media else []
    call = call_of("POST", API + path, body, *headers)
    result = judge_body(call, read_aim(call, "", bundled()))
    assert (result.outcome, result.code) == (outcome, code)


def test_broken_json_is_named_with_its_place() -> None:
    call = call_of("POST", API + START, '{\n  "a": 1,\n}')
    evidence = judge_body(call, read_aim(call, "", bundled())).evidence
    assert (evidence["line"], evidence["column"]) == (3, 1)


@pytest.mark.parametrize(
    "text", ["", "%%%", "http://[", "https://api.x:99999/a", "\ud800", "{}{}{}", "/" * 5000, "::::"]
)
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    call = call_of("POST", text, text)
    aim = read_aim(call, text, bundled())
    assert judge_path(aim, False, bundled()).code
    assert judge_host(call, aim, region("us-east-1")).code


FORM = ("Content-Type", "application/x-www-form-urlencoded")
LOGIN = "https://login.mypurecloud.com/oauth/token"


@pytest.mark.parametrize(
    ("call", "outcome", "code"),
    [
        (call_of("POST", LOGIN, "grant_type=client_credentials", FORM), Outcome.PASS, "right"),
        (call_of("POST", LOGIN, "grant_type=client_credentials"), Outcome.PASS, "right"),
        (
            call_of("POST", LOGIN, '{"grant_type": "x"}', ("Content-Type", "application/json")),
            Outcome.FAIL,
            "malformed",
        ),
        (call_of("POST", LOGIN, "scope=conversation:write", FORM), Outcome.FAIL, "malformed"),
        (call_of("POST", LOGIN, None), Outcome.FAIL, "malformed"),
        (call_of("POST", LOGIN, "grant_type=x", ("Authorization", "Bearer <token>")), Outcome.FAIL, "malformed"),
        (call_of("GET", LOGIN), Outcome.SKIP, "no_token_request"),
        (call_of("POST", API + START), Outcome.SKIP, "no_token_request"),
    ],
)
def test_the_token_request_s_form(call: FailingCall, outcome: Outcome, code: str) -> None:
    result = judge_token_request(call, read_aim(call, "", bundled()))
    assert (result.outcome, result.code) == (outcome, code)


def test_a_gateway_that_wants_a_provider_makes_the_body_right() -> None:
    call = call_of("POST", API + START, '{"providerId": "genesys"}', ("Content-Type", "application/json"))
    assert judge_body(call, read_aim(call, "", bundled()), provider_wanted=True).code == "provider"


@pytest.mark.parametrize(
    ("url", "as_sent", "network_error", "code"),
    [
        ("https://api.$REGION" + START, True, "", "placeholder_unexpanded"),
        ("https://api.$REGION" + START, False, "Could not resolve host: api.$REGION", "placeholder_unexpanded"),
        ("https://api.$REGION" + START, False, "Could not resolve host: api.mypurecloud.xx", "placeholder"),
        ("https://{{host}}" + START, True, "", "placeholder_unexpanded"),
        ("https://{{host}}" + START, False, "", "placeholder"),
        ("https://api.%7Bregion%7D" + START, True, "", "placeholder_unexpanded"),
    ],
)
def test_a_variable_in_the_host_counts_where_nothing_filled_it_in(
    url: str, as_sent: bool, network_error: str, code: str
) -> None:
    call = FailingCall("POST", url, as_sent=as_sent)
    aim = read_aim(call, "", bundled())
    assert judge_host(call, aim, region("us-east-1"), network_error=network_error).code == code


AUTHORIZE = "https://login.mypurecloud.com/oauth/authorize"


@pytest.mark.parametrize(
    ("url", "body", "refused", "outcome", "code"),
    [
        (f"{AUTHORIZE}?response_type=code&client_id=x", None, True, Outcome.PASS, "sign_in"),
        (AUTHORIZE, None, True, Outcome.PASS, "sign_in"),
        (f"{AUTHORIZE}?response_type=token&client_id=x", None, True, Outcome.FAIL, "implicit_grant_refused"),
        (f"{AUTHORIZE}?response_type=token&client_id=x", None, False, Outcome.WARN, "implicit_grant"),
        (f"{AUTHORIZE}?response_type=id_token+token", None, False, Outcome.WARN, "implicit_grant"),
        (AUTHORIZE, "response_type=token", False, Outcome.WARN, "implicit_grant"),
        (f"{AUTHORIZE}?response_type=mytoken", None, True, Outcome.PASS, "sign_in"),
    ],
)
def test_a_sign_in_is_judged_by_its_grant(
    url: str, body: str | None, refused: bool, outcome: Outcome, code: str
) -> None:
    result = judge_sign_in(call_of("GET", url, body), refused=refused)
    assert (result.outcome, result.code) == (outcome, code)


def test_the_response_type_of_a_sign_in_is_reported() -> None:
    warned = judge_sign_in(call_of("GET", f"{AUTHORIZE}?response_type=token&response_type=code"), refused=False)
    assert warned.evidence == {"response_type": "token code"}
    assert "code" in judge_sign_in(call_of("GET", f"{AUTHORIZE}?response_type=code"), refused=False).sentence


def test_a_placeholder_with_another_fault_of_the_path_is_reported_too() -> None:
    call = call_of("POST", f"{API}/api/v2/conversation/{{conversationId}}/cobrowse")
    result = judge_placeholders(read_aim(call, "", bundled()))
    assert (result.outcome, result.code, result.subject) == (Outcome.FAIL, "placeholder_unexpanded", "placeholder")
    assert result.evidence == {"placeholders": ["{conversationId}"]}
    assert "{conversationId}" in result.sentence
    assert result.hint


@pytest.mark.parametrize(
    ("body", "content_type", "fault"),
    [
        ('{"grant_type": "x"}', "application/json", "application/json"),
        ("scope=x", "application/x-www-form-urlencoded", "grant_type"),
        (None, "", "no body"),
    ],
)
def test_what_is_wrong_with_a_token_request_is_named(body: str | None, content_type: str, fault: str) -> None:
    headers = (("Content-Type", content_type),) if content_type else ()
    call = call_of("POST", "https://login.mypurecloud.com/oauth/token", body, *headers)
    result = judge_token_request(call, read_aim(call, "", bundled()))
    assert fault in result.evidence["trouble"]
    assert result.evidence["content_type"] == content_type
    assert result.evidence["trouble"] in result.sentence


WRONG_ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7g11"


@pytest.mark.parametrize(
    ("body", "code", "fields"),
    [
        (None, "no_ids", None),
        ("[]", "no_ids", None),
        ('{"a": "x", "b": 5}', "no_ids", None),
        (f'{{"a": "{ID}"}}', "uuids", None),
        (f'{{"a": "{ID}", "b": "{WRONG_ID}", "c": "{WRONG_ID}"}}', "not_uuids", ["b", "c"]),
    ],
)
def test_the_ids_in_the_body_are_judged_by_their_letters(body: str | None, code: str, fields: list[str] | None) -> None:
    result = judge_body_ids(call_of("POST", API + START, body))
    assert (result.code, result.evidence.get("fields")) == (code, fields)
    if fields:
        assert (result.outcome, result.sentence.split(" ")[1]) == (Outcome.WARN, fields[0])
