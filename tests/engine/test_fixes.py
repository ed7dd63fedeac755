"""The mend: steps, permissions in both notations, the call as it should be; never a secret, never a body."""

import ast
import shlex

import pytest
from pytest_django import Settings

from diagnostics.engine.finding import FindingResult
from diagnostics.engine.fixes import Fix, admin_notation, fix_for
from diagnostics.engine.sdk_examples import snippets_for
from diagnostics.engine.verdict import judge
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.operation import camel_case
from diagnostics.genesys.regions import region
from diagnostics.parsing.call import FailingCall
from diagnostics.parsing.intent import read_aim
from tests.engine.test_verdict import but, make_finding

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
_START = bundled().operation("POST", "/api/v2/conversations/{conversationId}/cobrowse")
assert _START is not None
START = _START


def fixed(
    findings: list[FindingResult], url: str = f"/api/v2/conversations/chat/{ID}/cobrowse", conversation_id: str = ID
) -> Fix:
    aim = read_aim(FailingCall("POST", url), conversation_id, bundled())
    return fix_for(judge(findings), findings, aim, conversation_id, region("eu-west-1"), bundled())


def test_the_curl_is_the_published_call_without_a_body() -> None:
    words = shlex.split(fixed(but("x request.path:not_in_api")).curl.replace("\\\n", " "))
    assert words == [
        "curl",
        "-X",
        "POST",
        f"https://api.mypurecloud.ie/api/v2/conversations/{ID}/cobrowse",
        "-H",
        "Authorization: Bearer $TOKEN",
    ]


def test_an_id_that_is_not_known_stays_a_variable() -> None:
    curl = fixed(but("x request.path:not_in_api"), "/api/v2/conversations/chat/{id}/cobrowse", "").curl
    assert "/conversations/$CONVERSATION_ID/cobrowse" in curl


def test_a_gateway_s_curl_names_the_configured_provider() -> None:
    listed = make_finding("provider.configured", "pass", "listed", {"ids": ["genesys", "surfly"]})
    match = make_finding("provider.match", "fail", "other_case", {"nearest": "genesys"})
    found = [each for each in but("x request.path:not_in_api") if not each.check_id.startswith("provider.")]
    result = fixed([*found, listed, match])
    assert f"/conversations/chat/{ID}/cobrowse/sessions" in result.curl
    assert '{"providerId": "genesys"}' in result.curl
    assert result.snippets == {}


def test_both_notations_of_the_permission_are_given() -> None:
    permissions = fixed(but("x permissions.call:permission_missing")).permissions
    assert {"api": "conversation:cobrowse:add", "admin": "Conversation > Cobrowse > Add"} in permissions


def test_the_fix_shows_that_one_of_several_permissions_is_enough() -> None:
    assert fixed(but("x permissions.call:permission_missing")).one_is_enough
    assert not fixed([], "/api/v2/conversations").one_is_enough
    assert admin_notation("conversation:cobrowseVoice:add") == "Conversation > CobrowseVoice > Add"


def test_scopes_and_providers_are_cleared_where_they_are_not_the_reason() -> None:
    steps = " ".join(fixed(but("x request.path:not_in_api", "! provider.match:not_in_contract")).steps)
    assert "Scopes and the providerId aren't the reason" in steps
    assert "is live, so its ID isn't the problem" in steps


@pytest.mark.parametrize(
    ("language", "call"),
    [
        ("python", f'ConversationsApi(client).post_conversation_cobrowse("{ID}")'),
        ("java", f'new ConversationsApi(client).postConversationCobrowse("{ID}")'),
        ("javascript", f"ConversationsApi().postConversationCobrowse('{ID}')"),
        ("dotnet", f'new ConversationsApi().PostConversationCobrowse("{ID}")'),
        ("go", f'NewConversationsApiWithConfig(config).PostConversationCobrowse("{ID}")'),
        ("gc", f"gc conversations cobrowse create {ID}"),
    ],
)
def test_every_language_has_the_sdk_s_own_name(language: str, call: str) -> None:
    assert call in snippets_for(START, ID, region("eu-west-1"))[language]


def test_the_python_snippet_is_python() -> None:
    ast.parse(snippets_for(START, "", region("eu-west-1"))["python"])


def test_every_operation_of_the_contract_has_its_snippets() -> None:
    for operation in bundled().operations[::50]:
        found = snippets_for(operation, ID, region("eu-west-1"))
        ast.parse(found["python"])
        assert operation.python_name in found["python"]


def test_an_operator_s_own_address_is_used_as_it_is(settings: Settings) -> None:
    settings.GENESYS_ENDPOINTS = {"lab": {"api": "http://127.0.0.1:9001", "login": "http://127.0.0.1:9001"}}
    assert 'host = "http://127.0.0.1:9001"' in snippets_for(START, ID, region("lab"))["python"]


def test_arguments_are_in_the_order_of_the_sdk_and_not_of_the_path() -> None:
    turned = [
        each
        for each in bundled().operations
        if (given := [camel_case(name) for name in each.arguments if name != "body"]) != list(each.parameters)
        and sorted(given) == sorted(each.parameters)
    ]
    assert turned
    wanted = ", ".join("body" if name == "body" else f'"{camel_case(name)}"' for name in turned[0].arguments)
    wanted = wanted.replace('"conversationId"', "conversation_id")
    assert f".{turned[0].python_name}({wanted})" in snippets_for(turned[0], "", region("eu-west-1"))["python"]
