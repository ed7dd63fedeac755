"""Two lists of findings in, what changed between them out. Pure; computed on reading, between any two runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from diagnostics.outcomes import Outcome

RANKS: dict[str, int] = {Outcome.PASS: 0, Outcome.WARN: 1, Outcome.FAIL: 2}


class Said(Protocol):
    """A finding, stored or not."""

    @property
    def check_id(self) -> str: ...
    @property
    def check_version(self) -> int: ...
    @property
    def subject(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def code(self) -> str: ...


class Change(StrEnum):
    """What became of one subject of one check."""

    WORSE = "worse"
    UNKNOWN = "unknown"
    DIFFERENT = "different"
    APPEARED = "appeared"
    VANISHED = "vanished"
    BETTER = "better"
    SAME = "same"


@dataclass(frozen=True)
class Compared:
    """One subject of one check in both runs. `reason` says why a change is unknown, "" where it needs no word."""

    check_id: str
    subject: str
    change: Change
    before: Said | None
    after: Said | None
    reason: str = ""


def compare(before: Iterable[Said], after: Iterable[Said]) -> tuple[Compared, ...]:
    """Every subject that either run speaks of, in the order of Change. What was not asked is not among them:
    leave the findings of a check out on both sides where one of the runs had it not in its plan.
    """
    old, new = ({(each.check_id, each.subject): each for each in said} for said in (before, after))
    keys = dict.fromkeys([*new, *old])
    found = [_compared(key, old, new) for key in keys]
    order = list(Change)
    return tuple(sorted(found, key=lambda each: order.index(each.change)))


Findings = dict[tuple[str, str], Said]


def _compared(key: tuple[str, str], old: Findings, new: Findings) -> Compared:
    was, now = old.get(key), new.get(key)
    if was is not None and now is not None:
        change, reason = _between(was, now)
    elif now is not None:
        change, reason = _alone(now, Change.APPEARED, old, "before")
    else:
        change, reason = _alone(old[key], Change.VANISHED, new, "this time")
    return Compared(*key, change, was, now, reason)


def _between(was: Said, now: Said) -> tuple[Change, str]:
    """Only pass, warn and fail are ranked: what we did not see is neither better nor worse."""
    if was.check_version != now.check_version:
        return Change.UNKNOWN, "The check itself judges otherwise since then."
    if (was.outcome, was.code) == (now.outcome, now.code):
        return Change.SAME, ""
    if now.outcome not in RANKS:
        return Change.UNKNOWN, "It could not be told this time."
    if was.outcome not in RANKS:
        return Change.UNKNOWN, "It could not be told before."
    step = RANKS[now.outcome] - RANKS[was.outcome]
    if step == 0:
        return Change.DIFFERENT, ""
    return (Change.WORSE if step > 0 else Change.BETTER), ""


def _alone(said: Said, change: Change, other: Findings, when: str) -> tuple[Change, str]:
    """A subject that only one run speaks of. It came or went only where the other run's check got to its end."""
    others = [each for (check_id, _), each in other.items() if check_id == said.check_id]
    if said.outcome not in RANKS or not others or any(each.outcome not in RANKS for each in others):
        return Change.UNKNOWN, f"The check did not get that far {when}."
    return change, ""
