"""Answers of tools: without invisible characters, and short enough."""

import json
from typing import Any

import pytest

from diagnostics.mcp.answers import MAX_BYTES, shortened, to_content, visible


@pytest.mark.parametrize(
    "hidden", ["\x00", "\x1b[2J", "\u200b", "\u202e", "\u2066", "\ufeff", "\U000e0041", "\ufe0f", "\ue000", "\u3164"]
)
def test_invisible_characters_are_removed(hidden: str) -> None:
    assert visible({f"na{hidden}me": [f"Ac{hidden}me"]}) in ({"name": ["Acme"]}, {"na[2Jme": ["Ac[2Jme"]})


@pytest.mark.parametrize("text", ["Müller", "株式会社", "👍", "a\nb\tc", "e\u0301"])
def test_other_text_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    "answer",
    [
        {"rows": [{"name": "x" * 400} for _ in range(500)]},
        {"text": "ü" * 50_000},
        {"a": {"b": {"c": ['"' * 3_000, "\\" * 9_000, "z"]}}},
        "m" * 30_000,
        {str(number): "y" * 250 for number in range(300)},
    ],
)
def test_a_large_answer_is_shortened_and_stays_json(answer: Any) -> None:
    short = shortened(answer)
    content = to_content(short)
    assert len(json.dumps(content, ensure_ascii=False).encode()) <= MAX_BYTES
    assert isinstance(short, str) or json.loads(content[0]["text"]) == short


def test_what_was_left_out_is_counted() -> None:
    short = shortened({"rows": ["x" * 100] * 500})
    assert short["omitted"] + len(short["rows"]) == 500


def test_a_short_answer_stays_as_it_is() -> None:
    assert shortened({"rows": [1, None, True, "a"]}) == {"rows": [1, None, True, "a"]}
