"""Explains a change of verdict between two runs in one sentence: what changed, the likeliest reason, and the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from diagnostics.comparison.clauses import clauses, joined
from diagnostics.comparison.fact import Effect, Fact
from diagnostics.comparison.org_changes import ObservedOrgChange
from diagnostics.comparison.reasons import TRANSIENT, ChangeReason, reason_for
from diagnostics.comparison.side import Side, StepKind, VerdictStep
from diagnostics.engine import causes
from diagnostics.engine.rules import CERTAINTY_LABELS

# The most facts named in one sentence; a table lists them all. Clauses about two orgs are longer.
MOST_NAMED = 3
MOST_NAMED_OF_TWO = 2


@dataclass(frozen=True)
class Explanation:
    """`certainty` is "" if there is nothing to explain. `more` holds sentences that qualify the first.

    `facts` are the changes that explain it, in the order of `step`; `org_changes` the matching changes that syncs found;
    `unread` the facts that could explain it but weren't read by both runs.
    """

    step: VerdictStep
    certainty: str
    sentence: str
    more: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    org_changes: tuple[ObservedOrgChange, ...] = ()
    unread: tuple[Fact, ...] = ()


def explain(
    step: VerdictStep, facts: Sequence[Fact], org_changes: Sequence[ObservedOrgChange], *, comparable: bool
) -> Explanation:
    """`facts` and `org_changes` must be in the order of `step`."""
    first, second = step.first, step.second
    match step.kind:
        case StepKind.SAME_RUN:
            return Explanation(step, "", "Both are the same run.")
        case StepKind.NO_VERDICT:
            return Explanation(step, "", _no_verdict(first, second))
        case StepKind.SAME:
            sentence = f"Both runs have the same cause: {_title(first)}."
            if first.is_good or second.is_good:
                names = f"{first.name} and {second.name}"
                sentence = f"Both runs find nothing wrong, so there is nothing to explain: {names}."
            return Explanation(step, "", sentence, _unrelated_changes(step, facts))
        case StepKind.CERTAINTY:
            sentence = f"Both runs name the same cause, {_title(first)}; it is {_certainty(first)} in {first.name} and "
            return Explanation(step, "", f"{sentence}{_certainty(second)} in {second.name}.")
        case StepKind.BROKE:
            opening = f"{_capitalized(second.name)} fails where {first.name} works"
            return _explained(step, opening, second, first, facts, org_changes, Effect.LOST, comparable)
        case StepKind.FIXED:
            opening = f"{_capitalized(second.name)} works where {first.name} fails"
            return _explained(step, opening, first, second, facts, org_changes, Effect.GAINED, comparable)
        case StepKind.BECAME_UNKNOWN:
            opening = f"{_capitalized(second.name)} is inconclusive where {first.name} was not"
            return _explained(step, opening, second, first, facts, org_changes, Effect.LOST, comparable)
        case StepKind.BECAME_KNOWN:
            opening = f"{_capitalized(second.name)} has a verdict where {first.name} was inconclusive: {_title(second)}"
            return _explained(step, opening, first, second, facts, org_changes, Effect.GAINED, comparable)
        case StepKind.OTHER:
            return _other_cause(step, facts, org_changes, comparable)


def _other_cause(
    step: VerdictStep, facts: Sequence[Fact], org_changes: Sequence[ObservedOrgChange], comparable: bool
) -> Explanation:
    """One cause replaced another. If the earlier verdict already listed the new cause, only the old one needs explaining."""
    first, second = step.first, step.second
    opening = f"{_capitalized(second.name)} fails for another reason than {first.name}: {_title(second)} instead of {_title(first)}"
    if second.cause in first.also:
        explanation = _explained(step, opening, first, second, facts, org_changes, Effect.GAINED, comparable)
        note = f"{_capitalized(_title(second))} was already a problem in {first.name}, hidden by the other one."
        return replace(explanation, more=(note, *explanation.more))
    explanation = _explained(step, opening, second, first, facts, org_changes, Effect.LOST, comparable)
    if first.cause in second.also:
        note = f"{_capitalized(_title(first))} is still a problem; the new one comes before it."
        return replace(explanation, more=(note, *explanation.more))
    return explanation


def _explained(
    step: VerdictStep,
    opening: str,
    bad: Side,
    good: Side,
    facts: Sequence[Fact],
    org_changes: Sequence[ObservedOrgChange],
    effect: Effect,
    comparable: bool,
) -> Explanation:
    reason = reason_for(bad, good, facts, org_changes, effect, comparable=comparable)
    if reason.not_checked:
        sentence = f"{opening}, but {good.name} didn't check what fails in {bad.name}, so maybe nothing changed."
        return Explanation(step, "undetermined", sentence)
    clause = _clause(step, reason, bad)
    if not clause:
        return Explanation(step, "undetermined", _unexplained(opening, bad, reason), unread=reason.unread)
    link = "because" if reason.certainty == "proved" else "most likely because"
    return Explanation(
        step,
        reason.certainty,
        f"{opening}, {link} {clause}.",
        (*_other_changes(step, reason, bad), *_caveats(reason, bad)),
        reason.facts,
        reason.org_changes,
        reason.unread if reason.certainty != "proved" else (),
    )


def _clause(step: VerdictStep, reason: ChangeReason, bad: Side) -> str:
    if reason.facts:
        if failure := _failure_clause(step, reason, bad):
            return failure
        changes = _fact_clauses(step, reason, "changed with it" if step.is_same_client else "differ")
        return f"{changes}: {_as_clause(reason.changed_findings[0].sentence)}" if reason.changed_findings else changes
    if reason.org_changes:
        return "of a change in the org that a sync found in between"
    if reason.changed_findings:
        return f"the state of the conversation is different: {_as_clause(reason.changed_findings[0].sentence)}"
    return ""


def _fact_clauses(step: VerdictStep, reason: ChangeReason, ending: str) -> str:
    """The likeliest changes, and the number of the others, followed by `ending`."""
    phrases = clauses(reason.facts, step)
    most = MOST_NAMED if step.is_same_client else MOST_NAMED_OF_TWO
    left = len(phrases) - most
    parts = [*phrases[:most], *([f"{left} more {ending}".strip()] if left > 0 else [])]
    if step.is_same_client:
        return joined(parts)
    # Clauses about two clients contain commas and "and" themselves.
    return "; ".join([*parts[:-1], f"and {parts[-1]}"] if left > 0 else parts)


def _failure_clause(step: VerdictStep, reason: ChangeReason, bad: Side) -> str:
    """What fails in one of two orgs, if no direct fact differs except deployments that only one of them has."""
    if step.is_same_client:
        return ""
    if any(not (fact.kind == "deployment" and (fact.is_added or fact.is_removed)) for fact in reason.direct):
        return ""
    failed = [finding for finding in bad.deciding_findings() if finding.outcome == "fail"]
    return f"in {bad.client_name} {_as_clause(failed[0].sentence)}" if failed else ""


def _other_changes(step: VerdictStep, reason: ChangeReason, bad: Side) -> tuple[str, ...]:
    """Other differences between two orgs, if the main sentence says what fails in one of them."""
    if not reason.facts or not _failure_clause(step, reason, bad):
        return ()
    return (f"Other differences: {_fact_clauses(step, reason, '')}.",)


def _caveats(reason: ChangeReason, bad: Side) -> tuple[str, ...]:
    """Sentences about what makes the reason less certain."""
    caveats = []
    if reason.changed_versions:
        checks = ", ".join(reason.changed_versions)
        caveats.append(f"The checks changed between the two runs ({checks}), which could be the reason.")
    if reason.certainty == "likely" and len({fact.kind for fact in reason.facts}) > 1 and not reason.direct:
        caveats.append("Several things changed at once. We can't tell which one is the reason.")
    if bad.certainty == "likely" and bad.cause != causes.UNDETERMINED:
        caveats.append(f"The cause in {bad.name} is only likely.")
    return tuple(caveats)


def _unexplained(opening: str, bad: Side, reason: ChangeReason) -> str:
    if reason.changed_versions:
        return (
            f"{opening}. The check that decides it ({', '.join(reason.changed_versions)}) has changed since, and no "
            "change in the setup explains the difference."
        )
    if reason.unread:
        kinds = joined(list(dict.fromkeys(_as_clause(fact.what) for fact in reason.unread))[:MOST_NAMED])
        return f"{opening}. What would explain it wasn't read by both runs ({kinds}), so we can't be sure."
    comes_and_goes = " This kind of problem comes and goes." if causes.family_of(bad.cause) in TRANSIENT else ""
    return f"{opening}, and no change in the setup explains it.{comes_and_goes}"


def _unrelated_changes(step: VerdictStep, facts: Sequence[Fact]) -> tuple[str, ...]:
    changed = [fact for fact in facts if fact.is_changed]
    if not changed or not step.is_same_client:
        return ()
    return (f"What did change ({len(changed)} {'thing' if len(changed) == 1 else 'things'}) didn't matter.",)


def _certainty(side: Side) -> str:
    return CERTAINTY_LABELS.get(side.certainty, side.certainty).lower()


def _no_verdict(first: Side, second: Side) -> str:
    without = [side for side in (first, second) if side.is_open]
    if without:
        names = " and ".join(side.name for side in without)
        return f"There is no verdict to compare yet: {names} hasn't ended."
    names = " and ".join(side.name for side in (first, second) if not side.cause or side.was_cut_short)
    return f"There are no two verdicts to compare: {names} ended without one."


def _title(side: Side) -> str:
    return f"“{causes.title_of(side.cause)}”"


def _as_clause(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}".rstrip(".")


def _capitalized(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
