"""Cleans text where it enters, so that every database row, queue message, page, log and terminal can hold it.

Two rules, because two kinds of text enter:

- Text that a person typed or pasted, or that arrived as bytes (`clean_text`): what has no visible form is removed. A
  reader sees the same text, and no secret escapes masking because an invisible character divides it.
- A value decoded from JSON (`clean_json`, `read_json`): there, somebody wrote an escape such as \\u0000 on purpose. It
  becomes U+FFFD, because removing it could make two different values, or two IDs, equal.

Half of a surrogate pair becomes U+FFFD in both: it was half of something visible. Escape sequences of a terminal, byte
order marks and the bidirectional overrides, embeddings and isolates (Unicode TR #9, CVE-2021-42574) are removed in both:
they only change how the text around them looks. Line ends become LF. What languages need stays: left-to-right and
right-to-left marks, zero-width joiners and non-joiners, and everything outside the Basic Multilingual Plane.
"""

import json
import math
import re
from typing import Any

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
MAX_DEPTH = 100  # levels of lists and objects in a JSON value
MAX_NUMBER = 2**1023  # about the largest number that a float can hold

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f\ufeff\ufffe\uffff\ud800-\udfff]",
)
# Sequences that a terminal obeys: CSI (colors, cursor), OSC and its like (titles, links), and the two-character ones.
_ESCAPE_SEQUENCES = re.compile(
    "\x1b(?:\\[[0-?]{0,100}[ -/]{0,10}[@-~]|[\\]PX^_][^\x07\x1b]{0,4000}(?:\x07|\x1b\\\\)|[ -/]{1,4}[0-~]|[=>78c])"
)
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u206f\ufeff]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]+")
_SPACES_AROUND_LINE_ENDS = re.compile(r"[ \t]*[\t\n][ \t\n]*")


def clean_text(text: str) -> str:
    """Text of any number of lines, without what cannot be stored or shown. Cleaning it again changes nothing."""
    return _cleaned(text, "") if _UNSAFE.search(text) else text


def clean_line(text: str) -> str:
    """Text of one line, such as a name: line ends and tabs become a space."""
    text = clean_text(text)
    return _SPACES_AROUND_LINE_ENDS.sub(" ", text) if "\n" in text or "\t" in text else text


def clean_json(value: Any, depth: int = 0) -> Any:
    """A JSON value whose strings and keys are clean. A number that no database takes (NaN, infinite, or too large for
    a float), and what lies deeper than `MAX_DEPTH`, becomes None."""
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
    """The value of a JSON document, cleaned. Raises ValueError for text that is not JSON, or nested too deeply."""
    try:
        return clean_json(json.loads(text))
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None


def is_storable(text: str) -> bool:
    """Can the text be stored as it is? One that can't was never cleaned."""
    return "\0" not in text and not _SURROGATES.search(text)


def _cleaned(text: str, control: str) -> str:
    text = _SURROGATES.sub(_joined, text)  # first, so that nothing removed later joins two halves
    text = _ESCAPE_SEQUENCES.sub("", text)
    text = _LINE_ENDS.sub("\n", text)
    text = _DIRECTIONS.sub("", text)
    return _CONTROLS.sub(control, text)


def _joined(halves: "re.Match[str]") -> str:
    """Two halves that stand together are one character; each other half is replaced."""
    return halves[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
