"""Any text in, a reading or a clear refusal out; never a secret."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.parsing.call import Parsed, Unreadable
from diagnostics.parsing.parse import MAX_PASTE, conversation_id_in, masked_text, parse_call, parse_response

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
PATH = f"/api/v2/conversations/{ID}/cobrowse"
URL = f"https://api.mypurecloud.com{PATH}"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (URL, ID),
        (PATH, ID),
        (f"/api/v2/conversations/chat/{ID}/cobrowse/sessions", ID),
        (f"/api/v2/analytics/conversations/{ID}/details", ID),
        (f"/api/v2/conversations/messages/{ID}", ID),
        (f"/api/v2/conversations/{ID.upper()}/cobrowse", ID.upper()),
        (f"/api/v2/conversations/%20{ID}%20/cobrowse", ID),
        ("/api/v2/conversations/{conversationId}/cobrowse", ""),
        ("/api/v2/conversations/%7BconversationId%7D/cobrowse", ""),
        (f"/api/v2/conversations/{ID[:-1]}/cobrowse", ""),
        (f"/api/v2/users/{ID}", ""),
        (f"/api/v2/conversations/messages/x/{ID}", ""),
        (f"/api/v2/x?conversations/{ID}", ""),
        ("/api/v2/conversations", ""),
        ("", ""),
    ],
)
def test_the_conversation_id_is_the_uuid_in_its_place(url: str, found: str) -> None:
    assert conversation_id_in(url) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\t ",
        "```\n```",
        "hello world",
        "My cobrowse / chat does not start",
        "curl is a nice tool",
        "<!doctype html><html><body>Sign in</body></html>",
        "\x00\x01\x02\x03" * 100,
        "\ufffd" * 100,
        "%PDF-1.7\n" + "\x80\x81\x82" * 50,
        "a" * (MAX_PASTE + 1),
        "https://" + "a" * (10 * MAX_PASTE),
    ],
)
@pytest.mark.parametrize("read", [parse_call, parse_response])
def test_what_is_no_call_and_no_answer_is_refused(read: object, text: str) -> None:
    assert callable(read)
    with pytest.raises(Unreadable) as refused:
        read(text)
    assert len(str(refused.value)) > 40


def test_control_characters_are_removed_and_reported() -> None:
    parsed = parse_call(f"\ufeffPOST\x00 {URL}\x1b")
    assert parsed.call is not None
    assert parsed.call.url == URL
    assert any(note.kind == "dropped" for note in parsed.notes)


def test_half_characters_do_not_reach_the_value() -> None:
    parsed = parse_call(f'POST {URL} {{"a": "\ud83d"}}')
    assert parsed.call is not None
    assert parsed.call.body is not None
    parsed.call.body.encode()
    assert any(note.kind == "dropped" for note in parsed.notes)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://someone:k9Xq2LmZ@api.mypurecloud.com", "api.mypurecloud.com"),
        ("https://api.mypurecloud.com@evil.example", "evil.example"),
        ("https://api.mypurecloud.com%2eevil.example", "api.mypurecloud.com%2eevil.example"),
        ("https://api%2Emypurecloud.com", "api%2emypurecloud.com"),
        ("https://\u0430pi.mypurecloud.com", "\u0430pi.mypurecloud.com"),
        ("https://xn--pi-7kc.mypurecloud.com", "xn--pi-7kc.mypurecloud.com"),
        ("https://api\u3002mypurecloud.com", "api\u3002mypurecloud.com"),
        ("https://b\u00fccher.example:8443", "b\u00fccher.example:8443"),
        ("https://API.MyPureCloud.com.:443", "api.mypurecloud.com"),
        ("https://[::1]:8443", "::1:8443"),
        ("https://127.0.0.1:99999", ""),
    ],
)
@pytest.mark.parametrize("form", ["curl -X POST '{}'", "POST {}", "fetch('{}', {{method: 'POST'}})", '{{"url": "{}"}}'])
def test_every_kind_of_host_is_read_and_no_credentials_are_preserved(form: str, url: str, host: str) -> None:
    text = form.format(f"{url}{PATH}")
    parsed = parse_call(text)
    assert parsed.call is not None
    assert parsed.call.host == host
    assert "k9Xq2LmZ" not in repr(parsed) + masked_text(text)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"network_error": "Could not resolve host: api.foo"}', "Could not resolve host: api.foo"),
        ("curl: (28) Operation timed out", "Operation timed out"),
        ("  % Total\ncurl: (60) SSL certificate problem\nMore details here", "SSL certificate problem"),
    ],
)
def test_a_network_error_is_an_answer(text: str, error: str) -> None:
    answer = parse_response(text).response
    assert answer is not None
    assert (answer.status, answer.network_error) == (None, error)


PAGE = f"<!doctype html><html><script>fetch('{PATH}', {{method: 'POST'}}); api.postConversationCobrowse('x')</script></html>"


def test_the_scripts_of_an_error_page_are_no_call() -> None:
    parsed = parse_call(f"HTTP/1.1 502 Bad Gateway\nContent-Type: text/html\n\n{PAGE}")
    assert parsed.call is None
    assert parsed.response is not None
    assert parsed.response.status == 502
    with pytest.raises(Unreadable):
        parse_call(PAGE)


def test_the_answer_is_read_from_a_whole_exchange() -> None:
    answer = parse_response(f"curl -i {URL}\nHTTP/2 404\ncontent-type: text/plain\n\nno").response
    assert answer is not None
    assert (answer.status, answer.body) == (404, "no")


# Some units alone fill a paste of a megabyte; test_slow_texts.py counts that the work grows with the size.
NASTY = [
    "'", '"', "\\", "\\\n", "\\'", '\\"', "$'", "`", "{", "[", "}", "{\n\n", '["\n\n', '{"a":', "-H ", "-H 'a: b' ",
    "\n", " ", "\r\n", "a", "aB3", "a-", "a@b.", "://a@", "eyJabcdefgh.", "Bearer ", "Authorization: ", 'token:"',
    '"token":[', "cookie: ", "-u ", "POST /", "POST /{a}", "HTTP/1.1 404\n", "POST / HTTP/1.1\n", "curl -H ",
    "curl 'a", "-> 404", "404\n", "A: b\n", "<", "<a>", "{{", "${", "%a", "+1 ", "555-", "“", "\xa0", "&code=",
    "response: ", "wss://", "[masked]", "get a", "fetch(", "fetch(`${a}`,{a:[", "requests.post('/a',{", "a=(\n", "a='b'+\n",
    "api.post_x(", "post_cobrowse ", "gc a create ", "irm -Uri 'a' @{a=\n", "$a = @{\n", "wget -O ", "/*", "\"\"\"", "f'{a}'+",
    "method=POST url=/a ", "\"GET /a HTTP/1.1\" 404 ", "status=404 ", "Body: {", "new a(", "=>", "a.b.c.d(", "curl \"{\"\"a",
]  # fmt: skip


@pytest.mark.parametrize("start", ["", f"curl {URL} -d '", f"POST {URL}\n"])
@pytest.mark.parametrize("unit", NASTY)
def test_a_large_text_of_anything_is_read_or_refused(start: str, unit: str) -> None:
    size = MAX_PASTE if not start and unit in NASTY[::20] else 3_000
    text = (start + unit * (size // len(unit)))[:size]
    for read in (parse_call, parse_response):
        try:
            assert isinstance(read(text), Parsed)
        except Unreadable as refused:
            assert str(refused)


PIECES = st.sampled_from(
    [
        *NASTY, "curl ", f"curl -X POST {URL} ", f"POST {URL}", "HTTP/1.1 200 OK\n", "Host: h\n", '{"url": "/x"}',
        '{"status": 404}', "-d ", "-F a=", "--json ", "--", "-", "@", "=", "404 Not Found", "\n\n", "```", "> ", "< ",
        "fetch('/api/v2/x', {", "headers: {", "method: 'POST'", "})", "requests.post(", "json=", "f'", "JSON.stringify(", "`${",
        "api.post_conversation_cobrowse(", "gc conversations cobrowse create ", "Invoke-RestMethod -Uri ", "@{", "'a' = ", "wget ",
        '{"log": {"entries": [', '{"request": {"url": "/x"}}', '{"info": {}, "item": [', '{"name": "a", "request": "https://h/"}',
        "ApiException: (404)", "correlation_id=abc12345", "HTTPHeaderDict({'a': 'b'})", "$a = ", "a = ", "\ue000", "\ue001",
        "\x00", "\ud800", "{{id}}", '"headers": [', "Body:", "Response:", "curl: (6) x",
    ]
)  # fmt: skip


@settings(max_examples=400)
@given(st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=25).map("".join)))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    for read in (parse_call, parse_response):
        try:
            parsed = read(text)
        except Unreadable:
            continue
        assert parsed.call is not None or parsed.response is not None
        assert "\x00" not in repr(parsed)
        repr(parsed).encode()
    masked_text(text)
