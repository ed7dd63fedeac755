"""Raw HTTP, request and response."""

import pytest

from diagnostics.parsing.call import Parsed
from diagnostics.parsing.parse import parse_call, parse_response

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
PATH = f"/api/v2/conversations/{ID}/cobrowse"
REQUEST = (
    f"POST {PATH} HTTP/1.1\nHost: api.mypurecloud.com\nAuthorization: Bearer k9Xq2LmZ8vRt4WpY7nBc\n"
    'Content-Type: application/json\n\n{"providerId": "genesys"}\n'
)
RESPONSE = 'HTTP/1.1 404 Not Found\nContent-Type: application/json\n\n{"code": "not.found", "status": 404}\n'


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_request_and_its_response_are_read(newline: str) -> None:
    parsed = parse_call(f"{REQUEST}\n{RESPONSE}".replace("\n", newline))
    assert parsed.form == "raw_http"
    assert parsed.conversation_id == ID
    assert parsed.call is not None
    assert (parsed.call.method, parsed.call.url) == ("POST", f"https://api.mypurecloud.com{PATH}")
    assert parsed.call.header("Authorization") == "Bearer [masked token, 20 characters]"
    assert parsed.call.body == '{"providerId": "genesys"}'
    assert parsed.response is not None
    assert (parsed.response.status, parsed.response.body) == (404, '{"code": "not.found", "status": 404}')


@pytest.mark.parametrize(
    ("request_line", "url"),
    [
        (f"POST https://api.mypurecloud.ie{PATH} HTTP/1.1", f"https://api.mypurecloud.ie{PATH}"),
        (f"POST {PATH} HTTP/2", PATH),
        (f"  post   {PATH}   HTTP/1.0", PATH),
    ],
)
def test_the_url_is_what_the_request_line_shows(request_line: str, url: str) -> None:
    call = parse_call(request_line).call
    assert call is not None
    assert (call.method, call.url) == ("POST", url)


def test_repeated_and_folded_headers_keep_their_order_and_their_line_ends() -> None:
    call = parse_call(f"GET {PATH} HTTP/1.1\nA: 1\nB: 2\n  more\nA: 3\n\n").call
    assert call is not None
    assert call.headers == (("A", "1"), ("B", "2\n more"), ("A", "3"))
    assert call.body is None


@pytest.mark.parametrize("read", [parse_call, parse_response])
def test_a_response_alone_is_only_an_answer(read: object) -> None:
    assert callable(read)
    parsed: Parsed = read(RESPONSE)
    assert parsed.call is None
    assert parsed.response is not None
    assert parsed.response.status == 404
    assert parsed.response.header("content-type") == "application/json"


def test_a_good_answer_keeps_no_customer_and_no_join_code() -> None:
    answer = parse_response(
        f'HTTP/1.1 200 OK\n\n{{"id": "{ID}", "name": "Ann Lee", "joinCode": "1234567", '
        '"websocketUrl": "wss://h.example/x", "communicationType": "Message"}'
    ).response
    assert answer is not None
    assert answer.body is not None
    assert ID in answer.body
    assert "Message" in answer.body
    for hidden in ("Ann", "1234567", "wss:"):
        assert hidden not in answer.body
