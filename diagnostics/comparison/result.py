"""Two runs in, everything their comparison says out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from diagnostics.comparison import client_facts as surroundings
from diagnostics.comparison import findings as compare
from diagnostics.comparison import inputs as brought
from diagnostics.comparison.comparability import Remark, is_comparable, remarks_on
from diagnostics.comparison.explanation import Explanation, explain
from diagnostics.comparison.fact import Fact
from diagnostics.comparison.findings import FindingChange
from diagnostics.comparison.noise import Detail, details
from diagnostics.comparison.org_changes import ObservedOrgChange
from diagnostics.comparison.side import Side
from diagnostics.comparison.steps import step_between
from diagnostics.engine.finding import Finding

RANKED = frozenset(compare.RANKS)


@dataclass(frozen=True)
class ChangedFinding:
    """One subject of one check in both runs. `details` is the evidence that differs, without what is noise."""

    check_id: str
    title: str
    subject: str
    change: FindingChange
    before: Finding | None
    after: Finding | None
    reason: str
    details: tuple[Detail, ...]

    @property
    def other_subject(self) -> str:
        """What the subject was called in the first run, where that is something else."""
        return self.before.subject if self.before and self.before.subject != self.subject else ""


@dataclass(frozen=True)
class ChangeGroup:
    key: str
    title: str
    lines: tuple[ChangedFinding, ...]


@dataclass(frozen=True)
class Unasked:
    """A check that only one of the two runs asked, and why the other did not."""

    check_id: str
    title: str
    asked_by: Side
    why: str


@dataclass(frozen=True)
class Comparison:
    """`facts` are the surroundings of the two, `given` what they were given; both from the first run to the second."""

    a: Side
    b: Side
    remarks: tuple[Remark, ...]
    explanation: Explanation
    facts: tuple[Fact, ...]
    given: tuple[Fact, ...]
    groups: tuple[ChangeGroup, ...]
    same: tuple[ChangedFinding, ...]
    unasked: tuple[Unasked, ...]
    seen: tuple[ObservedOrgChange, ...]

    @property
    def changed(self) -> tuple[Fact, ...]:
        return tuple(each for each in self.facts if each.is_changed)

    @property
    def unread(self) -> tuple[Fact, ...]:
        return tuple(each for each in self.facts if each.is_unknown)

    @property
    def unchanged(self) -> tuple[Fact, ...]:
        return tuple(each for each in self.facts if not each.is_changed and not each.is_unknown)

    @property
    def given_changed(self) -> tuple[Fact, ...]:
        return tuple(each for each in self.given if each.is_changed)

    @property
    def given_same(self) -> tuple[Fact, ...]:
        return tuple(each for each in self.given if not each.is_changed)


TITLES = {
    "broken": "Newly broken",
    "unknown": "Newly unknown",
    "changed": "Changed",
    "fixed": "Fixed",
    "known": "Not known before",
    "neither": "Unknown in both",
}
# Of two clients neither comes before the other, and against the order of time nothing is new.
TITLES_SIDE_BY_SIDE = {
    "broken": "Worse in the second",
    "unknown": "Unknown in the second",
    "changed": "Different",
    "fixed": "Better in the second",
    "known": "Unknown in the first",
    "neither": "Unknown in both",
}
GROUP_OF = {
    FindingChange.WORSE: "broken",
    FindingChange.DIFFERENT: "changed",
    FindingChange.APPEARED: "changed",
    FindingChange.VANISHED: "changed",
    FindingChange.BETTER: "fixed",
}


def compare_runs(
    a: Side, b: Side, checks: Mapping[str, tuple[str, Sequence[str]]], seen: Iterable[ObservedOrgChange]
) -> Comparison:
    """`checks` are those of today: by id the title and the inputs it needs. `seen` are changes of either org between."""
    remarks = remarks_on(a, b)
    facts = surroundings.facts_of(a.environment, b.environment, (a.at, b.at))
    given = brought.facts_of(a, b)
    step = step_between(a, b)
    in_order = (*facts, *given)
    if step.first is not a:
        turned = surroundings.facts_of(b.environment, a.environment, (b.at, a.at))
        in_order = (*turned, *brought.facts_of(b, a))
    told = tuple(sorted(seen, key=lambda each: (each.at, each.pk)))
    between = step.first.at, step.second.at
    usable = [each for each in told if step.in_time and each.may_lie_between(*between)]
    lines = tuple(_lines(a, b, checks)) if a.pk != b.pk else ()
    return Comparison(
        a=a,
        b=b,
        remarks=remarks,
        explanation=explain(step, in_order, usable, alike=is_comparable(remarks)),
        facts=facts,
        given=given,
        groups=_groups(lines, TITLES if step.in_time and step.first is a else TITLES_SIDE_BY_SIDE),
        same=tuple(each for each in lines if each.change is FindingChange.SAME),
        unasked=tuple(_unasked(a, b, checks)),
        seen=told,
    )


def _lines(a: Side, b: Side, checks: Mapping[str, tuple[str, Sequence[str]]]) -> Iterable[ChangedFinding]:
    """Of the checks that both runs have in their plans; what only one of them asked is no change."""
    both = a.asked & b.asked
    old, new = ([each for each in side.findings if each.check_id in both] for side in (a, b))
    for each in compare.compare(old, new):
        before, after = each.before, each.after
        yield ChangedFinding(
            check_id=each.check_id,
            title=checks.get(each.check_id, (each.check_id, ()))[0],
            subject=each.subject,
            change=each.change,
            before=before,
            after=after,
            reason=each.reason,
            details=details(before.evidence, after.evidence) if before and after else (),
        )


def _groups(lines: Iterable[ChangedFinding], titles: Mapping[str, str]) -> tuple[ChangeGroup, ...]:
    """In the order of the titles, those without a line left out; what is the same is no group."""
    by_key: dict[str, list[ChangedFinding]] = {key: [] for key in titles}
    for line in lines:
        if line.change is not FindingChange.SAME:
            by_key[_group_of(line)].append(line)
    return tuple(ChangeGroup(key, titles[key], tuple(held)) for key, held in by_key.items() if held)


def _group_of(line: ChangedFinding) -> str:
    """Unknown is split by which of the two runs did not know: a lost sight and a gained one are not the same news."""
    if line.change is not FindingChange.UNKNOWN:
        return GROUP_OF[line.change]
    knew_then = line.before is not None and line.before.outcome in RANKED
    knows_now = line.after is not None and line.after.outcome in RANKED
    if not knew_then:
        return "known" if knows_now else "neither"
    return "unknown"


def _unasked(a: Side, b: Side, checks: Mapping[str, tuple[str, Sequence[str]]]) -> Iterable[Unasked]:
    for asked_by, other in ((a, b), (b, a)):
        for check_id in sorted(asked_by.asked - other.asked):
            title = checks.get(check_id, (check_id, ()))[0]
            yield Unasked(check_id, title, asked_by, _why(check_id, other, checks))


NEEDS = {
    "call": "a call",
    "answer": "the answer that was got",
    "conversation": "a conversation",
    "start": "a confirmation to start",
}


def _why(check_id: str, other: Side, checks: Mapping[str, tuple[str, Sequence[str]]]) -> str:
    name = other.name.capitalize()
    if check_id not in checks:
        return f"The check is retired, and {other.name} did not have it."
    if other.branch:
        return f"{name} asked only one branch of the checks."
    lacking = [NEEDS.get(need, need) for need in checks[check_id][1] if need not in other.inputs.given]
    if lacking:
        return f"{name} was not given {' and '.join(lacking)}."
    return f"The check is younger than {other.name}."
