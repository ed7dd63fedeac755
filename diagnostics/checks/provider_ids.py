"""Is a providerId one of those an org knows: letter for letter, in another case, nearly, or not at all? Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

NEAR = 0.75


class Likeness(StrEnum):
    """How a wanted id compares with the ids of an org, the best first."""

    EXACT = "exact"
    OTHER_CASE = "other_case"
    NEAR = "near"
    NONE = "none"


@dataclass(frozen=True)
class Match:
    """`nearest` is the org's own spelling, "" where nothing comes near."""

    likeness: Likeness
    nearest: str = ""


def match_id(wanted: str, ids: Iterable[str]) -> Match:
    """Other case includes white space around it: both are invisible to a person, and a gateway compares exactly."""
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
    """The likeliest id, the last by alphabet where two are alike; the cheap upper bounds are asked first."""
    best = (NEAR, "")
    likeness = SequenceMatcher(None)
    likeness.set_seq2(folded)
    for id in known:
        likeness.set_seq1(id.lower())
        if likeness.real_quick_ratio() >= best[0] and likeness.quick_ratio() >= best[0]:
            best = max(best, (likeness.ratio(), id))
    return best[1] if best[0] >= NEAR else ""


def differs_by(wanted: str, same: str) -> str:
    """In words, for two ids that are alike but for case or the white space around them."""
    return "only in upper and lower case" if same.lower() == wanted.lower() else "in the white space around it"
