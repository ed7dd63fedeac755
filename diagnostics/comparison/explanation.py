"""The sentence a comparison ends in: what became of the verdict, the likeliest reason, and which change precedes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from diagnostics.comparison.clauses import clauses, joined
from diagnostics.comparison.dependencies import PASSING
from diagnostics.comparison.fact import Fact, Way
from diagnostics.comparison.org_changes import ObservedOrgChange
from diagnostics.comparison.reasons import ChangeReason, reason_for
from diagnostics.comparison.side import Side
from diagnostics.comparison.steps import Kind, VerdictStep
from diagnostics.engine import causes

# Facts in one sentence; the others stand in the table. Of two orgs each fact takes two names.
MOST_NAMED = 3
MOST_NAMED_OF_TWO = 2


@dataclass(frozen=True)
class Explanation:
    """`certainty` is "" where there is nothing to explain. `more` are sentences that qualify the first.

    `facts` are the changes named, in the order of `step`; `seen` are what snapshots saw of them; `unread` what could
    have been named, had both runs read it.
    """

    step: VerdictStep
    certainty: str
    sentence: str
    more: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    seen: tuple[ObservedOrgChange, ...] = ()
    unread: tuple[Fact, ...] = ()


def explain(step: VerdictStep, facts: Sequence[Fact], seen: Sequence[ObservedOrgChange], *, alike: bool) -> Explanation:
    """`facts` and `seen` in the order of `step`."""
    first, second = step.first, step.second
    match step.kind:
        case Kind.SAME_RUN:
            return Explanation(step, "", "Both sides are one run, so nothing differs.")
        case Kind.NO_VERDICT:
            return Explanation(step, "", _no_verdict(first, second))
        case Kind.SAME:
            return Explanation(step, "", _same(step, facts), _loose_ends(step, facts))
        case Kind.SURENESS:
            sentence = f"Both runs name the same cause, {_title(first)}; it is {first.certainty} in {first.name} and "
            return Explanation(step, "", f"{sentence}{second.certainty} in {second.name}.")
        case Kind.BROKE:
            opening = f"{_cap(second.name)} fails where {first.name} works"
            return _explained(step, opening, second, first, facts, seen, Way.LOST, alike)
        case Kind.MENDED:
            opening = f"{_cap(second.name)} works where {first.name} fails"
            return _explained(step, opening, first, second, facts, seen, Way.GAINED, alike)
        case Kind.LOST_SIGHT:
            opening = f"{_cap(second.name)} could not tell what {first.name} could"
            return _explained(step, opening, second, first, facts, seen, Way.LOST, alike)
        case Kind.SEEN_AGAIN:
            opening = f"{_cap(second.name)} tells what {first.name} could not: {_title(second)}"
            return _explained(step, opening, first, second, facts, seen, Way.GAINED, alike)
        case Kind.OTHER:
            return _other(step, facts, seen, alike)


def _other(step: VerdictStep, facts: Sequence[Fact], seen: Sequence[ObservedOrgChange], alike: bool) -> Explanation:
    """One fault in place of another. One that was there already, behind the first, did not come."""
    first, second = step.first, step.second
    opening = f"{_cap(second.name)} has another fault than {first.name}: {_title(second)}, no longer {_title(first)}"
    if second.cause in first.also:
        mended = _explained(step, opening, first, second, facts, seen, Way.GAINED, alike)
        told = f"{_cap(_title(second))} was wrong in {first.name} already, behind the other fault."
        return _with(mended, told)
    came = _explained(step, opening, second, first, facts, seen, Way.LOST, alike)
    if first.cause in second.also:
        return _with(came, f"{_cap(_title(first))} is still wrong; the new fault only comes before it.")
    return came


def _explained(
    step: VerdictStep,
    opening: str,
    bad: Side,
    good: Side,
    facts: Sequence[Fact],
    seen: Sequence[ObservedOrgChange],
    way: Way,
    alike: bool,
) -> Explanation:
    reason = reason_for(bad, good, facts, seen, way, alike=alike)
    if reason.not_asked:
        sentence = (
            f"{opening}, but {good.name} did not look at what is wrong in {bad.name}: it may be no change at all."
        )
        return Explanation(step, "undetermined", sentence)
    clause = _clause(step, reason, bad)
    if not clause:
        return Explanation(step, "undetermined", _unexplained(opening, bad, reason), unread=reason.unread)
    sure = "because" if reason.certainty == "proved" else "most likely because"
    return Explanation(
        step,
        reason.certainty,
        f"{opening}, {sure} {clause}.",
        (*_other_changes(step, reason, bad), *_doubts(reason, bad)),
        reason.facts,
        reason.seen,
        reason.unread if reason.certainty != "proved" else (),
    )


def _clause(step: VerdictStep, reason: ChangeReason, bad: Side) -> str:
    if reason.facts:
        if wrong := _at_fault(step, reason, bad):
            return wrong
        whole = _named(step, reason, "changed with it" if step.in_time else "differ")
        return f"{whole}: {_plain(reason.moved[0].sentence)}" if reason.moved else whole
    if reason.seen:
        return "of a change in the org that a snapshot saw in between"
    if reason.moved:
        return f"the conversation itself is in another state: {_plain(reason.moved[0].sentence)}"
    return ""


def _named(step: VerdictStep, reason: ChangeReason, rest: str) -> str:
    """The likeliest changes as one list, and how many more there are."""
    said = clauses(reason.facts, step)
    most = MOST_NAMED if step.in_time else MOST_NAMED_OF_TWO
    left = len(said) - most
    parts = [*said[:most], *([f"{left} more {rest}".strip()] if left > 0 else [])]
    # Clauses that name two clients each have commas and words for "and" of their own.
    return joined(parts) if step.in_time else "; ".join([*parts[:-1], f"and {parts[-1]}"] if left > 0 else parts)


def _at_fault(step: VerdictStep, reason: ChangeReason, bad: Side) -> str:
    """Of two orgs: what is wrong in the one, where nothing that its cause is about is there in both and set otherwise."""
    if step.in_time or any(not (each.kind == "deployment" and (each.came or each.went)) for each in reason.direct):
        return ""
    wrong = [each for each in bad.deciding() if each.outcome == "fail"]
    return f"in {bad.client_name} {_plain(wrong[0].sentence)}" if wrong else ""


def _other_changes(step: VerdictStep, reason: ChangeReason, bad: Side) -> tuple[str, ...]:
    """What else the two orgs differ in, where the sentence says what is wrong in the one."""
    if not reason.facts or not _at_fault(step, reason, bad):
        return ()
    return (f"What differs besides: {_named(step, reason, '')}.",)


def _doubts(reason: ChangeReason, bad: Side) -> tuple[str, ...]:
    """What makes the reason less sure, said in words."""
    found = []
    if reason.rejudged:
        checks = ", ".join(reason.rejudged)
        found.append(f"The judgement itself changed between the two ({checks}), which alone could be the reason.")
    if reason.certainty == "likely" and len({each.kind for each in reason.facts}) > 1 and not reason.direct:
        found.append("Several things changed at once; which of them did it cannot be told from here.")
    if bad.certainty == "likely" and bad.cause != causes.UNDETERMINED:
        found.append(f"The cause in {bad.name} is itself only likely.")
    return tuple(found)


def _unexplained(opening: str, bad: Side, reason: ChangeReason) -> str:
    if reason.rejudged:
        return (
            f"{opening}. The check that decides it ({', '.join(reason.rejudged)}) judges otherwise since then, and nothing "
            "in the environment changed that explains it: the difference may be ours alone."
        )
    if reason.unread:
        kinds = joined(list(dict.fromkeys(_plain(each.what) for each in reason.unread))[:MOST_NAMED])
        return f"{opening}. What would explain it was not read by both runs ({kinds}), so nothing can be said for sure."
    ending = f"{opening}, and nothing in the environment that both runs read changed in a way that explains it."
    if causes.family_of(bad.cause) in PASSING:
        return f"{ending} A trouble of this kind comes and goes by itself."
    return ending


def _same(step: VerdictStep, facts: Sequence[Fact]) -> str:
    first, second = step.first, step.second
    if first.is_good or second.is_good:
        return f"Both runs find nothing wrong, so there is no change of verdict to explain: {first.name} and {second.name}."
    return f"Both runs say the same: {_title(first)}. There is no change of verdict to explain."


def _loose_ends(step: VerdictStep, facts: Sequence[Fact]) -> tuple[str, ...]:
    changed = [each for each in facts if each.is_changed]
    if not changed or not step.in_time:
        return ()
    return (f"What did change ({len(changed)} {'thing' if len(changed) == 1 else 'things'}) made no difference to it.",)


def _no_verdict(first: Side, second: Side) -> str:
    without = [each for each in (first, second) if each.is_open]
    if without:
        names = " and ".join(each.name for each in without)
        return f"There is no verdict to compare yet: {names} has not ended."
    names = " and ".join(each.name for each in (first, second) if not each.cause or each.was_cut_short)
    return f"There are no two verdicts to compare: {names} ended without one that can be held against the other."


def _with(made: Explanation, sentence: str) -> Explanation:
    more = (sentence, *made.more)
    return Explanation(made.step, made.certainty, made.sentence, more, made.facts, made.seen, made.unread)


def _title(side: Side) -> str:
    return f"“{causes.title_of(side.cause)}”"


def _plain(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}".rstrip(".")


def _cap(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
