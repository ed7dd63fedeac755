"""What a text leaves open accuses no call: templates of tools, hidden parts, definitions. What it shows is still judged."""

from contextlib import suppress

import pytest

from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.inputs import read_paste
from tests.parsing.test_read_kinds import HOST, ID, PATH, READ, URL, facts_of


@pytest.mark.parametrize(
    "expression",
    [
        "@{variables('convId')}",
        "@{triggerBody()?['conversationId']}",
        "{{ $json.conversationId }}",
        "{{2.conversationId}}",
        "{{198273__id}}",
        "#[vars.convId]",
        "#[payload['conversationId']]",
        "{!convId}",
        "{% response 'body', 'req_1', '$.id' %}",
    ],
)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f'{{"method": "POST", "uri": "https://{HOST}/api/v2/conversations/', '/cobrowse"}'),
        (f'"url": "=https://{HOST}/api/v2/conversations/', '/cobrowse", "method": "post"'),
        (f"Method: POST\nURL: https://{HOST}/api/v2/conversations/", "/cobrowse\nStatus: 404"),
        ('<http:request method="POST" path="/api/v2/conversations/', '/cobrowse"/>'),
    ],
)
def test_expression_that_a_tool_fills_in_is_no_placeholder(before: str, expression: str, after: str) -> None:
    assert facts_of(f"{before}{expression}{after}")["cause"] in ("none", "undetermined")
    assert (
        facts_of(f"{before.replace('conversations/', 'conversations/chat/')}{expression}{after}")["cause"]
        == "path.not_in_api"
    )


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("POST /api/v2/conversations/{{2.conversationId}}/cobrowse HTTP/1.1\nHost: api.mypurecloud.de\n\nHTTP/1.1 404 Not Found",
         "path.placeholder_unexpanded"),
        ("POST /api/v2/conversations/%7B%7B%20$json.id%20%7D%7D/cobrowse HTTP/1.1\nHost: api.mypurecloud.de\n\nHTTP/1.1 404",
         "path.placeholder_unexpanded"),
        ("$cid = '3f9c2d71-08be-4c55-9a1e-6b7d20f4e8a3'\nirm -Method Post -Uri 'https://api.mypurecloud.de/api/v2/conversations/$cid/cobrowse'",
         "path.placeholder_unexpanded"),
        ("$cid = '3f9c2d71-08be-4c55-9a1e-6b7d20f4e8a3'\nirm -Method Post -Uri \"https://api.mypurecloud.de/api/v2/conversations/$cid/cobrowse\"",
         "none"),
        ('<http:request method="POST" path="#[\'/api/v2/conversations/\' ++ vars.convId ++ \'/cobrowse\']"/>', "none"),
    ],
)  # fmt: skip
def test_variable_that_was_sent_as_text_is_a_placeholder(text: str, cause: str) -> None:
    assert facts_of(text)["cause"] == cause


@pytest.mark.parametrize(
    "text",
    [
        f"Method: POST\nURL: {URL}\nHeaders:\n Authorization: Bearer @{{variables('token')}}\n",
        f'{{"method": "POST", "url": "{URL}", "headers": {{"Authorization": "Bearer {{{{ $json.token }}}}"}}}}',
        f"curl -X POST {URL} -H 'Authorization: Bearer {{{{2.token}}}}'\n404",
    ],
)
def test_expression_outside_of_the_address_is_named(text: str) -> None:
    call = read_paste(text).inputs.call
    assert call is not None
    assert call.header("Authorization") == "Bearer {token}"
    assert facts_of(text)["cause"] in ("none", "undetermined")


@pytest.mark.parametrize(
    "parameter",
    [
        'request.AddUrlSegment("conversationId", "{id}");',
        'Unirest.post(url).routeParam("conversationId", "{id}")',
        'target.resolveTemplate("conversationId", "{id}")',
        'given().pathParam("conversationId", "{id}")',
    ],
)
def test_parameter_of_the_path_is_filled_in(parameter: str) -> None:
    text = f'new RestRequest("/api/v2/conversations/{{conversationId}}/cobrowse/sessions", Method.Post);\n{parameter}'
    assert facts_of(text.replace("{id}", ID))["path"] == f"{PATH}/sessions"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (f"POST https://api.********.com{PATH} -> 404", "undetermined"),
        (f"POST https://api.xxxxx.com{PATH} -> 404", "undetermined"),
        (f"POST https://api.mypurecloud.xx{PATH} -> 404", "undetermined"),
        (f"POST https://api.[redacted].com{PATH} -> 404", "undetermined"),
        (f"POST https://<hidden>{PATH} -> 404", "undetermined"),
        (f"POST https://api.mypurecloud.dx{PATH} -> 404", "host.unknown_host"),
        (f"POST https://api.[region].pure.cloud{PATH} -> 404", "undetermined"),
        (f"POST https://api.<our-region>{PATH} returns 403", "undetermined"),
        (f"POST https://api.[region].pure.cloud{PATH}\nCould not resolve host", "path.placeholder_unexpanded"),
        (f"POST https://api.[region].pure.cloud{PATH}\n502 Bad Gateway", "path.placeholder_unexpanded"),
        (f'"POST /proxy/genesys{PATH} HTTP/1.1" 404 12', "undetermined"),
        (f'{{"message":"no Route matched with those values"}}\nHTTP/1.1 404 Not Found\nRequest: POST /gc{PATH}', "undetermined"),
        (f'"POST /gc/api/v2/conversations/chat/{ID}/cobrowse HTTP/1.1" 404 12', "path.not_in_api"),
        (f"POST https://{HOST}/gc{PATH} -> 404", "path.not_in_api"),
        (f"POST /api/v2{PATH} -> 404", "path.base_duplicated"),
    ],
)  # fmt: skip
def test_host_that_is_hidden_or_behind_a_proxy_is_not_accused(text: str, cause: str) -> None:
    assert facts_of(text)["cause"] == cause


PERMISSIONS = (
    "Unable to perform the requested action. You must have at least one of the following permissions assigned: "
    "[conversation:cobrowse:add, conversation:cobrowseVoice:add]"
)
USER = "This request requires a user context. Client credentials cannot be used for requests to this resource."


def of_data_action(message: str, status: int) -> str:
    return (
        f"{{\"message\":\"REST call for action 'Policy participant check' failed. Message:'Request to backend service failed. "
        f'{message}\', status:{status}","code":"bad.request","status":400,"details":[{{"errorCode":"RESPONSE.STATUS",'
        f'"fieldName":"{status}"}}]}}\nrequestUrlTemplate: {PATH}\nrequestType: POST'
    )


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (f"API Error: 403 - {PERMISSIONS} (3f9c2d71-08be-4c55-9a1e-6b7d20f4e8a4)\nPOST {URL}", "authz.permission_missing"),
        (f"POST {URL}\nerreur 403 : « {PERMISSIONS} »", "authz.permission_missing"),
        (f"POST {URL}\n400 not.a.user: {USER}", "authz.user_context_required"),
        (f"POST {URL}\n400: {USER}", "authz.user_context_required"),
        (of_data_action(f"The request could not be authorized. {PERMISSIONS}", 403), "authz.permission_missing"),
        (of_data_action(USER, 400), "authz.user_context_required"),
        (of_data_action("The request could not be authorized.", 403), "undetermined"),
        (f"POST {URL} -> 404\nWe know the message about permissions, it isn't that one.", "undetermined"),
        (f"POST {URL} -> 404\nIt isn't the known \"{PERMISSIONS}\".", "undetermined"),
    ],
)  # fmt: skip
def test_known_message_explains_a_response_without_a_code(text: str, cause: str) -> None:
    assert facts_of(text)["cause"] == cause


@pytest.mark.parametrize(
    "text",
    [
        '@app.post("/api/v2/conversations/<conversation_id>/cobrowse")\ndef start(conversation_id): ...',
        "app.post('/api/v2/conversations/:conversationId/cobrowse', (req, res) => mock(req, res));",
        '@PostMapping("/api/v2/conversations/{conversationId}/cobrowse")\npublic Session start(@PathVariable String id) { }',
        "cy.intercept('POST', '**/api/v2/conversations/*/cobrowse').as('start')",
        f"location /start {{\n  proxy_pass https://{HOST}/api/v2/conversations/$cid/cobrowse;\n  proxy_method POST;\n}}",
        f'uri: !Sub "https://{HOST}/api/v2/conversations/${{ConversationId}}/cobrowse"\nhttpMethod: POST',
        f"uri: https://{HOST}/api/v2/conversations/<%= @id %>/cobrowse\nmethod: POST",
        '<rewrite-uri template="/api/v2/conversations/{context.Parameters["id"]}/cobrowse" />\n<set-method>POST</set-method>',
        f'<stringProp name="HTTPSampler.path">{PATH}</stringProp>\n<stringProp name="HTTPSampler.method">POST</stringProp>',
        f"ky.post('conversations/{ID}/cobrowse', {{ prefixUrl: 'https://{HOST}/api/v2' }}) // 404",
        f"POST https://{HOST}/…/cobrowse -> 404",
        f"POST https://{HOST}/.../{ID}/cobrowse -> 404",
        f"POST https://{HOST}/api/v2/conversations/{ID}/cobr… 404",
        f"Don't use POST /api/v2/conversations/chat/{ID}/cobrowse, use POST {URL} (200 OK).",
        f"We POST {URL} and get 404. Instead of POST /api/v2/cobrowse/invites, which somebody advised.",
        f"OPTIONS {URL} 403 (CORS preflight)",
        f'POST {URL} 404\npackage.json: {{ "dependencies": {{ "axios": "^1.7.0" }} }}',
        f"10:00:00 POST {URL} 404\n10:00:00 payload dump: {{'agent': 'x', 'ts': 1}}",
        f"Our endpoint POST /cobrowse/start returns 500; inside it calls POST {URL} which returns 200",
    ],
)
def test_definition_or_part_of_a_call_is_not_accused(text: str) -> None:
    with suppress(Unreadable):
        assert facts_of(text)["cause"] in ("undetermined", "none")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (f"It does not work when we POST /api/v2/conversations/chat/{ID}/cobrowse (404). GET {READ} works.", "path.not_in_api"),
        (f"POST https://{HOST}/api/v2/conversations/chat/…/cobrowse -> 404", "path.not_in_api"),
        (f"POST https://{HOST}/api/v2/conversations/…/cobrowse/sessions -> 404", "path.not_in_api"),
        (f"POST {URL}/ (404)", "path.trailing_slash"),
        (f'POST {URL} 404\nand it said: {{"detail": "Not Found"}}', "response.not_genesys"),
        ("POST /cobrowse/start -> 404", "path.not_in_api"),
        (f'curl -X POST "https://{HOST}/api/v2/conversations/${{CONV_ID}}/cobrowse" -v\n'
         "> POST /api/v2/conversations//cobrowse HTTP/2\n< HTTP/2 404", "path.id_missing"),
        (f'curl -X POST "https://{HOST}/api/v2/conversations/${{CONV_ID}}/cobrowse" -v\n'
         f"> POST {PATH} HTTP/2\n< HTTP/2 404", "undetermined"),
    ],
)  # fmt: skip
def test_call_that_is_shown_whole_is_still_judged(text: str, cause: str) -> None:
    assert facts_of(text)["cause"] == cause
