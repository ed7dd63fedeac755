"""The time of a failure in a paste."""

import pytest

from diagnostics.parsing.inputs import Inputs, read_paste
from diagnostics.parsing.times import as_moment

CALL = "POST https://api.mypurecloud.com/api/v2/conversations/d2eb236c-6a81-49b6-b2f1-f74338655435/cobrowse"
NOT_FOUND = '{"message": "x", "code": "not.found", "status": 404}'
UTC_TIME = "2026-11-20T14:02:03+00:00"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        (f"{CALL} HTTP/1.1\n\nHTTP/1.1 404 Not Found\nDate: Fri, 20 Nov 2026 14:02:03 GMT\n\n{NOT_FOUND}", UTC_TIME),
        (f"2026-11-20T16:02:03.123+02:00 ERROR {CALL} -> 404", UTC_TIME),
        (
            f"2026-11-20T14:01:00Z INFO {CALL}\n2026-11-20T14:02:03Z ERROR status 404 {NOT_FOUND}\n2026-11-20T14:09:00Z INFO x",
            UTC_TIME,
        ),
        (
            f'10.0.0.1 - - [20/Nov/2026:15:02:03 +0100] "{CALL.replace("https://api.mypurecloud.com", "")} HTTP/1.1" 404 12',
            UTC_TIME,
        ),
        (
            f'{{"time": 1795183323123, "req": {{"method": "POST", "url": "{CALL[5:]}"}}, "res": {{"statusCode": 404}}}}',
            UTC_TIME,
        ),
        (
            f'{{"log": {{"entries": [{{"startedDateTime": "2026-11-20T14:02:03.5Z", "request": {{"method": "POST", "url": '
            f'"{CALL[5:]}", "headers": []}}, "response": {{"status": 404, "headers": [], "content": {{}}}}}}]}}}}',
            UTC_TIME,
        ),
        # A response's own date is the server's, and decides.
        (
            f"2026-11-20T14:09:00Z {CALL}\nHTTP/1.1 404 Not Found\nDate: Fri, 20 Nov 2026 14:02:03 GMT\n\n{NOT_FOUND}",
            UTC_TIME,
        ),
        (f"2026-11-20 14:02:03,123 ERROR {CALL} -> 404", "2026-11-20T14:02:03"),
        (f"14:02:03 ERROR {CALL} -> 404", ""),
        (f"2026-13-45 14:02:03 ERROR {CALL} -> 404", ""),
        (f'{CALL}\n-> 404 {{"message": "x", "code": "not.found", "dateCreated": "2026-11-20T14:02:03Z"}}', ""),
        (f'{{"time": 1e400, "method": "POST", "url": "{CALL[5:]}", "status": 404}}', ""),
    ],
)
def test_the_time_of_the_failure_is_read_with_its_zone_or_not_at_all(text: str, time: str) -> None:
    assert read_paste(text).inputs.failed_at == time


def test_a_time_without_a_zone_is_noted_and_is_no_moment() -> None:
    paste = read_paste(f"2026-11-20 14:02:03,123 ERROR {CALL} -> 404")
    assert "dropped" in [note.kind for note in paste.notes if "14:02:03" in note.what]
    assert as_moment(paste.inputs.failed_at) is None


def test_the_time_of_a_separate_response_is_stored_with_the_inputs() -> None:
    answer = f"HTTP/1.1 404 Not Found\nDate: Fri, 20 Nov 2026 14:02:03 GMT\n\n{NOT_FOUND}"
    inputs = read_paste(CALL, answer).inputs
    assert Inputs.from_json(inputs.to_json()) == inputs
    assert inputs.failed_at == UTC_TIME
