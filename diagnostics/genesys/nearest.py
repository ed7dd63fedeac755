"""Finds the published operations most similar to a call that isn't published, by edit distance over path segments."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from heapq import nlargest, nsmallest
from itertools import accumulate
from math import log

from diagnostics.genesys.operation import Operation
from diagnostics.genesys.paths import (
    BASE,
    LONGEST_PATH,
    PLAIN_WORD,
    is_parameter,
    is_placeholder,
    is_value,
    singular,
    split_path,
)

# The cost of one edit. Common mistakes are cheap. A word that few published paths have is expensive, because it shows
# what the caller wants. The method costs less than any word, because people try several methods.
OTHER_NUMBER = 0.2  # conversation for conversations
PART_OF_WORD = 0.5  # cobrowsesessions for cobrowse
WORD_AS_VALUE = 1.5
VALUE_AS_WORD = 2.5
MISSING_VALUE = 0.6
MISSING_WORD = 1.0
EXTRA_VALUE = 0.6
EXTRA_UNPUBLISHED = 0.3
EXTRA_WORD = 1.0
RARITY = 0.2  # added to EXTRA_WORD, times the logarithm of how rare the word is
REPLACED = 0.7  # added to the cost of the extra word, if another word takes its position
OTHER_METHOD = 0.25
READ_FOR_WRITE = 0.15
UNREQUESTED_DELETE = 0.4  # a typo must not lead anybody to a deletion
DEPRECATED = 0.2  # less than OTHER_METHOD, so that the requested method stays first
PREVIEW = 0.1

READS = frozenset({"GET", "HEAD"})
# Words of unpublished paths that people still use: retired resources, and what they put after "cobrowse".
UNPUBLISHED_MEDIA = frozenset({"chat", "webchat"})
UNPUBLISHED_COBROWSE = frozenset({"session", "invite", "start", "create", "initiate"})

# Words of unpublished paths, and the operation that does what their callers want.
SUBSTITUTES = (
    (frozenset({"cobrowse", "provider"}), ("GET", "/api/v2/webdeployments/deployments")),
    (frozenset({"oauth", "token"}), ("GET", "/api/v2/tokens/me")),
    (frozenset({"oauth", "tokeninfo"}), ("GET", "/api/v2/tokens/me")),
)

CANDIDATES = 150  # paths that share the rarest words with the call; the distance is computed only for these
LONGEST_QUERY = 20  # segments; the longest published path has 15
LONGEST_WORD = 60
SIMILAR = 0.75  # the ratio from which an unknown word counts as a misspelled published one
LEADING_BASE = re.compile(r"^(?:.*/api/v\d+(?=/|$)|(?:/*(?:api|v\d+)(?=/|$))*)/*", re.IGNORECASE | re.DOTALL)


class Nearness:
    """An index of operations. Building it is expensive; a query takes a few milliseconds."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.by_path: dict[str, list[Operation]] = defaultdict(list)
        for operation in operations:
            self.by_path[operation.path].append(operation)
        self.tails = {path: split_path(path.removeprefix(BASE)) for path in self.by_path}
        self.missing = {path: [missing_cost(segment) for segment in tail] for path, tail in self.tails.items()}
        self.paths_with: dict[str, list[str]] = defaultdict(list)
        for path, tail in self.tails.items():
            for word in {singular(segment) for segment in tail if not is_parameter(segment)}:
                self.paths_with[word].append(path)

    def nearest(self, method: str, path: str, n: int = 3) -> tuple[Operation, ...]:
        segments = self._segments_of(path)
        words = {singular(segment) for segment in segments}
        substitutes = [key for unpublished, key in SUBSTITUTES if unpublished <= words]
        found = [operation for key in substitutes for operation in self.by_path.get(key[1], ()) if operation.key == key]
        ranked = [operation for _, operation in self._ranked(method.upper(), segments, n)]
        return tuple(dict.fromkeys([*found, *ranked]))[:n]

    def _ranked(self, method: str, segments: Sequence[str], n: int) -> list[tuple[float, Operation]]:
        edits = Edits(segments, self._rarity)
        measured = (
            (distance + method_cost(method, operation), operation)
            for path in self._candidates(segments)
            for distance in [edits.distance(self.tails[path], self.missing[path])]
            for operation in self.by_path[path]
        )
        return nsmallest(n, measured, key=lambda pair: (pair[0], len(pair[1].path), pair[1].path, pair[1].method))

    def _candidates(self, segments: Sequence[str]) -> list[str]:
        """The paths that share the most words with the call, weighted by rarity."""
        weights: dict[str, float] = defaultdict(float)
        for word in {singular(segment) for segment in segments}:
            paths = self.paths_with.get(word, ())
            for path in paths:
                weights[path] += self._rarity(word)
        return nlargest(CANDIDATES, weights, key=lambda path: (weights[path], -len(path), path))

    def _rarity(self, word: str) -> float:
        """0 for a word in no published path, about 1 for one in nearly all, 8 for one in a single path."""
        paths = len(self.paths_with.get(word, ()))
        return log(1 + len(self.by_path) / paths) if paths else 0.0

    def _segments_of(self, path: str) -> list[str]:
        """The call's segments after the base, with misspelled words corrected."""
        tail = LEADING_BASE.sub("", path[:LONGEST_PATH], count=1)
        segments = [part[:LONGEST_WORD] for part in split_path(tail) if is_value(part)][:LONGEST_QUERY]
        return [self._published_word(segment) for segment in segments]

    def _published_word(self, segment: str) -> str:
        word = singular(segment)
        is_unpublished = word in UNPUBLISHED_MEDIA | UNPUBLISHED_COBROWSE
        if word in self.paths_with or is_unpublished or not is_plain_word(segment):
            return segment
        close = [known for known in self.paths_with if abs(len(known) - len(word)) <= 2 and shares_an_end(known, word)]
        similarity = {known: SequenceMatcher(None, word, known).ratio() for known in close}
        best = max(close, key=lambda known: (similarity[known], known), default="")
        return best if similarity.get(best, 0.0) >= SIMILAR else segment


class Edits:
    """Computes the cost of turning the segments of one call into those of published paths."""

    def __init__(self, segments: Sequence[str], rarity: Callable[[str], float]) -> None:
        self.segments = segments
        words = [singular(segment) for segment in segments]
        self.words = [word if is_plain_word(word) or rarity(word) else "" for word in words]
        self.extra = [self._extra(word, rarity) for word in self.words]
        self._change: dict[tuple[int, str], float] = {}

    def _extra(self, word: str, rarity: Callable[[str], float]) -> float:
        if not word:
            return EXTRA_VALUE
        if word in UNPUBLISHED_MEDIA or (word in UNPUBLISHED_COBROWSE and "cobrowse" in self.words):
            return EXTRA_UNPUBLISHED
        return EXTRA_WORD + RARITY * rarity(word)

    def change(self, position: int, published: str) -> float:
        """The cost of turning one segment of the call into a published one."""
        key = position, published
        if key not in self._change:
            self._change[key] = self._compute_change(position, published)
        return self._change[key]

    def _compute_change(self, position: int, published: str) -> float:
        word = self.words[position]
        if is_parameter(published):
            return WORD_AS_VALUE if word else 0.0
        if not word:
            return VALUE_AS_WORD
        if self.segments[position] == published:
            return 0.0
        if word == singular(published):
            return OTHER_NUMBER
        return PART_OF_WORD if is_prefix_pair(word, published) else self.extra[position] + REPLACED

    def distance(self, tail: Sequence[str], missing: Sequence[float]) -> float:
        """The edit distance between the call's segments and the published ones, whose costs if missing are `missing`."""
        row = list(accumulate(missing, initial=0.0))
        for position, extra in enumerate(self.extra):
            changes = [self.change(position, published) for published in tail]
            previous, row = row, [row[0] + extra]
            for column, change in enumerate(changes):
                row.append(min(previous[column] + change, previous[column + 1] + extra, row[-1] + missing[column]))
        return row[-1]


def missing_cost(published: str) -> float:
    return MISSING_VALUE if is_parameter(published) else MISSING_WORD


def method_cost(method: str, operation: Operation) -> float:
    """An unknown method ("") costs nothing. Suggesting a read for a write, or the reverse, costs extra."""
    cost = DEPRECATED * operation.deprecated + PREVIEW * operation.preview
    if method in ("", operation.method):
        return cost
    cost += OTHER_METHOD + UNREQUESTED_DELETE * (operation.method == "DELETE")
    return cost + READ_FOR_WRITE * ((method in READS) != (operation.method in READS))


def is_plain_word(segment: str) -> bool:
    return PLAIN_WORD.fullmatch(segment) is not None and not is_placeholder(segment)


def is_prefix_pair(one: str, other: str) -> bool:
    """Is one a prefix of the other, as in cobrowse and cobrowsesessions? Not for short words, which are too common."""
    return min(len(one), len(other)) >= 6 and (one.startswith(other) or other.startswith(one))


def shares_an_end(one: str, other: str) -> bool:
    """A cheap filter before the full comparison: typos rarely affect both the start and the end of a word."""
    return one[:1] == other[:1] or one[-3:] == other[-3:]
