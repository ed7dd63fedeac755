"""The calls that a paste holds: which one is taken, and how the others are offered."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from diagnostics.parsing.call import Choice, FailingCall, Parsed
from diagnostics.parsing.draft import Draft, copy_of

MAX_OFFERS = 50  # more calls than a person would look through
LONGEST_LABEL = 160
GENESYS = re.compile(r"/api/v2/|/oauth/token|mypurecloud|pure\.cloud", re.IGNORECASE)


@dataclass(frozen=True)
class Spot:
    """Where a call begins and ends in a text. `fill` reads it, and the answer that may stand between its end and the
    place given, where the next call begins."""

    at: int
    end: int
    fill: Callable[[int], Draft]


@dataclass(frozen=True)
class Offer:
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
    def of(cls, read: Callable[[], Draft], at: int = 0, end: int = 0, whole: bool = True) -> "Offer":
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


def shortlist(offers: Sequence[Offer]) -> list[Offer]:
    """The likeliest of them, in the order of the text. Of a shortlist it is the same list again."""
    if len(offers) <= MAX_OFFERS:
        return list(offers)
    ranked = sorted(range(len(offers)), key=lambda place: offers[place].rank, reverse=True)
    return [offers[place] for place in sorted(ranked[:MAX_OFFERS])]


def best(offers: Sequence[Offer]) -> int:
    """The place of the likeliest; the first one wins where two are alike, but of attempts at one call the last."""
    first = max(range(len(offers)), key=lambda place: offers[place].rank)
    likeliest = offers[first]
    attempts = [
        place
        for place, each in enumerate(offers)
        if place >= first
        and (each.method, each.url, each.rank) == (likeliest.method, likeliest.url, likeliest.rank)
        and each.status is not None
    ]
    return attempts[-1] if attempts else first


def choice_of(index: int, parsed: Parsed, title: str) -> Choice:
    """How the screen names a call. `title` holds no secret any more."""
    call, answer = parsed.call, parsed.answer
    words = f"{call.method} {_address(call)}".strip() if call else "an answer alone"
    if answer and answer.status:
        words += f" → {answer.status}"
    elif answer and answer.network_error:
        words += " → no answer"
    named = f"{title}: {words}" if title else words
    return Choice(index, named if len(named) <= LONGEST_LABEL else f"{named[: LONGEST_LABEL - 1]}…")


def _address(call: FailingCall) -> str:
    address = call.url.split("?", 1)[0].removeprefix("https://")
    return address or f"{call.sdk_method} (method of an SDK)"
