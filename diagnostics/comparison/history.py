"""When did it break? From a target's verdicts in the order of time: streaks, breaks, and whether it flaps. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from diagnostics.engine import causes

# Flapping: one and the same cause came and went again and again, lately.
LATELY = 30
TIMES_BACK = 3


class Mood(StrEnum):
    """What one run says of its target. What could not be told is neither good nor bad, and ends no streak."""

    GOOD = "good"
    BAD = "bad"
    UNTOLD = "untold"


@dataclass(frozen=True)
class Point:
    """A run's verdict. `is_whole` is false for a run that is open, was cut short, or asked a part alone."""

    pk: int
    at: datetime
    cause: str
    certainty: str = ""
    is_whole: bool = True

    @property
    def mood(self) -> Mood:
        if not self.is_whole or self.cause in ("", causes.UNDETERMINED):
            return Mood.UNTOLD
        return Mood.GOOD if self.cause == causes.NONE else Mood.BAD

    @property
    def title(self) -> str:
        return causes.title_of(self.cause) if self.cause else "No verdict"


@dataclass(frozen=True)
class Streak:
    """Runs in a row that say the same: all good, or all bad of one cause. `untold` lie among them or right after."""

    points: tuple[Point, ...]
    untold: tuple[Point, ...] = ()

    @property
    def first(self) -> Point:
        return self.points[0]

    @property
    def last(self) -> Point:
        return self.points[-1]

    @property
    def is_good(self) -> bool:
        return self.first.mood is Mood.GOOD


@dataclass(frozen=True)
class Flip:
    """From one streak to the next. `untold` runs lie between: the change happened before, among or after them."""

    before: Point
    after: Point
    untold: tuple[Point, ...] = ()

    @property
    def broke(self) -> bool:
        return self.before.mood is Mood.GOOD and self.after.mood is Mood.BAD


@dataclass(frozen=True)
class TargetHistory:
    """A target's past as far as it was looked at, oldest first."""

    points: tuple[Point, ...]
    streaks: tuple[Streak, ...]
    flips: tuple[Flip, ...]
    flapping: str = ""  # the cause that comes and goes, "" where none does

    @property
    def now(self) -> Streak | None:
        return self.streaks[-1] if self.streaks else None

    @property
    def flapping_title(self) -> str:
        return causes.title_of(self.flapping) if self.flapping else ""

    def break_before(self, pk: int) -> Flip | None:
        """The break that led to this run: from the last good run before it to the first bad one after that.

        For a run that is good, the newest break before it. None where no good run is known before a bad one.
        """
        at = next((place for place, each in enumerate(self.points) if each.pk == pk), len(self.points) - 1)
        told = [each for each in self.points[: at + 1] if each.mood is not Mood.UNTOLD]
        pairs = [(one, other) for one, other in pairwise(told) if one.mood is Mood.GOOD and other.mood is Mood.BAD]
        return _flip(*pairs[-1], self.points, _positions(self.points)) if pairs else None

    def earlier_breaks(self, broke: Flip) -> tuple[Flip, ...]:
        """Breaks before this one that had the same cause, oldest first."""
        told = [each for each in self.points if each.mood is not Mood.UNTOLD and each.pk < broke.after.pk]
        places = _positions(self.points)
        return tuple(
            _flip(one, other, self.points, places)
            for one, other in pairwise(told)
            if one.mood is Mood.GOOD and other.mood is Mood.BAD and other.cause == broke.after.cause
        )

    @property
    def newest_break(self) -> Flip | None:
        return self.break_before(self.points[-1].pk) if self.points else None

    def mended_after(self, broke: Flip) -> Point | None:
        """The first good run after a break."""
        later = (each for each in self.points if (each.at, each.pk) > (broke.after.at, broke.after.pk))
        return next((each for each in later if each.mood is Mood.GOOD), None)

    def flips_since(self, broke: Flip) -> tuple[Flip, ...]:
        return tuple(
            each for each in self.flips if (each.before.at, each.before.pk) >= (broke.after.at, broke.after.pk)
        )


def history_of(points: Iterable[Point]) -> TargetHistory:
    """Points in any order; two of the same moment are in the order of their numbers."""
    ordered = tuple(sorted(points, key=lambda each: (each.at, each.pk)))
    streaks = tuple(_streaks(ordered))
    places = _positions(ordered)
    flips = tuple(_flip(one.last, other.first, ordered, places) for one, other in pairwise(streaks))
    return TargetHistory(ordered, streaks, flips, _flapping(ordered))


def _streaks(ordered: tuple[Point, ...]) -> Iterable[Streak]:
    held: list[Point] = []
    untold: list[Point] = []
    for point in ordered:
        if point.mood is Mood.UNTOLD:
            untold.append(point)
        elif held and held[-1].cause == point.cause:
            held.append(point)
        else:
            if held:
                yield Streak(tuple(held), tuple(untold))
                untold = []
            held = [point]
    if held:
        yield Streak(tuple(held), tuple(untold))


def _positions(ordered: tuple[Point, ...]) -> dict[int, int]:
    return {point.pk: place for place, point in enumerate(ordered)}


def _flip(before: Point, after: Point, ordered: tuple[Point, ...], places: dict[int, int]) -> Flip:
    between = ordered[places[before.pk] + 1 : places[after.pk]]
    return Flip(before, after, tuple(each for each in between if each.mood is Mood.UNTOLD))


def _flapping(ordered: tuple[Point, ...]) -> str:
    """The cause that came after a good run at least so many times lately. Several causes in turn are no flapping."""
    told = [each for each in ordered if each.mood is not Mood.UNTOLD][-LATELY:]
    came = Counter(
        other.cause for one, other in pairwise(told) if one.mood is Mood.GOOD and other.mood is Mood.BAD
    ).most_common(1)
    return came[0][0] if came and came[0][1] >= TIMES_BACK else ""
