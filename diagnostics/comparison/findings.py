"""Two lists of findings in, what changed between them out. Pure; computed on reading, between any two runs."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from diagnostics.checks.outcomes import Outcome
from diagnostics.engine.finding import Finding

RANKS: dict[str, int] = {Outcome.PASS: 0, Outcome.WARN: 1, Outcome.FAIL: 2}
# Codes that say the same of an org: whether a token was fetched anew or was still good is no news of it.
SAME = {("oauth.token", "kept"): "issued"}
# Subjects that name the same thing of two orgs, or of two days, in different letters.
HOST = re.compile(r"\b(api|login)\.[\w.-]+(?::\d+)?")
ADDRESS = re.compile(r"\b(?:(?:\d{1,3}\.){3}\d{1,3}|localhost)(?::\d+)?")
UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


class FindingChange(StrEnum):
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
    change: FindingChange
    before: Finding | None
    after: Finding | None
    reason: str = ""


Key = tuple[str, str]
Findings = dict[Key, Finding]


def compare(before: Iterable[Finding], after: Iterable[Finding]) -> tuple[Compared, ...]:
    """Every subject that either run speaks of, in the order of Change. What was not asked is not among them:
    leave the findings of a check out on both sides where one of the runs had it not in its plan.
    """
    old, new = ({(each.check_id, each.subject): each for each in said} for said in (before, after))
    old = _with_subjects_of(new, old)
    keys = dict.fromkeys([*new, *old])
    found = [_compared(key, old, new) for key in keys]
    order = list(FindingChange)
    return tuple(sorted(found, key=lambda each: order.index(each.change)))


def _with_subjects_of(new: Findings, old: Findings) -> Findings:
    """The old findings under the subjects that name the same thing now, where there is no doubt which one: an org's API
    host is its API host, whatever its region calls it.
    """
    here, there = ([key for key in one if key not in other] for one, other in ((old, new), (new, old)))
    plain_here, plain_there = Counter(map(_plain, here)), Counter(map(_plain, there))
    heirs = {_plain(key): key for key in there if plain_there[_plain(key)] == 1}
    sure = {key: heirs[_plain(key)] for key in here if plain_here[_plain(key)] == 1 and _plain(key) in heirs}
    return {sure.get(key, key): each for key, each in old.items()}


def _plain(key: Key) -> Key:
    check_id, subject = key
    return check_id, UUID.sub("(id)", ADDRESS.sub("(host)", HOST.sub(r"\1", subject)))


def _compared(key: Key, old: Findings, new: Findings) -> Compared:
    was, now = old.get(key), new.get(key)
    if was is not None and now is not None:
        change, reason = _between(was, now)
    elif now is not None:
        change, reason = _alone(now, FindingChange.APPEARED, old, "before")
    else:
        change, reason = _alone(old[key], FindingChange.VANISHED, new, "this time")
    return Compared(*key, change, was, now, reason)


def _between(was: Finding, now: Finding) -> tuple[FindingChange, str]:
    """Only pass, warn and fail are ranked: what we did not see is neither better nor worse."""
    if was.check_version != now.check_version:
        versions = f"version {was.check_version} there, {now.check_version} here"
        return FindingChange.UNKNOWN, f"The check itself judges otherwise ({versions})."
    if (was.outcome, _code(was)) == (now.outcome, _code(now)):
        return FindingChange.SAME, ""
    if now.outcome not in RANKS:
        return FindingChange.UNKNOWN, "It could not be told this time."
    if was.outcome not in RANKS:
        return FindingChange.UNKNOWN, "It could not be told before."
    step = RANKS[now.outcome] - RANKS[was.outcome]
    if step == 0:
        return FindingChange.DIFFERENT, ""
    return (FindingChange.WORSE if step > 0 else FindingChange.BETTER), ""


def _code(said: Finding) -> str:
    return SAME.get((said.check_id, said.code), said.code)


def _alone(said: Finding, change: FindingChange, other: Findings, when: str) -> tuple[FindingChange, str]:
    """A subject that only one run speaks of. It came or went only where the other run's check got to its end."""
    others = [each for (check_id, _), each in other.items() if check_id == said.check_id]
    if any(each.check_version != said.check_version for each in others):
        return FindingChange.UNKNOWN, "The check itself judges otherwise in the other run."
    if said.outcome not in RANKS or not others or any(each.outcome not in RANKS for each in others):
        return FindingChange.UNKNOWN, f"The check did not get that far {when}."
    return change, ""
