"""Compares the findings of any two runs. Computed when a comparison is shown, not stored."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from diagnostics.checks.outcomes import Outcome
from diagnostics.comparison.noise import Detail, details
from diagnostics.engine.finding import AnyFinding

RANKS: dict[str, int] = {Outcome.PASS: 0, Outcome.WARN: 1, Outcome.FAIL: 2}
# Codes that mean the same for an org: a cached token that still works, and a newly issued one.
SAME = {("oauth.token", "kept"): "issued"}
# Parts of a subject that differ between orgs or over time although the subject is the same.
HOST = re.compile(r"\b(api|login)\.[\w.-]+(?::\d+)?")
ADDRESS = re.compile(r"\b(?:(?:\d{1,3}\.){3}\d{1,3}|localhost)(?::\d+)?")
UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


class FindingChange(StrEnum):
    """How the finding about one subject of a check changed."""

    WORSE = "worse"
    UNKNOWN = "unknown"
    DIFFERENT = "different"
    APPEARED = "appeared"
    VANISHED = "vanished"
    BETTER = "better"
    SAME = "same"


@dataclass(frozen=True)
class ComparedFinding:
    """One subject of one check in both runs. `reason` says why the change is unknown, if it is."""

    check_id: str
    title: str
    subject: str
    change: FindingChange
    before: AnyFinding | None
    after: AnyFinding | None
    reason: str = ""

    @cached_property
    def details(self) -> tuple[Detail, ...]:
        """The evidence that differs, without noise."""
        return details(self.before.evidence, self.after.evidence) if self.before and self.after else ()

    @property
    def other_subject(self) -> str:
        """The subject's name in the first run if it differs, otherwise ""."""
        return self.before.subject if self.before and self.before.subject != self.subject else ""


Key = tuple[str, str]
Findings = dict[Key, AnyFinding]


def compare(
    before: Iterable[AnyFinding], after: Iterable[AnyFinding], titles: Mapping[str, str]
) -> tuple[ComparedFinding, ...]:
    """Every subject of either run, in the order of `FindingChange`. Leave out checks that only one of the runs planned.

    `titles` are those of today's checks, by ID.
    """
    old = {(finding.check_id, finding.subject): finding for finding in before}
    new = {(finding.check_id, finding.subject): finding for finding in after}
    old = _under_current_subjects(new, old)
    keys = dict.fromkeys([*new, *old])
    found = [_compared(key, old, new, titles.get(key[0], key[0])) for key in keys]
    order = list(FindingChange)
    return tuple(sorted(found, key=lambda compared: order.index(compared.change)))


def _under_current_subjects(new: Findings, old: Findings) -> Findings:
    """The old findings under their subjects in the new run, where exactly one subject matches.

    For example, an API host stays the API host when the region, and with it the host name, changes.
    """
    removed, added = [key for key in old if key not in new], [key for key in new if key not in old]
    removed_counts, added_counts = Counter(map(_normalized, removed)), Counter(map(_normalized, added))
    successors = {_normalized(key): key for key in added if added_counts[_normalized(key)] == 1}
    renamed = {
        key: successors[_normalized(key)]
        for key in removed
        if removed_counts[_normalized(key)] == 1 and _normalized(key) in successors
    }
    return {renamed.get(key, key): finding for key, finding in old.items()}


def _normalized(key: Key) -> Key:
    check_id, subject = key
    return check_id, UUID.sub("(id)", ADDRESS.sub("(host)", HOST.sub(r"\1", subject)))


def _compared(key: Key, old: Findings, new: Findings, title: str) -> ComparedFinding:
    before, after = old.get(key), new.get(key)
    if before is not None and after is not None:
        change, reason = _change(before, after)
    elif after is not None:
        change, reason = _in_one_run(after, FindingChange.APPEARED, old, "before")
    else:
        change, reason = _in_one_run(old[key], FindingChange.VANISHED, new, "this time")
    return ComparedFinding(key[0], title, key[1], change, before, after, reason)


def _change(before: AnyFinding, after: AnyFinding) -> tuple[FindingChange, str]:
    """Only pass, warn and fail can be better or worse; a skipped or inconclusive finding makes the change unknown."""
    if before.check_version != after.check_version:
        versions = f"version {before.check_version} there, {after.check_version} here"
        return FindingChange.UNKNOWN, f"The check itself changed ({versions})."
    if (before.outcome, _code(before)) == (after.outcome, _code(after)):
        return FindingChange.SAME, ""
    if after.outcome not in RANKS:
        return FindingChange.UNKNOWN, "Inconclusive this time."
    if before.outcome not in RANKS:
        return FindingChange.UNKNOWN, "Inconclusive before."
    step = RANKS[after.outcome] - RANKS[before.outcome]
    if step == 0:
        return FindingChange.DIFFERENT, ""
    return (FindingChange.WORSE if step > 0 else FindingChange.BETTER), ""


def _code(finding: AnyFinding) -> str:
    return SAME.get((finding.check_id, finding.code), finding.code)


def _in_one_run(finding: AnyFinding, change: FindingChange, other: Findings, when: str) -> tuple[FindingChange, str]:
    """The change of a subject that only one run has. It is known only if the check finished in the other run."""
    others = [candidate for (check_id, _), candidate in other.items() if check_id == finding.check_id]
    if any(other.check_version != finding.check_version for other in others):
        return FindingChange.UNKNOWN, "The check itself changed between the runs."
    if finding.outcome not in RANKS or not others or any(other.outcome not in RANKS for other in others):
        return FindingChange.UNKNOWN, f"The check didn't get that far {when}."
    return change, ""
