"""From one verdict to another: which step it is, and which of the two runs comes first in telling it."""

from dataclasses import dataclass
from enum import StrEnum

from diagnostics.comparison.side import Side
from diagnostics.engine import causes


class Kind(StrEnum):
    """What became of the verdict."""

    SAME_RUN = "same_run"
    NO_VERDICT = "no_verdict"
    SAME = "same"
    SURENESS = "sureness"
    BROKE = "broke"
    MENDED = "mended"
    OTHER = "other"
    LOST_SIGHT = "lost_sight"
    SEEN_AGAIN = "seen_again"


@dataclass(frozen=True)
class VerdictStep:
    """`first` and `second` in the order of time, or, for two clients, from the one that works to the one that fails."""

    kind: Kind
    first: Side
    second: Side

    @property
    def in_time(self) -> bool:
        """Time passed for one client; of two clients neither comes before the other."""
        return self.first.client_pk == self.second.client_pk


def step_between(a: Side, b: Side) -> VerdictStep:
    first, second = (b, a) if _comes_first(b, a) else (a, b)
    return VerdictStep(_kind(first, second), first, second)


def _comes_first(one: Side, other: Side) -> bool:
    if one.client_pk == other.client_pk:
        return (one.at, one.pk) < (other.at, other.pk)
    return one.is_good and not other.is_good


def _kind(first: Side, second: Side) -> Kind:
    if first.pk == second.pk:
        return Kind.SAME_RUN
    if any(each.is_open or not each.cause or _fell_short(each) for each in (first, second)):
        return Kind.NO_VERDICT
    if first.cause == second.cause:
        return Kind.SAME if first.certainty == second.certainty else Kind.SURENESS
    if second.cause == causes.UNDETERMINED:
        return Kind.LOST_SIGHT
    if first.cause == causes.UNDETERMINED:
        return Kind.SEEN_AGAIN
    if first.cause == causes.NONE:
        return Kind.BROKE
    return Kind.MENDED if second.cause == causes.NONE else Kind.OTHER


def _fell_short(side: Side) -> bool:
    """A run that was cut short could not tell because it did not get there, not because the org changed."""
    return side.was_cut_short and side.cause == causes.UNDETERMINED
