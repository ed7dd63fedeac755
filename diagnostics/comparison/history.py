"""The history of a target: its verdicts over time as streaks, when it broke, and whether it flaps."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from diagnostics.engine import causes

# A target flaps if the same cause followed a good run at least FLAPS times within the last RECENT runs with a verdict.
RECENT = 30
FLAPS = 3


class PointState(StrEnum):
    """The state of the target according to one run. `UNKNOWN` doesn't end a streak."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Point:
    """The verdict of a run. `is_whole` is false for a run that isn't finished, or ran only one branch of the checks."""

    pk: int
    at: datetime
    cause: str
    certainty: str = ""
    is_whole: bool = True

    @property
    def state(self) -> PointState:
        if not self.is_whole or self.cause in ("", causes.UNDETERMINED):
            return PointState.UNKNOWN
        return PointState.GOOD if self.cause == causes.NONE else PointState.BAD

    @property
    def title(self) -> str:
        return causes.title_of(self.cause) if self.cause else "No verdict"


@dataclass(frozen=True)
class Streak:
    """Consecutive runs with the same verdict: all good, or all with one cause. `unknown` are runs among or after them."""

    points: tuple[Point, ...]
    unknown: tuple[Point, ...] = ()

    @property
    def first(self) -> Point:
        return self.points[0]

    @property
    def last(self) -> Point:
        return self.points[-1]

    @property
    def is_good(self) -> bool:
        return self.first.state is PointState.GOOD


@dataclass(frozen=True)
class Flip:
    """The step from one streak to the next. `unknown` are the runs in between, so the exact time isn't known."""

    before: Point
    after: Point
    unknown: tuple[Point, ...] = ()


@dataclass(frozen=True)
class TargetHistory:
    """A target's runs, oldest first."""

    points: tuple[Point, ...]
    streaks: tuple[Streak, ...]
    flips: tuple[Flip, ...]
    flapping: str = ""  # the cause that comes and goes, if any

    @property
    def flapping_title(self) -> str:
        return causes.title_of(self.flapping) if self.flapping else ""

    def break_before(self, pk: int) -> Flip | None:
        """The last step from a good to a bad run at or before this run; None if there is none."""
        end = next((index for index, point in enumerate(self.points) if point.pk == pk), len(self.points) - 1)
        breaks = _breaks(self.points[: end + 1])
        return _flip_between(*breaks[-1], self.points, _positions(self.points)) if breaks else None

    def earlier_breaks(self, flip: Flip) -> tuple[Flip, ...]:
        """Earlier breaks with the same cause, oldest first."""
        positions = _positions(self.points)
        return tuple(
            _flip_between(before, after, self.points, positions)
            for before, after in _breaks(point for point in self.points if point.pk < flip.after.pk)
            if after.cause == flip.after.cause
        )

    def fixed_after(self, flip: Flip) -> Point | None:
        """The first good run after a break."""
        later = (point for point in self.points if (point.at, point.pk) > (flip.after.at, flip.after.pk))
        return next((point for point in later if point.state is PointState.GOOD), None)

    def flips_since(self, start: Flip) -> tuple[Flip, ...]:
        return tuple(
            flip for flip in self.flips if (flip.before.at, flip.before.pk) >= (start.after.at, start.after.pk)
        )


def history_of(points: Iterable[Point]) -> TargetHistory:
    """`points` may be in any order."""
    ordered = tuple(sorted(points, key=lambda point: (point.at, point.pk)))
    streaks = tuple(_streaks(ordered))
    positions = _positions(ordered)
    flips = tuple(_flip_between(before.last, after.first, ordered, positions) for before, after in pairwise(streaks))
    return TargetHistory(ordered, streaks, flips, _flapping(ordered))


def _streaks(ordered: tuple[Point, ...]) -> Iterable[Streak]:
    current: list[Point] = []
    unknown: list[Point] = []
    for point in ordered:
        if point.state is PointState.UNKNOWN:
            unknown.append(point)
        elif current and current[-1].cause == point.cause:
            current.append(point)
        else:
            if current:
                yield Streak(tuple(current), tuple(unknown))
                unknown = []
            current = [point]
    if current:
        yield Streak(tuple(current), tuple(unknown))


def _positions(ordered: tuple[Point, ...]) -> dict[int, int]:
    return {point.pk: index for index, point in enumerate(ordered)}


def _flip_between(before: Point, after: Point, ordered: tuple[Point, ...], positions: dict[int, int]) -> Flip:
    between = ordered[positions[before.pk] + 1 : positions[after.pk]]
    return Flip(before, after, tuple(point for point in between if point.state is PointState.UNKNOWN))


def _breaks(points: Iterable[Point]) -> list[tuple[Point, Point]]:
    """The pairs of a good run and the bad one that follows it, ignoring runs without a verdict."""
    known = (point for point in points if point.state is not PointState.UNKNOWN)
    return [
        (before, after)
        for before, after in pairwise(known)
        if before.state is PointState.GOOD and after.state is PointState.BAD
    ]


def _flapping(ordered: tuple[Point, ...]) -> str:
    """The cause that followed a good run most often, if often enough; "" otherwise."""
    recent = [point for point in ordered if point.state is not PointState.UNKNOWN][-RECENT:]
    counts = Counter(after.cause for _, after in _breaks(recent)).most_common(1)
    return counts[0][0] if counts and counts[0][1] >= FLAPS else ""
