"""The calls that a paste holds: which one is taken, and how the others are offered."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from diagnostics.parsing.call import Choice, FailingCall, Parsed
from diagnostics.parsing.draft import Draft, copy_of

MAX_CANDIDATES = 50  # more calls than a person would look through
MAX_LABEL = 160
GENESYS = re.compile(r"/api/v2/|/oauth/token|mypurecloud|pure\.cloud", re.IGNORECASE)


@dataclass(frozen=True)
class CallSpan:
    """Where a call begins and ends in a text. `fill` reads it, and the answer that may stand between its end and the
    place given, where the next call begins."""

    at: int
    end: int
    fill: Callable[[int], Draft]


@dataclass(frozen=True)
class Candidate:
    """One call, before it is read in full. `status` is that of its answer, 0 when none came, None when not known.

    `title` is the name that its source gives it. `at` and `end` are its place in the text. `whole` is false for a call
    that stands in a sentence or an address only.
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
        """Reads it once, to know what it is, and keeps what was read."""
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
        """A call to Genesys before others, one that may have failed before one that worked, cobrowse before the rest."""
        name = f"{self.url} {self.title}".lower()
        cobrowse = "cobrowse" in name
        failed = self.status is not None and (self.status == 0 or self.status >= 400)
        return (
            cobrowse or GENESYS.search(self.url) is not None,
            (failed or self.status is None) and self.method != "OPTIONS",
            cobrowse,
            failed,
            "/" in self.url,
            self.whole,
        )


def most_likely(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The likeliest of them, in the order of the text. Of a shortlist it is the same list again."""
    if len(candidates) <= MAX_CANDIDATES:
        return list(candidates)
    ranked = sorted(range(len(candidates)), key=lambda place: candidates[place].rank, reverse=True)
    return [candidates[place] for place in sorted(ranked[:MAX_CANDIDATES])]


def most_likely_index(candidates: Sequence[Candidate]) -> int:
    """The place of the likeliest; the first one wins where two are alike, but of attempts at one call the last."""
    first = max(range(len(candidates)), key=lambda place: candidates[place].rank)
    likeliest = candidates[first]
    attempts = [
        place
        for place, each in enumerate(candidates)
        if place >= first
        and (each.method, each.url, each.rank) == (likeliest.method, likeliest.url, likeliest.rank)
        and each.status is not None
    ]
    return attempts[-1] if attempts else first


def choice_of(index: int, parsed: Parsed, title: str) -> Choice:
    """How the screen names a call. `title` holds no secret any more."""
    call, response = parsed.call, parsed.response
    words = f"{call.method} {_address(call)}".strip() if call else "an answer alone"
    if response and response.status:
        words += f" → {response.status}"
    elif response and response.network_error:
        words += " → no answer"
    named = f"{title}: {words}" if title else words
    return Choice(index, named if len(named) <= MAX_LABEL else f"{named[: MAX_LABEL - 1]}…")


def _address(call: FailingCall) -> str:
    address = call.url.split("?", 1)[0].removeprefix("https://")
    return address or f"{call.sdk_method} (method of an SDK)"
