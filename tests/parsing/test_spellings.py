"""Many spellings of a call, a response or a log in `spellings.json`, each with all that is understood of it.

`as` is what the text is read as: a call, a response, or a batch, of whose kinds of calls number, method, URL, status, first
and last time are given. Of the notes only the kinds are compared. What is "" or empty is left out.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from diagnostics.management.commands.parse import as_dict
from diagnostics.parsing.batch import read_calls
from diagnostics.parsing.call import Parsed, Unreadable
from diagnostics.parsing.parse import parse_call, parse_response
from diagnostics.text import time_budget

ID, OTHER = "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11", "9d3c7a52-1e4b-4f60-8a7d-2b6e5c0f1a38"
PATH = f"/api/v2/conversations/{ID}/cobrowse"
SHORTENED = {"@URL": f"https://api.mypurecloud.com{PATH}", "@PATH": PATH, "@ID": ID, "@OTHER": OTHER}


def rows() -> list[dict[str, Any]]:
    text = Path(__file__).with_name("spellings.json").read_text(encoding="utf-8")
    for short, long in SHORTENED.items():
        text = text.replace(short, long)
    found: list[dict[str, Any]] = json.loads(text)
    return found


ROWS = rows()


def understood(kind: str, text: str) -> Any:
    if kind == "batch":
        return [
            [kind.calls, kind.draft.method, kind.draft.url, kind.draft.status, *map(str, (kind.first_at, kind.last_at))]
            for kind in read_calls(text).kinds
        ]
    try:
        parsed = parse_call(text) if kind == "call" else parse_response(text)
    except Unreadable:
        return "unreadable"
    return {name: value for name, value in parts(parsed).items() if value or (name.endswith("body") and value == {})}


def parts(parsed: Parsed) -> dict[str, Any]:
    shown = as_dict(parsed)
    call, response = shown["call"] or {}, shown["response"] or {}
    return {
        "form": parsed.form,
        "call": f"{call.get('method', '')} {call.get('url', '')}".strip(),
        "sdk_method": parsed.call.sdk_method if parsed.call else "",
        "variables": list(parsed.call.variables) if parsed.call else [],
        "headers": call.get("headers"),
        "body": call.get("body"),
        "status": response.get("status"),
        "response_headers": response.get("headers"),
        "response_body": response.get("body"),
        "network_error": response.get("network_error"),
        "conversation_id": shown["conversation_id"],
        "correlation_id": shown["correlation_id"],
        "region": shown["region"],
        "time": parsed.time,
        "choices": [choice.label for choice in parsed.choices],
        "chosen": parsed.chosen,
        "notes": [note.kind for note in parsed.notes],
    }


@pytest.mark.parametrize("row", ROWS, ids=[str(number) for number, _ in enumerate(ROWS)])
def test_a_spelling_is_understood(row: dict[str, Any]) -> None:
    with time_budget.limited(60):  # not what is tested here, and a busy machine needs more of it
        assert understood(row["as"], row["text"]) == row["understood"]
