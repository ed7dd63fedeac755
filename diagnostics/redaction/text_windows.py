"""Narrows an expensive search to the parts of a text where it can match: patterns over a megabyte cost half a second."""

import re
from collections.abc import Iterable, Iterator

from diagnostics.text import time_budget

Window = tuple[int, int]


def around(places: Iterable[Window], before: int, after: int, size: int) -> Iterator[Window]:
    """The places, in order, with so many characters on both sides; those that touch become one."""
    start = end = -1
    for first, last in places:
        if first - before > end:
            if end >= 0:
                yield start, end
            start, end = max(0, first - before), min(size, last + after)
        else:
            end = max(end, min(size, last + after))
    if end >= 0:
        yield start, end


def around_words(text: str, words: Iterable[str], before: int, after: int) -> list[Window]:
    """Around each of the lowercase words, in whatever case the text has them; the whole text where that isn't certain."""
    lower = text.lower()
    found = [word for word in words if word in lower]
    if len(lower) != len(text):
        return [(0, len(text))] if found else []
    places = sorted(place for word in found for place in _places(lower, word))
    return list(around(((at, at) for at in places), before, after, len(text)))


def matches(pattern: re.Pattern[str], text: str, windows: Iterable[Window]) -> Iterator[re.Match[str]]:
    """Those that begin and end inside a window, as if the whole text was searched. Checks the time budget."""
    for start, end in windows:
        yield from time_budget.checked(pattern.finditer(text, start, end))


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        time_budget.check()
        yield at
        at = text.find(word, at + len(word))
