"""Finds the entries of a HAR that arrives in pieces, so that its size doesn't matter."""

import re
from collections.abc import Callable
from typing import Any

from diagnostics.text import time_budget
from diagnostics.text.cleaning import read_json

ENTRIES = re.compile(r"(?<!\\)\"entries\"\s*:\s*\[")
OUTSIDE = re.compile(r"[\"{}\[\]]")
INSIDE = re.compile(r"[\"\\]")
STEP = 65_536  # characters scanned at a time
MAX_STRING = 100_000
MAX_ENTRY = 2_000_000


class EntryScanner:
    """Scans a HAR in pieces and passes each complete entry to `keep`. Holds only one entry in memory."""

    def __init__(self, keep: Callable[[dict[str, Any]], None]) -> None:
        self.keep = keep
        self.total = 0
        self.unread = 0
        self.finished = False
        self._head: str | None = ""
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._pieces: list[str] = []
        self._size = 0
        self._string = 0

    def feed(self, text: str) -> None:
        for at in range(0, len(text), STEP):
            self._feed(text[at : at + STEP])

    def _feed(self, text: str) -> None:
        if self.finished:
            return
        if self._head is not None:
            text = self._head + text
            found = ENTRIES.search(text)
            self._head = None if found else text[-200:]
            if found is None:
                return
            text = text[found.end() :]
        self._scan(text)

    def _scan(self, text: str) -> None:
        at, start = 0, 0
        while at < len(text) and not self.finished:
            if self._escaped:
                self._escaped, at = False, at + 1
                continue
            found = (INSIDE if self._in_string else OUTSIDE).search(text, at)
            if found is None:
                break
            at = found.end()
            time_budget.check()
            start = self._sign(found[0], text, start, at)
        self._rest(text, start)

    def _sign(self, sign: str, text: str, start: int, at: int) -> int:
        """Handles a bracket, quote or backslash that ends at `at`; returns the start of the text that isn't stored yet."""
        if sign == "\\":
            self._escaped = True
        elif sign == '"':
            if self._in_string and self._string > MAX_STRING:
                start = at - 1  # the part before was left out
            self._in_string, self._string = not self._in_string, 0
        elif sign in "{[":
            start = at - 1 if self._depth == 0 else start
            self._depth += 1
        elif self._depth == 0:
            self.finished = sign == "]"
        else:
            self._depth -= 1
            if self._depth == 0:
                self._store(text[start:at])
                self._end()
                return at
        return start

    def _rest(self, text: str, start: int) -> None:
        if self._depth == 0 or self.finished:
            return
        if not self._in_string:
            self._store(text[start:])
            return
        if self._string <= MAX_STRING:
            self._string += len(text) - start
            piece = text[start:]
            self._store(piece if self._string <= MAX_STRING else _without_half_an_escape(piece))

    def _store(self, piece: str) -> None:
        self._size += len(piece)
        if self._size <= MAX_ENTRY:
            self._pieces.append(piece)

    def _end(self) -> None:
        raw, size = "".join(self._pieces), self._size
        self._pieces, self._size = [], 0
        self.total += 1
        try:
            entry = read_json(raw) if size <= MAX_ENTRY else None
        except ValueError:
            entry = None
        if isinstance(entry, dict) and url_of(entry):
            self.keep(entry)
        else:
            self.unread += 1


def url_of(entry: dict[str, Any]) -> str:
    request = entry.get("request")
    url = request.get("url") if isinstance(request, dict) else None
    return url.strip() if isinstance(url, str) else ""


def _without_half_an_escape(piece: str) -> str:
    """The text without a backslash near its end whose escape sequence may be incomplete."""
    return piece[: piece.rindex("\\")].rstrip("\\") if "\\" in piece[-6:] else piece
