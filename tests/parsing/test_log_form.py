"""What programs log: statuses, codes, correlation ids, lines with a call."""

import pytest

from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.parse import parse_call, parse_response

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
PATH = f"/api/v2/conversations/{ID}/cobrowse"
URL = f"https://api.mypurecloud.com{PATH}"
CORRELATION = "a1b2c3d4-1111-2222-3333-444455556666"


@pytest.mark.parametrize(
    ("line", "method", "url", "status"),
    [
        (f'10.0.0.1 - - [22/Nov/2026:13:00:00 +0000] "POST {PATH} HTTP/1.1" 404 182 "-" "curl/8"', "POST", PATH, 404),
        (f"ERROR request failed method=POST url={URL} status=404 ms=12", "POST", URL, 404),
        (f'level=error method="GET" path="{PATH}" status_code=405', "GET", PATH, 405),
        (f'{{"level": "error", "method": "POST", "url": "{URL}", "statusCode": 404}}', "POST", URL, 404),
        (f'{{"level": "info"}}\n{{"method": "POST", "url": "{URL}", "status": 404}}', "POST", URL, 404),
        (f"2026-11-22 POST {URL} -> 404", "POST", URL, 404),
    ],
)
def test_a_line_with_a_call_gives_call_and_answer(line: str, method: str, url: str, status: int) -> None:
    parsed = parse_call(line)
    assert parsed.call is not None
    assert (parsed.call.method, parsed.call.url) == (method, url)
    assert parsed.response is not None
    assert parsed.response.status == status


@pytest.mark.parametrize(
    ("text", "status", "correlation"),
    [
        (f"ERROR Genesys returned status code 404, ININ-Correlation-Id: {CORRELATION}", 404, CORRELATION),
        (f"status=403 correlation_id={CORRELATION}", 403, CORRELATION),
        (f'ERROR at line 3: {{"statusCode": 404, "correlationId": "{CORRELATION}"}}', 404, CORRELATION),
        ("AxiosError: Request failed with status code 404\n    at settle (axios.js:1)", 404, None),
        ("requests.exceptions.HTTPError: 404 Client Error: Not Found for the url", 404, None),
        ("Invoke-RestMethod : The remote server returned an error: (404) Not Found.", 404, None),
        ("com.mypurecloud.sdk.v2.ApiException: statusCode=404", 404, None),
        ("PureCloudPlatformClientV2.rest.ApiException: (401)\nReason: Unauthorized", 401, None),
        ('Response body: {"message": "m", "code": "not.found", "status": 404}', 404, None),
    ],
)
@pytest.mark.parametrize("read", [parse_call, parse_response])
def test_a_log_without_a_call_gives_the_answer(read: object, text: str, status: int, correlation: str | None) -> None:
    assert callable(read)
    answer = read(text).response
    assert (answer.status, answer.header("ININ-Correlation-Id")) == (status, correlation)


def test_the_code_of_a_line_is_preserved_as_an_error_body() -> None:
    answer = parse_response("status=404 code=conversation.error.conversation.not.found").response
    assert answer is not None
    value, _ = answer.json()
    assert value["code"] == "conversation.error.conversation.not.found"


@pytest.mark.parametrize("text", ["ERROR it failed", f"correlation_id={CORRELATION}", "order 404 was shipped to us"])
def test_a_log_without_a_status_is_no_answer(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_response(text)
