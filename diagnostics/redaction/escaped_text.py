"""Decodes the escapes of a text and maps positions in the decoded text back to the original.

A secret may be written in percent escapes, HTML entities, \\u and \\x escapes, quoted-printable or full-width letters, and
may be divided by an invisible character, by a line ending, or into string literals that are joined.
"""

import base64
import binascii
import re
from bisect import bisect_right
from html import unescape

from diagnostics.text import time_budget

# What follows a wrapped line: the rest of a token, alone on its line, and neither a word nor an address or an ID.
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
# A quick test for whether a text can have escapes at all.
_ESCAPE_SIGN = re.compile(r"[%&\\\n\u00ad\u200b-\u200d\u2060\uff01-\uff5e]|[\"'] ?[+.] ?[\"']")
_QUOTED_PRINTABLE = re.compile(r"=(?:3[Dd]|20|\r?\n)|\w=40\w")


class DecodedText:
    """`text` without its escapes; `original_span` maps a span of it to the text it was decoded from.

    `segments` are (start in `text`, start in the source, end in the source), in order. The end is 0 for a segment that
    is copied unchanged. `source` is set if the source was itself decoded.
    """

    def __init__(self, text: str, segments: list[tuple[int, int, int]], source: "DecodedText | None" = None) -> None:
        self.text = text
        self._segments = segments
        self._starts = [start for start, _, _ in segments]
        self._source = source

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """The span must not be empty."""
        first, last = self._character(start)[0], self._character(end - 1)[1]
        return self._source.original_span(first, last) if self._source else (first, last)

    def _character(self, position: int) -> tuple[int, int]:
        start, source_start, source_end = self._segments[bisect_right(self._starts, position) - 1]
        if source_end:
            return source_start, source_end
        return source_start + position - start, source_start + position - start + 1


def decode_escapes(text: str) -> DecodedText | None:
    """The text without its escapes, decoded twice if one escape hides another; None if it has none."""
    once = _decoded(text, None)
    return (_decoded(once.text, once) or once) if once else None


def decode_base64(run: str) -> str | None:
    """The text in a run of Base64, standard or URL-safe, with or without padding; None if it isn't UTF-8."""
    digits = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _decoded(text: str, source: DecodedText | None) -> DecodedText | None:
    is_quoted_printable = bool(_QUOTED_PRINTABLE.search(text))
    if not is_quoted_printable and not _ESCAPE_SIGN.search(text):
        return None
    parts: list[str] = []
    segments: list[tuple[int, int, int]] = []
    size = done = 0
    for escape in _ESCAPE.finditer(text):
        time_budget.check()
        if escape[0].startswith("=") and not is_quoted_printable:
            continue
        segments.append((size, done, 0))
        parts.append(text[done : escape.start()])
        size += escape.start() - done
        position = escape.start()
        for character, length in _characters(escape):
            if character:
                segments.append((size, position, position + length))
                parts.append(character)
                size += len(character)
            position += length
        done = escape.end()
    if not done:
        return None
    segments.append((size, done, 0))
    parts.append(text[done:])
    return DecodedText("".join(parts), segments, source)


def _characters(escape: re.Match[str]) -> list[tuple[str, int]]:
    """Each decoded character, with the length of its part of the escape."""
    raw = escape[0]
    if escape["gap"] is not None:
        return [("\u00a0", len(raw))]
    if escape["nothing"] is not None:
        return [("", len(raw))]
    if escape["percent"]:
        decoded = bytes.fromhex(raw.replace("%", "")).decode("utf-8", "surrogateescape")
        return [(character, 3 * len(character.encode("utf-8", "surrogateescape"))) for character in decoded]
    if escape["wide"]:
        return [(chr(ord(raw) - 0xFEE0), 1)]
    if raw[0] == "&":
        return [(unescape(raw)[:1] or "&", len(raw))]
    return [(chr(int(raw.lstrip("\\ux="), 16)), len(raw))]
