"""What the last runs of a schedule agree on: n of m, one cause at a time, and whether it comes and goes. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from diagnostics.comparison.history import Mood, Point
from diagnostics.engine import causes

# It comes and goes: so many breaks of one schedule in so long a time.
BREAKS = 3
WITHIN = timedelta(hours=24)


@dataclass(frozen=True)
class Threshold:
    """A verdict holds once `needed` of the last `out_of` runs say it."""

    needed: int = 2
    out_of: int = 3
    on_undetermined: bool = False


@dataclass(frozen=True)
class Agreed:
    """What holds. `runs` are those of the window that say so, oldest first; `cause` is "none" where all is right."""

    cause: str
    runs: tuple[Point, ...]

    @property
    def is_good(self) -> bool:
        return self.cause == causes.NONE


def agreed(points: Iterable[Point], threshold: Threshold) -> Agreed | None:
    """None where too few agree: then whatever held before holds on.

    Runs that could not tell are left out of the count, unless the rule takes them for a trouble. Troubles of changing
    cause are a trouble: the cause named is the one said most often, the newest where two are even.
    """
    window = conclusive(points, threshold)[-threshold.out_of :]
    good = [each for each in window if each.cause == causes.NONE]
    bad = [each for each in window if each.cause != causes.NONE]
    if len(good) >= threshold.needed and not _is_newer(bad, good, threshold):
        return Agreed(causes.NONE, tuple(good))
    if len(bad) >= threshold.needed:
        cause = _most_common(bad)
        return Agreed(cause, tuple(each for each in bad if each.cause == cause))
    return None


def conclusive(points: Iterable[Point], threshold: Threshold) -> list[Point]:
    """The runs that count for this threshold, oldest first."""
    ordered = sorted(points, key=lambda each: (each.at, each.pk))
    return [each for each in ordered if each.mood is not Mood.UNTOLD or _counts(each, threshold)]


def is_agreed_otherwise(points: Iterable[Point], threshold: Threshold, cause: str) -> str:
    """The other cause that now holds by itself, "" where the trouble is still the one that was told."""
    window = conclusive(points, threshold)[-threshold.out_of :]
    counts = Counter(each.cause for each in window if each.cause not in (causes.NONE, cause))
    if not counts:
        return ""
    newest, most = window[-1].cause, max(counts.values())
    return newest if most >= threshold.needed and counts.get(newest) == most else ""


def failing_stretch(points: Iterable[Point], threshold: Threshold) -> tuple[Point | None, Point | None]:
    """The last good run before the trouble that goes on now, and its first bad one. Either may lie too far back."""
    ordered = conclusive(points, threshold)
    start = len(ordered)
    quiet = 0
    first = None
    for place in range(len(ordered) - 1, -1, -1):
        if ordered[place].cause == causes.NONE:
            quiet += 1
            if quiet >= threshold.needed:
                break
        else:
            first, start, quiet = ordered[place], place, 0
    before = [each for each in ordered[:start] if each.cause == causes.NONE]
    return (before[-1] if before else None), first


def recovered_at(points: Iterable[Point], threshold: Threshold) -> Point | None:
    """The first good run of those that now stand without a bad one after them."""
    found = None
    for each in reversed(conclusive(points, threshold)):
        if each.cause != causes.NONE:
            break
        found = each
    return found


def is_flapping(breaks: Sequence[datetime], now: datetime) -> bool:
    return len([each for each in breaks if now - each <= WITHIN]) >= BREAKS


def steadier(threshold: Threshold) -> Threshold:
    """For the end of a trouble that comes and goes: twice as many runs, and every one of them right."""
    runs = 2 * threshold.out_of
    return Threshold(runs, runs, threshold.on_undetermined)


def _counts(point: Point, threshold: Threshold) -> bool:
    return threshold.on_undetermined and point.is_whole and point.cause == causes.UNDETERMINED


def _is_newer(bad: Sequence[Point], good: Sequence[Point], threshold: Threshold) -> bool:
    """Only where a rule asks for less than half: both sides have enough, and the newest run decides."""
    return len(bad) >= threshold.needed and (bad[-1].at, bad[-1].pk) > (good[-1].at, good[-1].pk)


def _most_common(bad: Sequence[Point]) -> str:
    counts = Counter(each.cause for each in bad)
    most = max(counts.values())
    return next(each.cause for each in reversed(bad) if counts[each.cause] == most)
