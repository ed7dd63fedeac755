"""Reads a text into claims and judges each against one contract. Pure: any text in, no exception out."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from diagnostics.claims import advice, calls, fields, headers, hosts, permissions, scopes, sdk, states
from diagnostics.claims.addresses import unglued
from diagnostics.claims.claim import Claim, ClaimVerdict, Judged, Kind, Subject, Text
from diagnostics.genesys.contract import Contract
from diagnostics.parsing.parse import MAX_PASTE, mask_within_budget
from diagnostics.redaction.masker import TooManySecrets
from diagnostics.text import time_budget
from diagnostics.text.time_budget import TimeBudgetExceeded

SUBJECTS: dict[Kind, Subject] = {
    each.kind: each
    for each in (
        calls.SUBJECT,
        fields.SUBJECT,
        scopes.SUBJECT,
        permissions.SUBJECT,
        sdk.SUBJECT,
        headers.SUBJECT,
        hosts.SUBJECT,
        states.SUBJECT,
        advice.SUBJECT,
    )
}
TITLES: dict[Kind, str] = {
    "call": "Paths and methods",
    "field": "Body fields",
    "scope": "Scopes",
    "permission": "Permissions",
    "sdk": "SDK methods",
    "header": "Headers",
    "host": "Hosts",
    "state": "States",
    "advice": "Advice",
}
SHOWN = 30_000  # characters of the text that are shown with its claims marked
MOST = 300  # different claims that are judged; a text with more is a log or a list
BEGINNING = 20_000  # characters that are checked of a text that takes too long as a whole
TOO_SLOW = "This text took too long to check. Only its first {:,} characters were checked; paste the rest separately."
TOO_MANY_SECRETS = (
    "This text holds too many values that look like secrets. Only its first {:,} characters were checked; "
    "paste the part in question."
)
NOTHING = "This text took too long to check, so nothing in it was checked. Paste only the part in question."
__all__ = ["MAX_PASTE", "TITLES", "Checked", "check_text"]


@dataclass(frozen=True)
class Piece:
    """A part of the text as pasted. `judged` is None where it claims nothing."""

    text: str
    judged: Judged | None = None


@dataclass(frozen=True)
class Checked:
    """`judged` in the order of the text. `left_off` counts the different claims beyond the most that are judged.

    `pieces` are the text's beginning, masked, in plain and claimed parts; `is_cut` says that it goes on behind them.
    `masked` is all that was checked, and `partial` the sentence that says so where that is the text's beginning only.
    """

    judged: tuple[Judged, ...]
    left_off: int = 0
    pieces: tuple[Piece, ...] = ()
    is_cut: bool = False
    masked: str = ""
    partial: str = ""

    @property
    def counts(self) -> dict[ClaimVerdict, int]:
        found = Counter(each.judgement.verdict for each in self.judged)
        return {verdict: found[verdict] for verdict in ClaimVerdict}

    @property
    def something_wrong(self) -> bool:
        return any(each.judgement.verdict is ClaimVerdict.WRONG for each in self.judged)

    @property
    def by_kind(self) -> list[tuple[str, list[Judged]]]:
        """Title and claims of each kind that was found, the wrong ones first."""
        order = list(ClaimVerdict)
        groups = []
        for kind, title in TITLES.items():
            mine = [each for each in self.judged if each.claim.kind == kind]
            if mine:
                groups.append((title, sorted(mine, key=lambda each: order.index(each.judgement.verdict))))
        return groups


def check_text(text: str, contract: Contract) -> Checked:
    """What the first MAX_PASTE characters claim. Secrets are masked before anything is read, so none is quoted.

    A text that takes too long as a whole is masked and checked in its beginning, and `partial` says so.
    """
    with time_budget.limited() as budget:
        try:
            return _check(text[:MAX_PASTE], contract)
        except TimeBudgetExceeded:
            sentence = TOO_SLOW
        except TooManySecrets:
            sentence = TOO_MANY_SECRETS
        budget.extend(time_budget.GRACE_SECONDS)
        beginning = time_budget.beginning(text, BEGINNING)
        try:
            checked = _check(beginning, contract)
        except (TimeBudgetExceeded, TooManySecrets):
            return Checked((), is_cut=True, partial=NOTHING)
        return replace(checked, is_cut=True, partial=sentence.format(len(beginning)))


def _check(text: str, contract: Contract) -> Checked:
    """Raises TimeBudgetExceeded, and TooManySecrets for a text of thousands of them."""
    shown = mask_within_budget(text)
    read = Text(unglued(shown))
    found = list(time_budget.checked(calls.find(read, contract)))
    read = replace(read, calls=tuple(found))
    others = (each.find(read, contract) for each in SUBJECTS.values() if each is not calls.SUBJECT)
    first: dict[tuple[str, ...], Claim] = {}
    times: Counter[tuple[str, ...]] = Counter()
    seen: set[tuple[object, ...]] = set()
    every = sorted(time_budget.checked(chain(found, *others)), key=lambda each: each.at)
    for claim in time_budget.checked(every):
        first.setdefault(claim.key, claim)
        times[claim.key] += (claim.at, *claim.key) not in seen
        seen.add((claim.at, *claim.key))
    lines = [match.start() for match in time_budget.checked(re.finditer("\n", read.whole))]
    judged = {}
    for number, (key, claim) in enumerate(list(first.items())[:MOST], 1):
        time_budget.check()
        judgement = SUBJECTS[claim.kind].judge(claim, contract)
        judged[key] = Judged(claim, judgement, number, bisect_right(lines, claim.at) + 1, times[key])
    pieces = tuple(_pieces(shown[:SHOWN], every, judged))
    return Checked(tuple(judged.values()), max(0, len(first) - MOST), pieces, len(shown) > SHOWN, shown)


def _pieces(shown: str, every: list[Claim], judged: dict[tuple[str, ...], Judged]) -> Iterator[Piece]:
    """The text cut at its claims. Where two claims overlap the longer of those that begin first is marked."""
    done = 0
    inside = (each for each in every if each.at < len(shown))
    for claim in sorted(inside, key=lambda each: (each.at, -_end_of(each, shown))):
        time_budget.check()
        end = _end_of(claim, shown)
        if claim.kind == "advice" or claim.key not in judged or not done <= claim.at < end <= len(shown):
            continue
        if claim.at > done:
            yield Piece(shown[done : claim.at])
        yield Piece(shown[claim.at : end], judged[claim.key])
        done = end
    if done < len(shown):
        yield Piece(shown[done:])


def _end_of(claim: Claim, shown: str) -> int:
    """Where the claim's own words end; 0 where they do not stand there as such."""
    end = claim.end or claim.at + len(claim.text)
    return end if claim.end or shown[claim.at : end].lower() == claim.text.lower() else 0
