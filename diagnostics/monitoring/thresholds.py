"""What the last runs of a schedule agree on (n of m), and whether the schedule is flapping. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from diagnostics.comparison.history import Point, PointState
from diagnostics.engine import causes

# A schedule is flapping after this many outages in this time.
FLAPPING_OUTAGES = 3
FLAPPING_WINDOW = timedelta(hours=24)


@dataclass(frozen=True)
class Threshold:
    """A verdict is confirmed once `needed` of the last `out_of` runs have it."""

    needed: int = 2
    out_of: int = 3
    counts_inconclusive: bool = False


@dataclass(frozen=True)
class Agreement:
    """The confirmed cause, NONE if nothing is wrong, and the runs of the window that have it, oldest first."""

    cause: str
    runs: tuple[Point, ...]

    @property
    def is_good(self) -> bool:
        return self.cause == causes.NONE


def find_agreement(points: Iterable[Point], threshold: Threshold) -> Agreement | None:
    """None if too few runs agree, so that the earlier agreement remains.

    Inconclusive runs don't count, unless the threshold counts them as failures. Failures with different causes count
    together: the agreed cause is the most common one, the newest if two are equally common.
    """
    window = conclusive(points, threshold)[-threshold.out_of :]
    good = [point for point in window if point.cause == causes.NONE]
    bad = [point for point in window if point.cause != causes.NONE]
    if len(good) >= threshold.needed and not _is_newer(bad, good, threshold):
        return Agreement(causes.NONE, tuple(good))
    if len(bad) >= threshold.needed:
        cause = _most_common(bad)
        return Agreement(cause, tuple(point for point in bad if point.cause == cause))
    return None


def conclusive(points: Iterable[Point], threshold: Threshold) -> list[Point]:
    """The runs that count for this threshold, oldest first."""
    ordered = sorted(points, key=lambda point: (point.at, point.pk))
    return [point for point in ordered if point.state is not PointState.UNKNOWN or _counts(point, threshold)]


def find_changed_cause(points: Iterable[Point], threshold: Threshold, cause: str) -> str:
    """The cause, other than `cause`, that is now confirmed without counting further causes; "" if none is."""
    window = conclusive(points, threshold)[-threshold.out_of :]
    counts = Counter(point.cause for point in window if point.cause not in (causes.NONE, cause))
    if not counts:
        return ""
    newest, most = window[-1].cause, max(counts.values())
    return newest if most >= threshold.needed and counts.get(newest) == most else ""


def failing_period(points: Iterable[Point], threshold: Threshold) -> tuple[Point | None, Point | None]:
    """The last good run before the current outage, and the outage's first bad run; None if it isn't in `points`."""
    ordered = conclusive(points, threshold)
    start = len(ordered)
    good_runs = 0
    first = None
    for index in range(len(ordered) - 1, -1, -1):
        if ordered[index].cause == causes.NONE:
            good_runs += 1
            if good_runs >= threshold.needed:
                break
        else:
            first, start, good_runs = ordered[index], index, 0
    before = [point for point in ordered[:start] if point.cause == causes.NONE]
    return (before[-1] if before else None), first


def find_recovery(points: Iterable[Point], threshold: Threshold) -> Point | None:
    """The first good run after the last bad one."""
    found = None
    for point in reversed(conclusive(points, threshold)):
        if point.cause != causes.NONE:
            break
        found = point
    return found


def is_flapping(outages: Sequence[datetime], now: datetime) -> bool:
    """`outages` are the times at which incidents opened."""
    return len([opened_at for opened_at in outages if now - opened_at <= FLAPPING_WINDOW]) >= FLAPPING_OUTAGES


def stricter(threshold: Threshold) -> Threshold:
    """For the end of a flapping outage: twice as many runs, and all of them must be good."""
    runs = 2 * threshold.out_of
    return Threshold(runs, runs, threshold.counts_inconclusive)


def _counts(point: Point, threshold: Threshold) -> bool:
    return threshold.counts_inconclusive and point.is_whole and point.cause == causes.UNDETERMINED


def _is_newer(bad: Sequence[Point], good: Sequence[Point], threshold: Threshold) -> bool:
    """If a rule needs less than half of the runs, both sides may have enough: then the newest run decides."""
    return len(bad) >= threshold.needed and (bad[-1].at, bad[-1].pk) > (good[-1].at, good[-1].pk)


def _most_common(bad: Sequence[Point]) -> str:
    counts = Counter(point.cause for point in bad)
    most = max(counts.values())
    return next(point.cause for point in reversed(bad) if counts[point.cause] == most)
