"""Compares a providerId with those that an org knows: exact, in another case, similar, or unknown."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

NEAR = 0.75


class Likeness(StrEnum):
    """How similar an ID is to the IDs of an org, the best first."""

    EXACT = "exact"
    OTHER_CASE = "other_case"
    NEAR = "near"
    NONE = "none"


@dataclass(frozen=True)
class Match:
    """`nearest` is the org's spelling, "" if no ID is similar."""

    likeness: Likeness
    nearest: str = ""


def match_id(wanted: str, ids: Iterable[str]) -> Match:
    """Surrounding white space counts as another case: both are easy to miss, and a gateway compares exactly."""
    known = list(ids)
    if wanted in known:
        return Match(Likeness.EXACT, wanted)
    folded = wanted.strip().lower()
    same = next((id for id in known if id.lower() == folded), None)
    if same is not None:
        return Match(Likeness.OTHER_CASE, same)
    nearest = _nearest(wanted.lower(), known)
    return Match(Likeness.NEAR, nearest) if nearest else Match(Likeness.NONE)


def _nearest(folded: str, known: list[str]) -> str:
    """The most similar ID; of two with the same ratio, the last in alphabetical order."""
    best = (NEAR, "")
    matcher = SequenceMatcher(None)
    matcher.set_seq2(folded)
    for id in known:
        matcher.set_seq1(id.lower())
        if matcher.real_quick_ratio() >= best[0] and matcher.quick_ratio() >= best[0]:  # cheap upper bounds first
            best = max(best, (matcher.ratio(), id))
    return best[1]


def differs_by(wanted: str, same: str) -> str:
    """The difference in words, for two IDs that differ only in case or surrounding white space."""
    return "only in upper and lower case" if same.lower() == wanted.lower() else "in the spaces around it"
