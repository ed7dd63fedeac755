"""The complete comparison of two runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from diagnostics.comparison import client_facts, inputs
from diagnostics.comparison.comparability import Remark, is_comparable, remarks_on
from diagnostics.comparison.explanation import Explanation, explain
from diagnostics.comparison.fact import Fact
from diagnostics.comparison.findings import RANKS, ComparedFinding, FindingChange, compare
from diagnostics.comparison.org_changes import ObservedOrgChange
from diagnostics.comparison.side import Side, step_between


@dataclass(frozen=True)
class ChangeGroup:
    key: str
    title: str
    lines: tuple[ComparedFinding, ...]


@dataclass(frozen=True)
class UnsharedCheck:
    """A check that only one of the two runs ran, and why the other didn't."""

    check_id: str
    title: str
    run_by: Side
    why: str


@dataclass(frozen=True)
class Comparison:
    """`facts` are about the environment, `given` about the inputs; both are in the order a, b."""

    a: Side
    b: Side
    remarks: tuple[Remark, ...]
    explanation: Explanation
    facts: tuple[Fact, ...]
    given: tuple[Fact, ...]
    groups: tuple[ChangeGroup, ...]
    same: tuple[ComparedFinding, ...]
    unshared: tuple[UnsharedCheck, ...]
    org_changes: tuple[ObservedOrgChange, ...]

    @property
    def changed(self) -> tuple[Fact, ...]:
        return tuple(fact for fact in self.facts if fact.is_changed)

    @property
    def unread(self) -> tuple[Fact, ...]:
        return tuple(fact for fact in self.facts if fact.is_unknown)

    @property
    def unchanged(self) -> tuple[Fact, ...]:
        return tuple(fact for fact in self.facts if not fact.is_changed and not fact.is_unknown)

    @property
    def given_changed(self) -> tuple[Fact, ...]:
        return tuple(fact for fact in self.given if fact.is_changed)

    @property
    def given_same(self) -> tuple[Fact, ...]:
        return tuple(fact for fact in self.given if not fact.is_changed)


TITLES = {
    "broken": "New failures",
    "unknown": "Newly inconclusive",
    "changed": "Changed",
    "fixed": "Fixed",
    "known": "Inconclusive before",
    "neither": "Inconclusive in both",
}
# For runs of two clients, or in reverse order of time.
TITLES_SIDE_BY_SIDE = {
    "broken": "Worse in the second",
    "unknown": "Inconclusive in the second",
    "changed": "Different",
    "fixed": "Better in the second",
    "known": "Inconclusive in the first",
    "neither": "Inconclusive in both",
}
GROUP_OF = {
    FindingChange.WORSE: "broken",
    FindingChange.DIFFERENT: "changed",
    FindingChange.APPEARED: "changed",
    FindingChange.VANISHED: "changed",
    FindingChange.BETTER: "fixed",
}


def compare_runs(
    a: Side, b: Side, checks: Mapping[str, tuple[str, Sequence[str]]], org_changes: Iterable[ObservedOrgChange]
) -> Comparison:
    """`checks` are those of this version: ID -> title and required inputs. `org_changes` happened between the runs."""
    remarks = remarks_on(a, b)
    facts = client_facts.facts_of(a.facts, b.facts, (a.at, b.at))
    given = inputs.facts_of(a, b)
    step = step_between(a, b)
    in_order = (*facts, *given)
    if step.first is not a:
        turned = client_facts.facts_of(b.facts, a.facts, (b.at, a.at))
        in_order = (*turned, *inputs.facts_of(b, a))
    ordered = tuple(sorted(org_changes, key=lambda change: (change.at, change.pk)))
    between = step.first.at, step.second.at
    usable = [change for change in ordered if step.is_same_client and change.may_lie_between(*between)]
    shared = a.check_ids & b.check_ids if a.pk != b.pk else frozenset()
    old, new = ([finding for finding in side.findings if finding.check_id in shared] for side in (a, b))
    lines = compare(old, new, {id: title for id, (title, _) in checks.items()})
    return Comparison(
        a=a,
        b=b,
        remarks=remarks,
        explanation=explain(step, in_order, usable, comparable=is_comparable(remarks)),
        facts=facts,
        given=given,
        groups=_change_groups(lines, TITLES if step.is_same_client and step.first is a else TITLES_SIDE_BY_SIDE),
        same=tuple(line for line in lines if line.change is FindingChange.SAME),
        unshared=tuple(_unshared(a, b, checks)),
        org_changes=ordered,
    )


def _change_groups(lines: Iterable[ComparedFinding], titles: Mapping[str, str]) -> tuple[ChangeGroup, ...]:
    """The groups that have lines, in the order of `titles`. Unchanged findings have no group."""
    by_key: dict[str, list[ComparedFinding]] = {key: [] for key in titles}
    for line in lines:
        if line.change is not FindingChange.SAME:
            by_key[_group_key(line)].append(line)
    return tuple(ChangeGroup(key, titles[key], tuple(lines)) for key, lines in by_key.items() if lines)


def _group_key(line: ComparedFinding) -> str:
    """Unknown changes are split by which of the two runs was inconclusive."""
    if line.change is not FindingChange.UNKNOWN:
        return GROUP_OF[line.change]
    knew_then = line.before is not None and line.before.outcome in RANKS
    knows_now = line.after is not None and line.after.outcome in RANKS
    if not knew_then:
        return "known" if knows_now else "neither"
    return "unknown"


def _unshared(a: Side, b: Side, checks: Mapping[str, tuple[str, Sequence[str]]]) -> Iterable[UnsharedCheck]:
    for side, other in ((a, b), (b, a)):
        for check_id in sorted(side.check_ids - other.check_ids):
            title = checks.get(check_id, (check_id, ()))[0]
            yield UnsharedCheck(check_id, title, side, _why(check_id, other, checks))


NEEDS = {
    "call": "call",
    "answer": "response",
    "conversation": "conversation ID",
    "start": "confirmation to start a session",
}


def _why(check_id: str, other: Side, checks: Mapping[str, tuple[str, Sequence[str]]]) -> str:
    name = other.name.capitalize()
    if check_id not in checks:
        return f"The check was removed before {other.name}."
    if other.branch:
        return f"{name} re-checked only one branch."
    lacking = [NEEDS.get(need, need) for need in checks[check_id][1] if need not in other.inputs.given]
    if lacking:
        return f"{name} had no {' or '.join(lacking)}."
    return f"The check is newer than {other.name}."
