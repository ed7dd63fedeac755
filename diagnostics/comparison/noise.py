"""Removes noise from values before they are compared: IDs, times, tokens, measurements and order."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UUID = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")
MOMENT = re.compile(
    r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?|"
    r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d? \w{3} \d{4} \d\d:\d\d:\d\d GMT"
)
SPAN = re.compile(r"\b\d[\d.,]*\s*(?:ms|s|seconds?|min|minutes?|hours?|days?)\b")
SHARE = re.compile(r"\b\d+ of (?:the )?\d+\b")
PORT = re.compile(r"(\b(?:\d{1,3}\.){3}\d{1,3}|\blocalhost):\d{2,5}\b")
# Long words with digits and letters. Permissions such as conversation:cobrowse:add contain colons, and paths slashes.
TOKEN = re.compile(r"(?<![\w/.:-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{24,}(?![\w/.:-])")
MASKED = re.compile(r"\[(?:masked|hidden)[^\]]*\]")
PATTERNS = (
    (UUID, "(id)"),
    (MOMENT, "(time)"),
    (SPAN, "(span)"),
    (SHARE, "(share)"),
    (PORT, r"\1:(port)"),
    (MASKED, "(masked)"),
    (TOKEN, "(token)"),
)
# Keys of evidence whose values are measurements of the run itself.
MEASURED = frozenset(
    (
        "addresses", "allowed", "correlation_id", "count", "date", "entries", "expires_in", "left",
        "ms", "not_after", "not_before", "offer_ends", "remaining", "reset", "reset_s", "retry_after",
        "seconds", "serial", "skew_s", "time", "used", "wait_s",
    )
)  # fmt: skip
DEEPEST = 12
LONGEST = 20_000  # characters of a text that are compared


@dataclass(frozen=True)
class Detail:
    """A piece of evidence that differs between two findings. A value is None if only the other finding has it."""

    name: str
    before: Any
    after: Any


def quiet_text(text: str) -> str:
    """The text with noise replaced by placeholders such as `(id)`."""
    text = text[:LONGEST]
    for pattern, word in PATTERNS:
        text = pattern.sub(word, text)
    return text


def quiet(value: Any, depth: int = 0) -> Any:
    """Like `quiet_text` for any JSON value. Lists are sorted, and measurements are removed from mappings."""
    if isinstance(value, str):
        return quiet_text(value)
    if depth > DEEPEST:
        return "(deeper)"
    if isinstance(value, Mapping):
        return {str(key): quiet(item, depth + 1) for key, item in value.items() if str(key) not in MEASURED}
    if isinstance(value, list | tuple):
        return sorted((quiet(item, depth + 1) for item in value), key=_key)
    return value


def is_same(before: Any, after: Any) -> bool:
    return _key(quiet(before)) == _key(quiet(after))


def details(before: Any, after: Any) -> tuple[Detail, ...]:
    """What differs between the evidence of two findings, sorted by name. Accepts any JSON value."""
    old, new = (evidence if isinstance(evidence, Mapping) else {"evidence": evidence} for evidence in (before, after))
    names = sorted({str(name) for name in (*old, *new)} - MEASURED)
    return tuple(
        Detail(name, old.get(name), new.get(name)) for name in names if not is_same(old.get(name), new.get(name))
    )


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
