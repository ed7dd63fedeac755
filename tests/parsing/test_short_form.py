"""Calls as people write them in a thread."""

import pytest

from diagnostics.parsing.parse import parse_call

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
PATH = f"/api/v2/conversations/{ID}/cobrowse"
URL = f"https://api.mypurecloud.com{PATH}"
BODY = '{"providerId": "genesys"}'
THREAD = f"POST /api/v2/conversations/chat/{{conversationId}}/cobrowse      {BODY}     -> 404"


def test_the_call_of_the_thread_is_read() -> None:
    parsed = parse_call(THREAD)
    assert parsed.form == "short"
    assert parsed.conversation_id == ""
    assert parsed.call is not None
    assert parsed.call.method == "POST"
    assert parsed.call.url == "/api/v2/conversations/chat/{conversationId}/cobrowse"
    assert parsed.call.host == ""
    assert parsed.call.body == BODY
    assert parsed.response is not None
    assert parsed.response.status == 404


@pytest.mark.parametrize(
    ("text", "method", "url", "body", "status"),
    [
        (f"POST {URL}", "POST", URL, None, None),
        (f"post {URL}", "POST", URL, None, None),
        (f"`POST {PATH}`", "POST", PATH, None, None),
        (f"- **POST** `{PATH}` → 404 Not Found", "POST", PATH, None, 404),
        (f"1. GET {PATH} => 405", "GET", PATH, None, 405),
        (f'"{URL}"', "POST", URL, None, None),
        (f"<{URL}>", "POST", URL, None, None),
        (PATH, "POST", PATH, None, None),
        ("/api/v2/conversations/x", "", "/api/v2/conversations/x", None, None),
        (f"```http\nPOST {URL}\n\n{BODY}\n```\n404 Not Found", "POST", URL, BODY, 404),
        (f"POST {URL}\n{BODY}\n\n404", "POST", URL, BODY, 404),
        (f"POST {URL}\nBody: {BODY}\nResponse: 404 Not Found", "POST", URL, BODY, 404),
        (f"POST {URL}\n{{\n  'providerId': 'genesys',\n}}\n-> 400", "POST", URL, "{\n  'providerId': 'genesys',\n}", 400),
        (f"POST {URL} {{“providerId”: “genesys”}} → 400", "POST", URL, "{“providerId”: “genesys”}", 400),
        (f"I send POST {URL} with the body {BODY} and always get a 404.", "POST", URL, BODY, 404),
        (f"We call {URL} and it fails", "POST", URL, None, None),
        ("{{baseUrl}}/api/v2/conversations/{{id}}/cobrowse", "POST", "{{baseUrl}}/api/v2/conversations/{{id}}/cobrowse", None, None),
        ("POST /api/v2/conversations/<conversation id>/cobrowse", "POST", "/api/v2/conversations/<conversation id>/cobrowse", None, None),
        (f"urllib3.request_to('{URL}', retries=3)", "POST", URL, None, None),
        ("POST api.mypurecloud.com/api/v2/x -> 404", "POST", "api.mypurecloud.com/api/v2/x", None, 404),
    ],
)  # fmt: skip
def test_it_reads_what_people_write(text: str, method: str, url: str, body: str | None, status: int | None) -> None:
    parsed = parse_call(text)
    assert parsed.call is not None
    assert (parsed.call.method, parsed.call.url, parsed.call.body) == (method, url, body)
    assert (parsed.response.status if parsed.response else None) == status


def test_header_lines_and_a_host_are_read() -> None:
    call = parse_call(f"POST {PATH}\nHost: api.mypurecloud.ie\nAuthorization: Bearer Bearer abc123\n\n{BODY}").call
    assert call is not None
    assert call.url == f"https://api.mypurecloud.ie{PATH}"
    assert call.header("Authorization") == "Bearer Bearer [masked token, 6 characters]"
    assert call.body == BODY


def test_an_error_body_is_the_answer_and_not_the_body() -> None:
    error = '{"message": "m", "code": "not.found", "status": 404, "contextId": "c"}'
    parsed = parse_call(f"POST {PATH}\n{BODY}\n{error}")
    assert parsed.call is not None
    assert parsed.call.body == BODY
    assert parsed.response is not None
    assert (parsed.response.status, parsed.response.body) == (404, error)


def test_lines_of_prose_are_counted_as_left_out() -> None:
    parsed = parse_call(f"Hello all,\nwe have trouble.\n\nPOST {PATH}\n\nThanks a lot")
    assert any(note.kind == "dropped" and "3" in note.what for note in parsed.notes)
