"""The published operations nearest to a call that is not published: an edit distance over path segments."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from heapq import nlargest, nsmallest
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

# Costs of one edit. What people most often add or forget is cheap; a word that few published paths have is dear, for
# it carries the wish; the method weighs less than any word, because people try methods in turn.
OTHER_NUMBER = 0.2  # conversation for conversations
PART_OF_WORD = 0.5  # cobrowsesessions for cobrowse
WORD_AS_VALUE = 1.5
VALUE_AS_WORD = 2.5
FORGOTTEN_VALUE = 0.6
FORGOTTEN_WORD = 1.0
EXTRA_VALUE = 0.6
EXTRA_HEARSAY = 0.3
EXTRA_WORD = 1.0
RARITY = 0.2  # on top of an extra word, times the logarithm of how rare it is
EXCHANGED = 0.7  # on top of the extra word, for another one in its place
OTHER_METHOD = 0.25
READ_FOR_WRITE = 0.15
UNASKED_DELETE = 0.4  # nobody should be led to a deletion by a typing error
DEPRECATED = 0.2  # less than another method: what was asked for stays first
PREVIEW = 0.1

READS = frozenset({"GET", "HEAD"})
MEDIA_HEARSAY = frozenset({"chat", "webchat"})  # resources that the contract dropped; hearsay still puts them in paths
COBROWSE_HEARSAY = frozenset({"session", "invite", "start", "create", "initiate"})  # said to follow "cobrowse"

# Hearsay with nothing alike in the contract: what such a caller wants is published under other words.
WISHES = (
    (frozenset({"cobrowse", "provider"}), ("GET", "/api/v2/webdeployments/deployments")),
    (frozenset({"oauth", "token"}), ("GET", "/api/v2/tokens/me")),
    (frozenset({"oauth", "tokeninfo"}), ("GET", "/api/v2/tokens/me")),
)

CANDIDATES = 150  # paths that share the rarest words with the call; only these are measured in full
LONGEST_QUERY = 20  # segments; the longest published path has 15
LONGEST_WORD = 60
SIMILAR = 0.75  # ratio from which an unknown word counts as a misspelt published one
LEADING_BASE = re.compile(r"^(?:.*/api/v\d+(?=/|$)|(?:/*(?:api|v\d+)(?=/|$))*)/*", re.IGNORECASE | re.DOTALL)


class Nearness:
    """Built once for a table of operations; a question then costs a few milliseconds."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.by_path: dict[str, list[Operation]] = defaultdict(list)
        for operation in operations:
            self.by_path[operation.path].append(operation)
        self.tails = {path: split_path(path.removeprefix(BASE)) for path in self.by_path}
        self.paths_with: dict[str, list[str]] = defaultdict(list)
        for path, tail in self.tails.items():
            for word in {singular(segment) for segment in tail if not is_parameter(segment)}:
                self.paths_with[word].append(path)

    def nearest(self, method: str, path: str, n: int = 3) -> tuple[Operation, ...]:
        segments = self._segments_of(path)
        words = {singular(segment) for segment in segments}
        wished = [self._wished(key) for wish, key in WISHES if wish <= words]
        ranked = [operation for _, operation in self._ranked(method.upper(), segments, n)]
        return tuple(dict.fromkeys([*(each for each in wished if each), *ranked]))[:n]

    def _wished(self, key: tuple[str, str]) -> Operation | None:
        return next((each for each in self.by_path.get(key[1], ()) if each.method == key[0]), None)

    def _ranked(self, method: str, segments: Sequence[str], n: int) -> list[tuple[float, Operation]]:
        edits = Edits(segments, self._rarity)
        measured = (
            (distance + method_cost(method, operation), operation)
            for path in self._candidates(segments)
            for distance in [edits.distance(self.tails[path])]
            for operation in self.by_path[path]
        )
        return nsmallest(n, measured, key=lambda pair: (pair[0], len(pair[1].path), pair[1].path, pair[1].method))

    def _candidates(self, segments: Sequence[str]) -> list[str]:
        """The paths with most of the call's words, a rare word counting more than a common one."""
        weights: dict[str, float] = defaultdict(float)
        for word in {singular(segment) for segment in segments}:
            paths = self.paths_with.get(word, ())
            for path in paths:
                weights[path] += self._rarity(word)
        return nlargest(CANDIDATES, weights, key=lambda path: (weights[path], -len(path), path))

    def _rarity(self, word: str) -> float:
        """0 for a word that no published path has, about 1 for one that nearly all have, 8 for one in a single path."""
        paths = len(self.paths_with.get(word, ()))
        return log(1 + len(self.by_path) / paths) if paths else 0.0

    def _segments_of(self, path: str) -> list[str]:
        """The call's segments behind the base, misspelt words replaced by the published word they resemble."""
        behind_base = LEADING_BASE.sub("", path[:LONGEST_PATH], count=1)
        segments = [part[:LONGEST_WORD] for part in split_path(behind_base) if is_value(part)][:LONGEST_QUERY]
        return [self._published_word(segment) for segment in segments]

    def _published_word(self, segment: str) -> str:
        word = singular(segment)
        if word in self.paths_with or word in MEDIA_HEARSAY | COBROWSE_HEARSAY or not is_similar_word(segment):
            return segment
        close = [known for known in self.paths_with if abs(len(known) - len(word)) <= 2 and same_edge(known, word)]
        likeness = {known: SequenceMatcher(None, word, known).ratio() for known in close}
        best = max(close, key=lambda known: (likeness[known], known), default="")
        return best if likeness.get(best, 0.0) >= SIMILAR else segment


class Edits:
    """What it costs to turn the segments of one call into those of published paths."""

    def __init__(self, segments: Sequence[str], rarity: Callable[[str], float]) -> None:
        self.segments = segments
        words = [singular(segment) for segment in segments]
        self.words = [word if is_similar_word(word) or rarity(word) else "" for word in words]
        self.extra = [self._extra(word, rarity) for word in self.words]
        self._change: dict[tuple[int, str], float] = {}

    def _extra(self, word: str, rarity: Callable[[str], float]) -> float:
        if not word:
            return EXTRA_VALUE
        if word in MEDIA_HEARSAY or (word in COBROWSE_HEARSAY and "cobrowse" in self.words):
            return EXTRA_HEARSAY
        return EXTRA_WORD + RARITY * rarity(word)

    def change(self, position: int, published: str) -> float:
        """From one segment of the call to one published segment."""
        key = position, published
        if key not in self._change:
            self._change[key] = self._exchange(position, published)
        return self._change[key]

    def _exchange(self, position: int, published: str) -> float:
        word = self.words[position]
        if is_parameter(published):
            return WORD_AS_VALUE if word else 0.0
        if not word:
            return VALUE_AS_WORD
        if self.segments[position] == published:
            return 0.0
        if word == singular(published):
            return OTHER_NUMBER
        return PART_OF_WORD if one_holds_the_other(word, published) else self.extra[position] + EXCHANGED

    def distance(self, tail: Sequence[str]) -> float:
        """The cheapest way from the call's segments to the published ones, as in any edit distance."""
        row = [0.0]
        for published in tail:
            row.append(row[-1] + forgotten(published))
        for position, extra in enumerate(self.extra):
            previous, row = row, [row[0] + extra]
            for column, published in enumerate(tail):
                changed = previous[column] + self.change(position, published)
                row.append(min(changed, previous[column + 1] + extra, row[-1] + forgotten(published)))
        return row[-1]


def forgotten(published: str) -> float:
    return FORGOTTEN_VALUE if is_parameter(published) else FORGOTTEN_WORD


def method_cost(method: str, operation: Operation) -> float:
    """An unknown method ("") costs nothing; a read offered for a write, or the reverse, is the poorer answer."""
    cost = DEPRECATED * operation.deprecated + PREVIEW * operation.preview
    if method in ("", operation.method):
        return cost
    cost += OTHER_METHOD + UNASKED_DELETE * (operation.method == "DELETE")
    return cost + READ_FOR_WRITE * ((method in READS) != (operation.method in READS))


def is_similar_word(segment: str) -> bool:
    return PLAIN_WORD.fullmatch(segment) is not None and not is_placeholder(segment)


def one_holds_the_other(one: str, other: str) -> bool:
    """cobrowsesessions begins with cobrowse; short words begin too many others to mean anything."""
    return min(len(one), len(other)) >= 6 and (one.startswith(other) or other.startswith(one))


def same_edge(one: str, other: str) -> bool:
    """Cheap sieve before the costly comparison: slips seldom touch both the start and the end of a word."""
    return one[:1] == other[:1] or one[-3:] == other[-3:]
