"""Reads a text as its escapes mean it, and says where a place of that reading stands in the text itself.

A secret may be written in percent escapes, HTML entities, \\u and \\x escapes, quoted-printable or full-width letters, and
may be divided by an invisible character, by the end of a line, or into string literals that are joined.
"""

import re
from bisect import bisect_right
from html import unescape

from diagnostics.text import time_budget

# The rest of a run that was cut at the end of a line: alone on the next line, and neither a word nor an address or an ID.
_REST = (
    r"(?![A-Za-z]?[a-z'-]*+[.,:;!?]?(?:\s|$))(?![0-9A-Fa-f]{8}-|[0-9A-Fa-f]{32}\b|[^\s:]*+:)"
    r"[\w+/=.@~-]{3,300}+[\"']?[ \t]?(?=[\r\n]|\Z)"
)
_DIGITS = r"\d{2,8}(?:[ -]\d{2,8}){0,4}[\"']?[ \t]?(?=[\r\n]|\Z)"
_ESCAPE = re.compile(
    r"(?P<percent>(?:%[0-9A-Fa-f]{2})++)"
    r"|&(?:\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,10});"
    r"|\\{1,4}(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})"
    r"|=[0-9A-F]{2}"
    r"|(?P<wide>[\uff01-\uff5e])"
    r"|(?P<nothing>[\u00ad\u200b-\u200d\u2060]|[=\\`]\r?\n|[\"'] ?[+.] ?(?:\r?\n[ \t]{0,40})?[\"']"
    rf"|(?P<gap>(?<=\d)[ \t]?\r?\n[ \t>|]{{0,8}}(?={_DIGITS}))"
    rf"|(?<=[\w+/=.@~-]{{3}})\r?\n[ \t>|]{{0,8}}(?={_REST}))"
)
_SIGNS = re.compile(r"[%&\\\n\u00ad\u200b-\u200d\u2060\uff01-\uff5e]|[\"'] ?[+.] ?[\"']")
_QUOTED_PRINTABLE = re.compile(r"=(?:3[Dd]|20|\r?\n)|\w=40\w")


class Reading:
    """`text` as it is read; `place` maps a span of it to the span as written."""

    def __init__(self, text: str, written: list[tuple[int, int, int]], above: "Reading | None" = None) -> None:
        self.text = text
        # Where each stretch begins in the reading, where as written, and where one escape ends as written, else 0.
        self._written = written
        self._starts = [each[0] for each in written]
        self._above = above

    def place(self, start: int, end: int) -> tuple[int, int]:
        """`end` is more than `start`."""
        first, last = self._character(start)[0], self._character(end - 1)[1]
        return self._above.place(first, last) if self._above else (first, last)

    def _character(self, at: int) -> tuple[int, int]:
        read, written, end = self._written[bisect_right(self._starts, at) - 1]
        return (written, end) if end else (written + at - read, written + at - read + 1)


def unescaped(text: str) -> Reading | None:
    """The text without its escapes, twice decoded where one hides another; None where it has none."""
    once = _decoded(text, None)
    return (_decoded(once.text, once) or once) if once else None


def _decoded(text: str, above: Reading | None) -> Reading | None:
    if not _SIGNS.search(text) and not _QUOTED_PRINTABLE.search(text):
        return None
    is_quoted_printable = bool(_QUOTED_PRINTABLE.search(text))
    parts: list[str] = []
    written: list[tuple[int, int, int]] = []
    size = done = 0
    for found in _ESCAPE.finditer(text):
        time_budget.check()
        if found[0].startswith("=") and not is_quoted_printable:
            continue
        written.append((size, done, 0))
        parts.append(text[done : found.start()])
        size += found.start() - done
        at = found.start()
        for sign, length in _signs(found):
            if sign:
                written.append((size, at, at + length))
                parts.append(sign)
                size += len(sign)
            at += length
        done = found.end()
    if not done:
        return None
    written.append((size, done, 0))
    parts.append(text[done:])
    return Reading("".join(parts), written, above)


def _signs(found: re.Match[str]) -> list[tuple[str, int]]:
    """Each character that the escape stands for, with the length of its part of the escape."""
    raw = found[0]
    if found["gap"] is not None:
        return [("\u00a0", len(raw))]
    if found["nothing"] is not None:
        return [("", len(raw))]
    if found["percent"]:
        read = bytes.fromhex(raw.replace("%", "")).decode("utf-8", "surrogateescape")
        return [(sign, 3 * len(sign.encode("utf-8", "surrogateescape"))) for sign in read]
    if found["wide"]:
        return [(chr(ord(raw) - 0xFEE0), 1)]
    if raw[0] == "&":
        return [(unescape(raw)[:1] or "&", len(raw))]
    return [(chr(int(raw.lstrip("\\ux="), 16)), len(raw))]
