"""Text as it is after it entered: what is removed, what is replaced, and what languages need and keep."""

import json
import time
from typing import Any

import pytest

from diagnostics.text.cleaning import clean_json, clean_line, clean_text, is_storable, read_json


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("a\0b", "ab"),
        ("a\x07\x1b\x7f\x9bb", "ab"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("one\r\ntwo\rthree\x0bfour\x0cfive\x85six\u2028seven\u2029", "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"),
        ("\x1b[31;1mred\x1b[0m \x1b]0;title\x07x \x1b]8;;https://a.example\x1b\\link\x1b]8;;\x1b\\", "red x link"),
        ("\x1b(Bplain\x1b=\x1b7", "plain"),
        ("\x1b]never ended", "]never ended"),
        ("\ud800", "\ufffd"),
        ("\udfff\ud800x", "\ufffd\ufffdx"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d\ufeff\ude00", "\ufffd\ufffd"),
        ("a\u202eb\u2066c\u2069\ufeff", "abc"),
        ("\ufffe\uffff", ""),
        ("👩\u200d💻 می\u200cخواهم \u200eabc\u200f\u061c 𝒳", "👩\u200d💻 می\u200cخواهم \u200eabc\u200f\u061c 𝒳"),
    ],
)
def test_what_cannot_be_stored_or_shown_goes_and_the_rest_stays(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned
    assert clean_text(cleaned) == cleaned
    assert is_storable(cleaned)


def test_a_name_has_one_line() -> None:
    assert clean_line("one\r\n  two\tthree\u2028four") == "one two three four"


@pytest.mark.parametrize(
    ("document", "value"),
    [
        (
            r'{"\ud800": ["\udfff", "\u0000", "a\u202eb", "\u001b[31m", "\ud83d\ude00"]}',
            {"�": ["�", "�", "ab", "", "😀"]},
        ),
        ("[NaN, Infinity, -Infinity, 1e999, 1.5, 7, true, null]", [None, None, None, None, 1.5, 7, True, None]),
        (f"[{10**400}, {-(10**400)}]", [None, None]),
        ('{"a": 1, "a": 2}', {"a": 2}),
    ],
)
def test_a_json_value_is_clean_after_it_is_decoded(document: str, value: Any) -> None:
    assert read_json(document) == value
    assert read_json(document.encode()) == value
    assert clean_json(value) == value


@pytest.mark.parametrize("document", ["", "{", "\ud800", "[" * 100_000, "1" * 5000])
def test_what_is_not_json_is_a_value_error(document: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_json(document)


def test_deep_nesting_ends() -> None:
    deep = read_json("[" * 300 + "]" * 300)
    assert json.dumps(deep).count("[") == 100


@pytest.mark.parametrize("piece", ["\x1b]", "\x1b[0", "\ud800", "\x1b]0;a", "\r", "\u202e", " \n", "\x1b[" + "0" * 99])
def test_a_megabyte_of_anything_is_cleaned_in_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    started = time.process_time()
    clean_line(text)
    assert time.process_time() - started < 2
