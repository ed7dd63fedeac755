"""Entries of a browser's network record: chosen, salvaged, cut down."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.candidates import MAX_CANDIDATES
from diagnostics.parsing.har import MostLikelyEntries
from diagnostics.parsing.har_scanner import EntryScanner
from diagnostics.parsing.parse import MAX_PASTE, MAX_RECORD, masked_text, parse_call
from diagnostics.parsing.paste_file import read_file
from diagnostics.text import time_budget

ID = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"
API = "https://api.mypurecloud.ie"
START = f"{API}/api/v2/conversations/{ID}/cobrowse"
TOKEN = "k9Xq2LmZ8vRt4WpY7nBcD3fG6hJ1"
NOT_FOUND = '{"message": "m", "code": "not.found", "status": 404, "contextId": "c"}'


def entry(url: str, method: str = "GET", status: int = 200, body: str = "", **more: Any) -> dict[str, Any]:
    """One entry as Chrome writes it."""
    return {
        "startedDateTime": "2026-11-22T10:00:00.000Z",
        "request": {
            "method": method,
            "url": url,
            "httpVersion": "http/2.0",
            "headers": [
                {"name": ":authority", "value": "x"},
                {"name": "authorization", "value": f"Bearer {TOKEN}"},
                {"name": "cookie", "value": "sid=hunter2"},
            ],
            "cookies": [{"name": "sid", "value": "hunter2"}],
        },
        "response": {
            "status": status,
            "headers": [{"name": "inin-correlation-id", "value": "abc"}],
            "content": {"text": body, "mimeType": "application/json"},
        },
        "timings": {},
        **more,
    }


def har(*entries: dict[str, Any]) -> str:
    return json.dumps({"log": {"version": "1.2", "pages": [], "entries": list(entries)}})


PAGE = [
    entry("https://cdn.example/app.js", body="x = '}]' // \\\" "),
    entry(START, "OPTIONS", 404),
    entry(f"{API}/api/v2/users/me", status=401),
    entry(START, "POST", 404, NOT_FOUND),
    entry(START, "POST", 200, "{}"),
]


def test_the_failing_cobrowse_entry_is_read_with_its_answer() -> None:
    parsed = parse_call(har(*PAGE))
    assert parsed.form == "har"
    assert (parsed.call and parsed.call.method, parsed.call and parsed.call.url) == ("POST", START)
    assert (parsed.response and parsed.response.status, parsed.response and parsed.response.body) == (404, NOT_FOUND)
    assert parsed.conversation_id == ID
    assert [choice.index for choice in parsed.choices] == [0, 1, 2, 3, 4]
    assert parsed.chosen == 3
    assert "404" in parsed.choices[3].label


def test_another_entry_can_be_chosen() -> None:
    parsed = parse_call(har(*PAGE), choice=2)
    assert parsed.chosen == 2
    assert parsed.call is not None
    assert parsed.call.url == f"{API}/api/v2/users/me"
    assert parsed.response is not None
    assert parsed.response.status == 401


@pytest.mark.parametrize("choice", [-1, 5, 10**9])
def test_a_choice_that_is_none_is_as_if_none_were_given(choice: int) -> None:
    assert parse_call(har(*PAGE), choice=choice).chosen == 3


def test_what_the_browser_adds_is_dropped_and_secrets_are_masked() -> None:
    parsed = parse_call(har(*PAGE))
    assert parsed.call is not None
    assert parsed.call.headers == (
        ("authorization", "Bearer [masked token, 28 characters]"),
        ("cookie", "[masked cookie, 11 characters]"),
    )
    assert "hunter2" not in repr(parsed) + masked_text(har(*PAGE))
    assert TOKEN not in repr(parsed) + masked_text(har(*PAGE))


def test_one_entry_copied_alone_is_read() -> None:
    parsed = parse_call(json.dumps(PAGE[3]))
    assert (parsed.form, parsed.choices) == ("har", ())
    assert parsed.response is not None
    assert parsed.response.status == 404


@pytest.mark.parametrize(
    ("posted", "body"),
    [
        ({"text": '{"providerId": "genesys"}'}, '{"providerId": "genesys"}'),
        ({"params": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]}, "a=1&b=2"),
        ({"params": 7}, None),
        ({"text": ""}, None),
        ({"text": "x" * 60_000}, None),
        (None, None),
    ],
)
def test_the_body_is_that_of_the_entry(posted: object, body: str | None) -> None:
    one = entry(START, "POST", 404)
    one["request"]["postData"] = posted
    call = parse_call(har(one)).call
    assert call is not None
    assert call.body == body


@pytest.mark.parametrize(
    ("error", "word"),
    [("net::ERR_NAME_NOT_RESOLVED", "resolved"), ("net::ERR_CERT_AUTHORITY_INVALID", "certificate"),
     ("net::ERR_TIMED_OUT", "timed out"), ("net::ERR_CONNECTION_REFUSED", "refused")],
)  # fmt: skip
def test_an_entry_without_an_answer_gives_the_browser_s_reason(error: str, word: str) -> None:
    one = entry(START, "POST", 0, _error=error)
    answer = parse_call(har(one)).response
    assert answer is not None
    assert answer.status is None
    assert word in answer.network_error


def test_a_binary_answer_is_left_out() -> None:
    one = entry(START, "POST", 404)
    one["response"]["content"] = {"text": "/+8=", "encoding": "base64"}
    answer = parse_call(har(one)).response
    assert answer is not None
    assert answer.body is None


@pytest.mark.parametrize("cut", [1, 2, 40, 200])
def test_of_a_har_that_breaks_off_the_whole_entries_are_read(cut: int) -> None:
    text = har(*PAGE, entry("https://api.mypurecloud.ie/api/v2/x"))[:-cut]
    parsed = parse_call(text)
    assert parsed.call is not None
    assert parsed.call.url == START
    assert any(note.kind == "dropped" and "cut off" in note.what for note in parsed.notes) == (cut > 2)


@pytest.mark.parametrize(
    "text",
    [
        har(),
        har(*PAGE)[:60],
        har(*PAGE)[:150],
        '{"log": {"entries": [7, "x", [], {}]}}',
        '{"log": {"entries": [{"request": {}}]}}',
        '{"log": {"entries": [{"request": {"url": ""}}]}}',
        '{"log": {"entries": [' + "{" * 50_000,
        '{"log": {"entries": [' + '{"a":' * 50_000 + "1" + "}" * 50_000 + "]}}",
        '{"log": {"entries": ["' + "\\" * 100_001,
        '{"log": {"comment": "' + "x" * MAX_RECORD + '"}}',
    ],
)
def test_a_har_without_a_call_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse_call(text)
    assert len(str(refused.value)) > 60
    assert "hunter2" not in masked_text(text)


def test_thousands_of_entries_are_cut_to_the_likeliest_fifty() -> None:
    many = [entry(f"https://cdn.example/{number}.png") for number in range(3000)]
    text = har(*many[:1500], *PAGE, *many[1500:])
    assert MAX_PASTE < len(text) <= MAX_RECORD
    with time_budget.limited(60):  # not what is tested here, and a busy machine needs more of it
        parsed = parse_call(text)
    assert len(parsed.choices) == 50
    assert parsed.call is not None
    assert (parsed.call.url, parsed.response and parsed.response.status) == (START, 404)


def test_what_is_shown_again_offers_the_same_choices() -> None:
    many = [entry(f"{API}/api/v2/things/{number}", status=200 + number) for number in range(120)]
    text = har(*PAGE, *many)
    shown = masked_text(text)
    assert masked_text(shown) == shown
    first, again = parse_call(text), parse_call(shown)
    assert [choice.label for choice in again.choices] == [choice.label for choice in first.choices]
    assert (again.call, again.response) == (first.call, first.response)


def smaller_har(pieces: Iterable[str]) -> str:
    return read_file(piece.encode() for piece in pieces)


def pieces_of(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_file_that_is_no_har_is_read_as_it_is(size: int) -> None:
    text = "\ufeffPOST /api/v2/conversations/é€𝄞/cobrowse\n"
    data = text.encode()
    assert read_file(data[at : at + size] for at in range(0, len(data), size)) == text[1:]


def test_a_file_too_long_is_cut_and_still_refused() -> None:
    text = read_file(b"x" * 1_000_000 for _ in range(40))
    assert len(text) < MAX_RECORD + 2_000_000
    with pytest.raises(Unreadable):
        parse_call(text)


@pytest.mark.parametrize("size", [1, 7, 1000, 100_000])
def test_a_har_is_read_in_pieces_of_any_size(size: int) -> None:
    small = smaller_har(pieces_of(har(*PAGE), size))
    assert parse_call(small).response == parse_call(har(*PAGE)).response
    assert parse_call(small).chosen == 3


def huge(megabytes: int) -> Iterator[str]:
    """A record far larger than any limit: a few calls among pictures of a megabyte each."""
    picture = json.dumps(entry("https://cdn.example/a.png", body='\\"}]' * 2_000 + "A" * 990_000))
    yield '{"log": {"version": "1.2", "entries": ['
    for number in range(megabytes):
        yield f"{json.dumps(PAGE[number % 5])}," if number % 10 == 3 else f"{picture},"
    yield f"{json.dumps(PAGE[3])}]}}}}"


def test_fifty_megabytes_become_a_small_har() -> None:
    small = smaller_har(huge(50))
    assert len(small) < MAX_PASTE
    parsed = parse_call(small)
    assert parsed.call is not None
    assert parsed.call.url == START
    assert any("51 entries" in note.what for note in parsed.notes)


def test_a_huge_entry_costs_only_itself() -> None:
    large = {**entry(START, "POST", 404), "note": [["x" * 50_000]] * 60}
    stored = MostLikelyEntries()
    sifter = EntryScanner(stored.add)
    sifter.feed(har(large, PAGE[3]))
    assert (sifter.total, sifter.unread, len(stored.candidates)) == (2, 1, 1)


texts = st.text(st.sampled_from('{}[]",:\\ax1'), max_size=60)


@settings(max_examples=200)
@given(texts, st.integers(1, 50))
def test_no_text_breaks_the_sifter(text: str, size: int) -> None:
    whole = '{"log": {"entries": [' + text + json.dumps(PAGE[3]) + "]}}"
    try:
        assert parse_call(whole).call
        assert parse_call(smaller_har(pieces_of(whole, size))).call
    except Unreadable as refused:
        assert str(refused)


def rows_of_other_entries(*others: dict[str, Any]) -> list[dict[str, Any]]:
    """What remains of entries for which the reduced HAR has no room among the likeliest ones."""
    likely = [entry(START, "POST", 404, NOT_FOUND) for _ in range(MAX_CANDIDATES)]
    text = json.dumps({"log": {"entries": [*others, *likely]}})
    rows: list[dict[str, Any]] = json.loads(read_file([text.encode()]))["log"]["entries"]
    return rows[: len(others)]


OTHER = "https://www.example.com/x"


def test_of_another_entry_that_worked_only_method_address_and_status_remain() -> None:
    assert rows_of_other_entries(entry(OTHER, status=200, body="x")) == [
        {
            "startedDateTime": "2026-11-22T10:00:00.000Z",
            "request": {"method": "GET", "url": OTHER},
            "response": {"status": 200},
        }
    ]


@pytest.mark.parametrize(
    ("posted", "remains"),
    [
        (None, {}),
        ({"mimeType": "text/plain", "text": "short"}, {"postData": {"text": "short"}}),
        ({"text": "x" * 20_001}, {"postData": {"_left_out": True}}),
        ({"params": [{"name": "a", "value": "b"}]}, {"postData": {"_left_out": True}}),
    ],
)
def test_of_another_entry_that_failed_what_shows_why_remains(posted: object, remains: dict[str, Any]) -> None:
    failed = entry(OTHER, "POST", 500, "why")
    failed["request"] |= {"postData": posted} if posted else {}
    failed["response"] |= {"headers": [{"name": "ININ-Correlation-Id", "value": "c"}, {"name": "Server", "value": "s"}]}
    (row,) = rows_of_other_entries(failed)
    assert row["request"] == {
        "method": "POST",
        "url": OTHER,
        "headers": [{"name": "authorization", "value": f"Bearer {TOKEN}"}],
        **remains,
    }
    assert row["response"] == {
        "status": 500,
        "content": {"text": "why", "encoding": None},
        "headers": [{"name": "ININ-Correlation-Id", "value": "c"}],
    }


def test_of_another_entry_without_a_response_the_error_of_the_browser_remains() -> None:
    in_response = entry(OTHER, status=0)
    in_response["response"]["_error"] = "net::ERR_FAILED"
    in_entry = entry(OTHER, status=0, _error="e" * 300)
    rows = rows_of_other_entries(in_response, in_entry)
    assert [row["_error"] for row in rows] == ["net::ERR_FAILED", "e" * 200]
