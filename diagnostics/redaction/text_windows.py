"""Limits an expensive search to the parts of a text where it can match. One pattern takes half a second per megabyte."""

import re
from collections.abc import Iterable, Iterator

from diagnostics.text import time_budget

Window = tuple[int, int]


def around(spans: Iterable[Window], before: int, after: int, size: int) -> Iterator[Window]:
    """Extend the sorted spans by `before` and `after` characters and merge those that overlap.

    `size` is the length of the text.
    """
    start = end = -1
    for first, last in spans:
        if first - before > end:
            if end >= 0:
                yield start, end
            start, end = max(0, first - before), min(size, last + after)
        else:
            end = max(end, min(size, last + after))
    if end >= 0:
        yield start, end


def around_words(text: str, words: Iterable[str], before: int, after: int) -> list[Window]:
    """Windows around each occurrence of the lowercase words, ignoring case.

    If lowercasing changes the length of the text, positions can't be mapped, and the window is the whole text.
    """
    lower = text.lower()
    found = [word for word in words if word in lower]
    if len(lower) != len(text):
        return [(0, len(text))] if found else []
    positions = sorted(position for word in found for position in _positions(lower, word))
    return list(around(((position, position) for position in positions), before, after, len(text)))


def matches(pattern: re.Pattern[str], text: str, windows: Iterable[Window]) -> Iterator[re.Match[str]]:
    """Matches that begin and end inside a window; look-behind sees the text before it. Checks the time budget."""
    for start, end in windows:
        yield from time_budget.checked(pattern.finditer(text, start, end))


def _positions(text: str, word: str) -> Iterator[int]:
    position = text.find(word)
    while position >= 0:
        time_budget.check()
        yield position
        position = text.find(word, position + len(word))
