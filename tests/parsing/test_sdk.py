"""Methods of the official SDKs, and the gc command line."""

import pytest

from diagnostics.genesys.contract import bundled
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.inputs import Inputs
from diagnostics.parsing.intent import nearest_methods, read_aim
from diagnostics.parsing.parse import conversation_id_in, masked_text, parse_call

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
PATH = f"/api/v2/conversations/{ID}/cobrowse"
BARE = "/api/v2/conversations/{conversationId}/cobrowse"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f'api_instance.post_conversation_cobrowse("{ID}")', "post_conversation_cobrowse"),
        (f"api.post_conversation_cobrowse_with_http_info(conversation_id='{ID}')", "post_conversation_cobrowse"),
        (
            f"conversation_id = '{ID}' # str\nr = api.post_conversation_cobrowse(conversation_id)",
            "post_conversation_cobrowse",
        ),
        (f'String id = "{ID}";\nvar result = apiInstance.postConversationCobrowse(id);', "postConversationCobrowse"),
        (f'PostConversationCobrowseRequest.builder("{ID}").build()', "PostConversationCobrowse"),
        (f'new ConversationsApi(client).postConversationCobrowse("{ID}");', "postConversationCobrowse"),
        (f'let id = "{ID}";\nawait apiInstance.postConversationCobrowse(id).then(show)', "postConversationCobrowse"),
        (f'var r = apiInstance.PostConversationCobrowse("{ID}");', "PostConversationCobrowse"),
        (f'await api.PostConversationCobrowseAsync("{ID}");', "PostConversationCobrowse"),
        (f'session, resp, err := conversationsAPI.PostConversationCobrowse("{ID}")', "PostConversationCobrowse"),
        (f"gc conversations cobrowse create {ID}", "gc conversations cobrowse create"),
    ],
)
def test_a_real_method_gives_the_path_that_it_calls(text: str, name: str) -> None:
    parsed = parse_call(text)
    assert parsed.call is not None
    assert (parsed.call.method, parsed.call.url, parsed.call.sdk_method) == ("POST", PATH, name)
    assert parsed.conversation_id == ID
    assert any(note.kind == "guessed" for note in parsed.notes)


@pytest.mark.parametrize("program", ["gc", "./gc", ".\\gc.exe", "/usr/local/bin/gc"])
def test_gc_command_names_the_region_of_its_call(program: str) -> None:
    parsed = parse_call(f"$ {program} conversations cobrowse create {ID} --clientid x --environment mypurecloud.ie")
    assert parsed.call is not None
    assert parsed.call.url == f"https://api.mypurecloud.ie{PATH}"


@pytest.mark.parametrize(
    "text",
    [
        "api_instance.post_conversation_cobrowse(conversation_id)",
        "apiInstance.postConversationCobrowse(this.conversationId)",
        "conversationsAPI.PostConversationCobrowse(conversationId)",
        "apiInstance.PostConversationCobrowse()",
    ],
)
def test_an_argument_that_is_a_variable_is_no_forgotten_placeholder(text: str) -> None:
    call = parse_call(text).call
    assert call is not None
    assert conversation_id_in(call.url) == ""
    aim = read_aim(call, "", bundled())
    assert (aim.fault, aim.placeholders, aim.id_state) == ("", (), "absent")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            f'api.postConversationChatCobrowseSessions("{ID}", {{providerId: "genesys"}})',
            "postConversationChatCobrowseSessions",
        ),
        (f"api.post_conversations_cobrowse('{ID}')", "post_conversations_cobrowse"),
        ("conversations_api.post_conversations_cobrowse_sessions(body)", "post_conversations_cobrowse_sessions"),
        (
            "Use post_conversations_cobrowse_sessions of the SDK, it worked for me.",
            "post_conversations_cobrowse_sessions",
        ),
        (f"gc conversations cobrowse sessions create {ID}", "gc conversations cobrowse sessions create"),
    ],
)
def test_a_method_that_no_sdk_has_keeps_its_name_and_has_no_url(text: str, name: str) -> None:
    parsed = parse_call(text)
    assert parsed.call is not None
    assert (parsed.call.url, parsed.call.sdk_method) == ("", name)
    aim = read_aim(parsed.call, "", bundled())
    assert (aim.world, aim.fault, aim.starts_session) == ("none", "", True)
    assert [each.operation_id for each in aim.nearest][:1] == ["postConversationCobrowse"]


def test_the_id_among_the_arguments_of_an_unknown_method_is_examined() -> None:
    inputs, _ = Inputs.from_paste(f'api.postConversationChatCobrowseSessions("{ID}")')
    assert inputs.conversation_id == ID
    assert Inputs.from_json(inputs.to_json()) == inputs


def test_an_older_row_has_no_method() -> None:
    inputs, _ = Inputs.from_paste(f"POST {PATH}")
    row = inputs.to_json()
    del row["call"]["sdk_method"], row["call"]["variables"]
    assert Inputs.from_json(row) == inputs


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("postConversationChatCobrowseSessions", "postConversationCobrowse"),
        ("post_conversations_cobrowse", "postConversationCobrowse"),
        ("PostConversationsCobrowseSessions", "postConversationCobrowse"),
        ("get_cobrowse_providers", "getWebdeploymentsDeployments"),
        ("gc conversations cobrowse start create", "postConversationCobrowse"),
    ],
)
def test_the_nearest_real_method_is_found(name: str, nearest: str) -> None:
    assert nearest_methods(name, bundled())[0].operation_id == nearest


def test_the_exception_of_the_python_sdk_is_the_answer() -> None:
    parsed = parse_call(
        f"""import PureCloudPlatformClientV2
api_instance = PureCloudPlatformClientV2.ConversationsApi(apiclient)
try:
    api_response = api_instance.post_conversation_cobrowse("{ID}")
except ApiException as e:
    print("Exception when calling ConversationsApi->post_conversation_cobrowse: %s" % e)

PureCloudPlatformClientV2.rest.ApiException: (404)
Reason: Not Found
HTTP response headers: HTTPHeaderDict({{'Content-Type': 'application/json', 'ININ-Correlation-Id': 'abcd1234-1'}})
HTTP response body: {{"message":"m","code":"not.found","status":404}}
"""
    )
    assert parsed.call is not None
    assert parsed.call.url == PATH
    assert parsed.response is not None
    assert (parsed.response.status, parsed.response.header("inin-correlation-id")) == (404, "abcd1234-1")
    assert parsed.response.body == '{"message":"m","code":"not.found","status":404}'


def test_the_exception_of_the_net_sdk_names_the_method_once() -> None:
    parsed = parse_call(
        'PureCloudPlatform.Client.V2.Client.ApiException: Error calling PostConversationCobrowse: {"code":"not.found",'
        '"message":"m","status":404}\n   at PureCloudPlatform.Client.V2.Api.ConversationsApi.PostConversationCobrowseWithHttpInfo(String)'
    )
    assert parsed.call is not None
    assert (parsed.call.url, parsed.choices) == (BARE, ())
    assert parsed.response is not None
    assert parsed.response.status == 404


@pytest.mark.parametrize(
    "text",
    [
        "client.get_client_credentials_token('a', 'b')",
        "x = response.get_json()",
        "document.getElementById('x')",
        "gc --version",
        "git gc --prune=now",
    ],
)
def test_other_names_are_no_methods_of_an_sdk(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_call(text)


def test_the_secrets_of_a_gc_command_are_masked() -> None:
    text = f"gc conversations cobrowse create {ID} --clientid me --clientsecret hunter2hunter2 --accesstoken=k9Xq2LmZ8v"
    for secret in ("hunter2hunter2", "k9Xq2LmZ8v"):
        assert secret not in repr(parse_call(text)) + masked_text(text)
