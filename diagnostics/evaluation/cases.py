"""A test case of the evaluation: the state of an org, a failing call, its response, and the expected cause.

And how its parts are read: nested ones, lists of words, and IDs derived from names.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class BadCases(Exception):
    """The file contains no valid cases. The message is shown to the user."""


@dataclass(frozen=True)
class Case:
    """`state`, `request` and `response` are as in the file. `acceptable` holds other causes that count as right.

    `paste` is the text in which a person would give request and response, "" for none.
    """

    id: str
    title: str
    state: Mapping[str, Any]
    request: Mapping[str, Any] | None
    response: Mapping[str, Any] | None
    cause: str
    acceptable: tuple[str, ...] = ()
    paste: str = ""

    @property
    def right(self) -> tuple[str, ...]:
        return (self.cause, *self.acceptable)


def read_cases(text: str) -> tuple[Case, ...]:
    """Reads a JSON list of cases, or an object with a key `cases`. Raises BadCases."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadCases(f"The file isn't valid JSON: {error}. It must contain a list of cases.") from None
    entries = data.get("cases") if isinstance(data, dict) else data
    if not isinstance(entries, list) or not entries:
        raise BadCases(
            "The file contains no list of cases. Each case has id, org_state, request, response and expected."
        )
    return tuple(_case(entry, number) for number, entry in enumerate(entries, 1))


def _case(entry: Any, number: int) -> Case:
    if not isinstance(entry, dict) or not isinstance(entry.get("expected"), dict):
        raise BadCases(f"Case {number} has no `expected`. Each case has id, org_state, request, response and expected.")
    expected = entry["expected"]
    if not isinstance(expected.get("cause"), str):
        raise BadCases(f"Case {number} has no expected cause.")
    also = expected.get("also_acceptable") or ()
    return Case(
        id=str(entry.get("id") or f"case-{number}"),
        title=str(entry.get("title") or ""),
        state=part_of(entry, "org_state"),
        request=part_of(entry, "request") or None,
        response=part_of(entry, "response") or None,
        cause=expected["cause"],
        acceptable=tuple(str(cause) for cause in also if cause),
        paste=str(entry.get("paste") or ""),
    )


def org_id_of(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def part_of(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def split_words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value and value.lower() != "none" else []
    return [str(item) for item in value] if isinstance(value, list) else []
