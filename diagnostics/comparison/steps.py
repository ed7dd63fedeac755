"""The step from one verdict to another: its kind, and which of the two runs comes first."""

from dataclasses import dataclass
from enum import StrEnum

from diagnostics.comparison.side import Side
from diagnostics.engine import causes


class StepKind(StrEnum):
    """How the verdict changed."""

    SAME_RUN = "same_run"
    NO_VERDICT = "no_verdict"
    SAME = "same"
    CERTAINTY = "sureness"
    BROKE = "broke"
    FIXED = "mended"
    OTHER = "other"
    BECAME_UNKNOWN = "lost_sight"
    BECAME_KNOWN = "seen_again"


@dataclass(frozen=True)
class VerdictStep:
    """`first` and `second` are in order of time, or, for two clients, the working one comes first."""

    kind: StepKind
    first: Side
    second: Side

    @property
    def is_same_client(self) -> bool:
        return self.first.client_pk == self.second.client_pk


def step_between(a: Side, b: Side) -> VerdictStep:
    first, second = (b, a) if _comes_first(b, a) else (a, b)
    return VerdictStep(_kind(first, second), first, second)


def _comes_first(one: Side, other: Side) -> bool:
    if one.client_pk == other.client_pk:
        return (one.at, one.pk) < (other.at, other.pk)
    return one.is_good and not other.is_good


def _kind(first: Side, second: Side) -> StepKind:
    if first.pk == second.pk:
        return StepKind.SAME_RUN
    if any(side.is_open or not side.cause or _is_incomplete(side) for side in (first, second)):
        return StepKind.NO_VERDICT
    if first.cause == second.cause:
        return StepKind.SAME if first.certainty == second.certainty else StepKind.CERTAINTY
    if second.cause == causes.UNDETERMINED:
        return StepKind.BECAME_UNKNOWN
    if first.cause == causes.UNDETERMINED:
        return StepKind.BECAME_KNOWN
    if first.cause == causes.NONE:
        return StepKind.BROKE
    return StepKind.FIXED if second.cause == causes.NONE else StepKind.OTHER


def _is_incomplete(side: Side) -> bool:
    """An interrupted run may be undetermined only because it didn't get far enough."""
    return side.was_cut_short and side.cause == causes.UNDETERMINED
