"""Finds objects in a text: JSON, also broken or escaped, and values printed by Node, Python or Ruby."""

import json
import re
from dataclasses import dataclass
from typing import Any

from diagnostics.parsing.literals import Code, LiteralReader
from diagnostics.text import time_budget

START = re.compile(
    r"(?<![$%{#])\{(?=\s{0,80}(?:\\{0,7}[\"'“][^\"'”\\\n]{1,80}\\{0,7}[\"'”]|:?[A-Za-z_@$][\w.@$-]{0,60}|\[Symbol\()\s{0,4}(?::|=>|=(?!=)))"
)
IN_STRING = re.compile(r"\"((?:[^\"\\]|\\.)*+)\"", re.DOTALL)
CUT = re.compile(r"\.\.\. \d{1,9} more (?:characters?|items?)")
MAX_OBJECT = 60_000  # characters of one object that isn't strict JSON
MAX_OBJECTS = 300
MAX_LOOSE = 25


@dataclass(frozen=True)
class FoundObject:
    """An object in a text. `raw` is its text; `strict` is true if that is valid JSON."""

    at: int
    end: int
    value: dict[str, Any]
    raw: str
    strict: bool


def objects_in(text: str) -> list[FoundObject]:
    """The outermost objects in the order of the text, with limits on their number and size."""
    found: list[FoundObject] = []
    at = tries = loose = 0
    while (start := START.search(text, at)) and tries < MAX_OBJECTS:
        time_budget.check()
        tries += 1
        at = start.start()
        item = _strict(text, at)
        if item is None and loose < MAX_LOOSE:
            loose += 1
            item = _escaped(text, at) or _repaired(text, at) or _printed(text, at)
        at += 1
        if item is not None and item.value:
            found.append(item)
            at = max(item.end, at)
    return found


def value_of(text: str) -> Any:
    """The value of a text that is a JSON object or list; None for any other text."""
    text = text.strip()
    if text[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _decoded(text: str, at: int) -> tuple[dict[str, Any], int] | None:
    try:
        value, end = json.JSONDecoder(strict=False).raw_decode(text, at)
    except (ValueError, RecursionError):
        return None
    return (value, end) if isinstance(value, dict) else None


def _strict(text: str, at: int) -> FoundObject | None:
    found = _decoded(text, at)
    if found is None:
        return None
    value, end = found
    raw = text[at:end]
    if "\n" in raw and IN_STRING.search(raw):  # a terminal wrapped its strings
        raw, value = _unbroken(raw, value)
    return FoundObject(at, end, value, raw, strict=True)


def _unbroken(raw: str, value: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    joined = IN_STRING.sub(lambda found: re.sub(r"[ \t]*\n[ \t]*", " ", found[0]), raw)
    found = _decoded(joined, 0) if joined != raw else None
    return (joined, found[0]) if found else (raw, value)


def _escaped(text: str, at: int) -> FoundObject | None:
    """JSON in a string literal: {\\"message\\": ...}."""
    if not re.match(r"\{\s{0,9}(?:\\n)?\s{0,9}\\+\"", text[at : at + 40]):
        return None
    piece = text[at : at + MAX_OBJECT]
    for _ in range(3):
        piece = piece.replace('\\"', '"').replace("\\\\", "\\")
        if found := _decoded(piece.replace("\\n", "\n").replace("\\r", ""), 0):
            value, _end = found
            last = text.find("}", at)
            raw = json.dumps(value, ensure_ascii=False)
            return FoundObject(at, max(at + min(len(raw), MAX_OBJECT), last) + 1, value, raw, strict=False)
    return None


def _repaired(text: str, at: int) -> FoundObject | None:
    """JSON with curly quotes or non-breaking spaces."""
    piece = text[at : at + MAX_OBJECT]
    if not re.search("[“”„‟\xa0]", piece):
        return None
    piece = re.sub("[“”„‟]", '"', piece).replace("\xa0", " ")
    if found := _decoded(piece, 0):
        return FoundObject(at, at + found[1], found[0], piece[: found[1]], strict=False)
    return None


def _printed(text: str, at: int) -> FoundObject | None:
    """A value that a program printed: keys without quotes, single quotes, [Object], <ref *1>, =>."""
    piece = text[at : at + MAX_OBJECT]
    plain = CUT.sub(lambda found: " " * len(found[0]), piece).replace("=>", ": ")  # Ruby and PHP; keeps the length
    reader = LiteralReader(Code(plain), 1)
    try:
        value = reader.object()
    except RecursionError:
        return None
    closed = reader.at > 1 and reader.text[reader.at - 1 : reader.at] == "}"
    if not closed or not value:
        return None
    return FoundObject(at, at + reader.at, value, piece[: reader.at], strict=False)
