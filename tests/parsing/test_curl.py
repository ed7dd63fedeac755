"""What curl would have sent."""

import pytest

from diagnostics.parsing.call import FailingCall, Parsed, ReceivedResponse, Unreadable
from diagnostics.parsing.parse import parse_call

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
API = "https://api.mypurecloud.com"
START = f"{API}/api/v2/conversations/{ID}/cobrowse"
TOKEN = "k9Xq2LmZ8vRt4WpY7nBcD3fG6hJ1"
MASK = "Bearer [masked token, 28 characters]"


def read(text: str) -> FailingCall:
    call = parse_call(text).call
    assert call is not None
    return call


def answer_in(text: str) -> ReceivedResponse:
    answer = parse_call(text).response
    assert answer is not None
    return answer


def expected(parsed: Parsed, kind: str) -> str:
    return " | ".join(note.what for note in parsed.notes if note.kind == kind)


def test_a_long_command_is_read_whole() -> None:
    parsed = parse_call(
        f"$ curl -sS -L -X POST '{START}' \\\n"
        f"  -H 'Authorization: Bearer {TOKEN}' \\\n"
        + "".join(f"  -H 'X-Part-{number}: {number}' \\\n" for number in range(10))
        + "  -H 'Content-Type: application/json' \\\n"
        '  --data-raw $\'{\\n  "providerId": "gen\\u0065sys"\\n}\' | jq .'
    )
    assert parsed.form == "curl"
    assert parsed.conversation_id == ID
    assert parsed.call is not None
    assert (parsed.call.method, parsed.call.url) == ("POST", START)
    assert parsed.call.header("authorization") == MASK
    assert parsed.call.header("X-Part-9") == "9"
    assert parsed.call.body == '{\n  "providerId": "genesys"\n}'
    assert "Authorization" in expected(parsed, "masked")


@pytest.mark.parametrize(
    ("options", "method"),
    [
        ("", "GET"),
        ("-X POST", "POST"),
        ("-XPOST", "POST"),
        ("-sSLX POST", "POST"),
        ("-X=POST", "POST"),
        ("--request=POST", "POST"),
        ("--request post", "POST"),
        ("-I", "HEAD"),
        ("--head", "HEAD"),
        ("-d a", "POST"),
        ("-d ''", "POST"),
        ("--json '{}'", "POST"),
        ("-F a=b", "POST"),
        ("-G -d a", "GET"),
        ("-T file", "PUT"),
        ("-X PATCH -d a", "PATCH"),
        ("-X 'a b'", "GET"),
    ],
)
def test_the_method_is_curls_own(options: str, method: str) -> None:
    assert read(f"curl {options} {START}").method == method


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ("", None),
        ("-d a=b -d c=d", "a=b&c=d"),
        ("-da=b", "a=b"),
        ("--data=a", "a"),
        ("--data-binary 'x\ny'", "x\ny"),
        ("--data-ascii x", "x"),
        ("--data-raw @x", "@x"),
        ("-d @x", None),
        ("--data-urlencode 'a=b c&d'", "a=b+c%26d"),
        ("--data-urlencode 'b c'", "b+c"),
        ("--json '{\"a\":' --json '1}'", '{"a":1}'),
        ("-G -d a=b", None),
        ("-d '{“providerId”: “genesys”}'", "{“providerId”: “genesys”}"),
    ],
)
def test_the_body_is_curls_own(options: str, body: str | None) -> None:
    assert read(f"curl {options} {START}").body == body


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        ("-H 'A: b' -H 'A: c'", (("A", "b"), ("A", "c"))),
        ("-HA:b", (("A", "b"),)),
        ("--header='A:  b '", (("A", "b "),)),
        ("-H 'A;'", (("A", ""),)),
        ("-H 'A:'", ()),
        ("-H nonsense", ()),
        ("-d x", (("Content-Type", "application/x-www-form-urlencoded"),)),
        ("-d x -H 'content-type: text/plain'", (("content-type", "text/plain"),)),
        ("-d x -H 'Content-Type:'", ()),
        ("--json {}", (("Content-Type", "application/json"), ("Accept", "application/json"))),
        ("-A me -e https://h/", (("User-Agent", "me"), ("Referer", "https://h/"))),
        ("-b jar.txt", ()),
        ("-b a=b", (("Cookie", "[masked cookie, 3 characters]"),)),
        ("-u id:secret", (("Authorization", "Basic [masked credentials, 12 characters]"),)),
        (f"--oauth2-bearer {TOKEN}", (("Authorization", MASK),)),
        (f"-u a:b -H 'Authorization: Bearer {TOKEN}'", (("Authorization", MASK),)),
        ('-H "Authorization: Bearer $TOKEN"', (("Authorization", "Bearer $TOKEN"),)),
        (f'-H "Authorization: Bearer \\"{TOKEN}\\""', (("Authorization", 'Bearer "[masked token, 28 characters]"'),)),
    ],
)
def test_the_headers_are_curls_own(options: str, headers: tuple[tuple[str, str], ...]) -> None:
    assert read(f"curl {options} {START}").headers == headers


@pytest.mark.parametrize(
    ("command", "url"),
    [
        (f"curl --url {START}", START),
        (f'curl.exe -s "{START}"', START),
        (f"curl -G -d a=b --data-urlencode 'c=d e' {API}/x?y=z", f"{API}/x?y=z&a=b&c=d+e"),
        (f"curl --url-query a=b {API}/x", f"{API}/x?a=b"),
        ("curl {{baseUrl}}/api/v2/x", "{{baseUrl}}/api/v2/x"),
        ('curl "$BASE/api/v2/conversations/${ID}/cobrowse"', "$BASE/api/v2/conversations/${ID}/cobrowse"),
        ("curl https://api.mypurecloud.com/conversations/<id>/cobrowse", f"{API}/conversations/<id>/cobrowse"),
        ("curl api.mypurecloud.com/api/v2/x", "api.mypurecloud.com/api/v2/x"),
        (f"curl -o out.json -x http://p:1 -m 5 {START} -k", START),
        (f"curl -X POST “{START}”", START),
    ],
)
def test_the_url_is_found_among_the_options(command: str, url: str) -> None:
    assert read(command).url == url


def test_of_several_commands_the_one_about_cobrowse_is_read_and_reported() -> None:
    parsed = parse_call(
        "First I ask curl for a token, it doesn't fail:\n"
        "curl -u id:s3cr3t -d grant_type=client_credentials https://login.mypurecloud.com/oauth/token\n"
        f"then\ncurl -X POST {START} -H 'Authorization: Bearer {TOKEN}'\n"
        "curl https://example.com/"
    )
    assert parsed.call is not None
    assert parsed.call.url == START
    assert "2" in expected(parsed, "taken")


def test_each_unknown_option_is_named_without_its_value() -> None:
    parsed = parse_call(f"curl --proxy-user a:hunter22 -k --frobnicate --{TOKEN} {START}")
    dropped = expected(parsed, "dropped")
    assert "--proxy-user" in dropped
    assert "-k" in dropped
    assert "--frobnicate" in dropped
    assert "hunter22" not in repr(parsed)
    assert TOKEN not in repr(parsed)


@pytest.mark.parametrize("options", ["-d @body.json", "-H @headers.txt", "-F a=@x", "--data-urlencode a@x"])
def test_a_file_is_reported_as_unknown(options: str) -> None:
    assert "file" in expected(parse_call(f"curl {options} {START}"), "dropped")


def test_form_fields_become_a_multipart_body() -> None:
    call = read(f"curl -F providerId=genesys -F client_secret=hunter22 {START}")
    assert (call.header("Content-Type") or "").startswith("multipart/form-data")
    assert "genesys" in (call.body or "")
    assert "hunter22" not in (call.body or "")


def test_the_verbose_output_holds_the_answer() -> None:
    answer = answer_in(
        f"curl -v -X POST {START}\n*   Trying 10.1.2.3:443...\n> POST /api/v2/x HTTP/2\n"
        f"> Host: api.mypurecloud.com\n> Authorization: Bearer {TOKEN}\n>\n"
        "< HTTP/2 404\n< content-type: application/json\n< inin-correlation-id: abc\n<\n"
        '{ [123 bytes data]\n* Connection #0 to host left intact\n{"code":"not.found","status":404}'
    )
    assert answer.status == 404
    assert answer.header("ININ-Correlation-Id") == "abc"
    assert answer.body == '{"code":"not.found","status":404}'


def test_verbose_output_alone_gives_call_and_answer() -> None:
    parsed = parse_call(
        "> POST /api/v2/x/cobrowse HTTP/1.1\n> Host: api.mypurecloud.com\n> Content-Length: 3\n>\n"
        "} [3 bytes data]\n< HTTP/1.1 404 Not Found\n<\n"
    )
    assert parsed.call is not None
    assert parsed.call.url == f"{API}/api/v2/x/cobrowse"
    assert parsed.call.body is None
    assert parsed.response is not None
    assert parsed.response.status == 404


@pytest.mark.parametrize(
    ("after", "status", "body"),
    [
        ("HTTP/1.1 404 Not Found\nContent-Type: text/html\n\n<html>", 404, "<html>"),
        ("HTTP/1.1 100 Continue\n\nHTTP/1.1 200 Connection established\n\nHTTP/2 401\n\n", 401, None),
        ('{"message":"m","code":"not.found","status":404}', 404, '{"message":"m","code":"not.found","status":404}'),
        ("-> 404", 404, None),
        ("404 Not Found", 404, None),
        ("Response: 403 Forbidden", 403, None),
    ],
)
def test_an_answer_after_the_command_is_read(after: str, status: int, body: str | None) -> None:
    answer = answer_in(f"curl -i {START}\n{after}")
    assert (answer.status, answer.body) == (status, body)


def test_curls_own_error_is_a_network_error() -> None:
    answer = answer_in(f"curl {START}\ncurl: (6) Could not resolve host: api.mypurecloud.com")
    assert answer.status is None
    assert answer.network_error == "Could not resolve host: api.mypurecloud.com"


@pytest.mark.parametrize("text", ["curl -X POST -H 'A: b'", "curl -d a"])
def test_a_command_without_a_url_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_call(text)
