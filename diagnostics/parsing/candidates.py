"""The calls found in a paste: which one is the most likely, and how the others are listed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from diagnostics.genesys.paths import UUID
from diagnostics.parsing.call import Choice, FailingCall, Parsed
from diagnostics.parsing.draft import Draft, copy_of

MAX_CANDIDATES = 50
MAX_LABEL = 160
GENESYS = re.compile(r"/api/v2/|/oauth/token|mypurecloud|pure\.cloud", re.IGNORECASE)


@dataclass(frozen=True)
class CallSpan:
    """The span of a call in a text. `fill` parses it, given the offset of the next call, which ends its response."""

    at: int
    end: int
    fill: Callable[[int], Draft]


@dataclass(frozen=True)
class Candidate:
    """A call in a paste. `status` is that of its response: 0 if none arrived, None if it isn't known.

    `title` is the name that its source gives it. It spans `at` to `end` in the text. `whole` is false for a call that is
    only a line in a sentence or an address.
    """

    read: Callable[[], Draft]
    method: str = ""
    url: str = ""
    status: int | None = None
    title: str = ""
    at: int = 0
    end: int = 0
    whole: bool = True

    @classmethod
    def of(cls, read: Callable[[], Draft], at: int = 0, end: int = 0, whole: bool = True) -> "Candidate":
        """Parses the call once, so that its method, URL and status are known."""
        draft = read()
        return cls(
            partial(copy_of, draft),
            draft.method,
            draft.url or draft.sdk_method,
            draft.status,
            at=at,
            end=end,
            whole=whole,
        )

    @property
    def rank(self) -> tuple[bool, ...]:
        """Sorts calls to Genesys Cloud before others, failed before successful, cobrowse before the rest."""
        name = f"{self.url} {self.title}".lower()
        cobrowse = "cobrowse" in name
        failed = self.status is not None and (self.status == 0 or self.status >= 400)
        return (
            cobrowse or GENESYS.search(self.url) is not None,
            (failed or self.status is None) and self.method != "OPTIONS",
            cobrowse,
            self.method != "OPTIONS",  # with it a browser asks before it calls
            failed,
            "/" in self.url,
            self.whole,
        )


def most_likely(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The MAX_CANDIDATES most likely calls, in the order of the text."""
    if len(candidates) <= MAX_CANDIDATES:
        return list(candidates)
    ranked = sorted(range(len(candidates)), key=lambda index: candidates[index].rank, reverse=True)
    return [candidates[index] for index in sorted(ranked[:MAX_CANDIDATES])]


def most_likely_index(candidates: Sequence[Candidate]) -> int:
    """The index of the most likely call: the first of equals, but the last attempt at the same call."""
    named = [GENESYS.search(each.url) is not None and "cobrowse" in each.url.lower() for each in candidates]
    # A path alone can be of the caller's own server, if another call names the API.
    first = max(range(len(candidates)), key=lambda index: (named[index] or not any(named), candidates[index].rank))
    best = candidates[first]
    attempts = [
        index
        for index, candidate in enumerate(candidates)
        if index >= first
        and (candidate.method, candidate.url, candidate.rank) == (best.method, best.url, best.rank)
        and candidate.status is not None
    ]
    index = attempts[-1] if attempts else first
    return _corrected(candidates, index)


def _corrected(candidates: Sequence[Candidate], index: int) -> int:
    """The index of a later call for the same conversation in which the path was corrected, so that it worked, or the method
    that the API refused."""
    best = candidates[index]
    ids = UUID.findall(best.url)
    if not ids or not best.status or best.status < 400:
        return index
    later = [
        number
        for number, each in enumerate(candidates)
        if number > index and each.method == best.method and each.url != best.url and UUID.findall(each.url) == ids
    ]
    last = later[-1] if later else index
    is_fixed = 200 <= (candidates[last].status or 0) < 300 and "cobrowse" in candidates[last].url.lower()
    if is_fixed and "cobrowse" in best.url.lower():
        return last
    other_methods = [
        number for number, each in enumerate(candidates) if number > index and each.url == best.url and each.status
    ]
    return other_methods[-1] if best.status == 405 and other_methods else index


def choice_of(index: int, parsed: Parsed, title: str) -> Choice:
    """The label of a call on the page. `title` is masked."""
    call, response = parsed.call, parsed.response
    label = f"{call.method} {_address(call)}".strip() if call else "an answer alone"
    if response and response.status:
        label += f" → {response.status}"
    elif response and response.network_error:
        label += " → no answer"
    label = f"{title}: {label}" if title else label
    return Choice(index, label if len(label) <= MAX_LABEL else f"{label[: MAX_LABEL - 1]}…")


def _address(call: FailingCall) -> str:
    address = call.url.split("?", 1)[0].removeprefix("https://")
    return address or f"{call.sdk_method} (method of an SDK)"
