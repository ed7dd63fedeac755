"""Cleans incoming text so that it can be stored in Postgres, queued, logged and printed.

There are two rules:

- Text that a person typed or pasted, or that arrived as bytes (`clean_text`): control characters are removed. The
  visible text doesn't change, and an invisible character can't hide a secret from masking.
- A value decoded from JSON (`clean_json`, `read_json`): an escaped control character such as \\u0000 becomes U+FFFD.
  Removing it could make two different values, or two IDs, equal.

Both rules replace an unpaired surrogate with U+FFFD, convert line endings to LF, and remove terminal escape sequences,
byte order marks and the bidirectional overrides, embeddings and isolates (Unicode TR #9, CVE-2021-42574), which only
change how other text is displayed. Both keep the characters that languages need: left-to-right and right-to-left marks,
zero-width joiners and non-joiners, and everything outside the Basic Multilingual Plane.
"""

import json
import math
import re
from typing import Any

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
MAX_DEPTH = 100  # levels of lists and objects in a JSON value
MAX_NUMBER = 2**1023  # about the largest value of a float

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f\ufeff\ufffe\uffff\ud800-\udfff]",
)
# Terminal escape sequences: CSI (colors, cursor), OSC and similar (titles, links), and the two-character ones.
_ESCAPE_SEQUENCES = re.compile(
    "\x1b(?:\\[[0-?]{0,100}[ -/]{0,10}[@-~]|[\\]PX^_][^\x07\x1b]{0,4000}(?:\x07|\x1b\\\\)|[ -/]{1,4}[0-~]|[=>78c])"
)
_LINE_ENDINGS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u206f\ufeff]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]+")
_SPACES_AROUND_LINE_ENDINGS = re.compile(r"[ \t]*[\t\n][ \t\n]*")


def clean_text(text: str) -> str:
    """Multi-line text without characters that can't be stored or shown. Idempotent."""
    return _cleaned(text, "") if _UNSAFE.search(text) else text


def clean_line(text: str) -> str:
    """Single-line text, such as a name: line endings and tabs become a space."""
    text = clean_text(text)
    return _SPACES_AROUND_LINE_ENDINGS.sub(" ", text) if "\n" in text or "\t" in text else text


def clean_json(value: Any, depth: int = 0) -> Any:
    """A JSON value with clean strings and keys.

    Numbers that Postgres can't store (NaN, infinite, or too large for a float) and anything nested deeper than
    `MAX_DEPTH` become None.
    """
    if isinstance(value, str):
        return _cleaned(value, REPLACEMENT) if _UNSAFE.search(value) else value
    if isinstance(value, dict):
        if depth >= MAX_DEPTH:
            return None
        return {clean_json(key): clean_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(item, depth + 1) for item in value] if depth < MAX_DEPTH else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -MAX_NUMBER < value < MAX_NUMBER else None
    return value


def read_json(text: str | bytes) -> Any:
    """Parse a JSON document and clean its value. Raises ValueError if it isn't JSON or is nested too deeply."""
    try:
        return clean_json(json.loads(text))
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None


def is_storable(text: str) -> bool:
    """False for text with NUL characters or unpaired surrogates, which means it was never cleaned."""
    return "\0" not in text and not _SURROGATES.search(text)


def _cleaned(text: str, replacement: str) -> str:
    """`replacement` is written in place of each control character."""
    text = _SURROGATES.sub(_join_pairs, text)  # first, so that a later removal can't join two halves
    text = _ESCAPE_SEQUENCES.sub("", text)
    text = _LINE_ENDINGS.sub("\n", text)
    text = _DIRECTIONS.sub("", text)
    return _CONTROLS.sub(replacement, text)


def _join_pairs(match: "re.Match[str]") -> str:
    """A surrogate pair becomes its character; an unpaired surrogate becomes U+FFFD."""
    return match[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
