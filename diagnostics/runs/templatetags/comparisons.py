"""Badges of comparisons: facts, verdict changes and runs of a history."""

from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from diagnostics.comparison.fact import Effect, Fact
from diagnostics.comparison.history import Point, PointState
from diagnostics.comparison.side import Side, StepKind, VerdictStep
from diagnostics.runs import report
from diagnostics.web.badges import badge

register = template.Library()

FACTS = {Effect.LOST: "fail", Effect.GAINED: "pass", Effect.OTHER: "warn"}  # shape and tone
STEPS = {
    StepKind.BROKE: "fail",
    StepKind.OTHER: "fail",
    StepKind.FIXED: "pass",
    StepKind.BECAME_UNKNOWN: "error",
    StepKind.BECAME_KNOWN: "error",
}
STEP_LABELS = {
    StepKind.SAME_RUN: "Same run",
    StepKind.NO_VERDICT: "No verdict",
    StepKind.SAME: "Same verdict",
    StepKind.CERTAINTY: "Same cause",
    StepKind.BROKE: "Started failing",
    StepKind.FIXED: "Fixed",
    StepKind.OTHER: "Another problem",
    StepKind.BECAME_UNKNOWN: "Now inconclusive",
    StepKind.BECAME_KNOWN: "Conclusive again",
}
POINTS = {PointState.GOOD: "pass", PointState.BAD: "fail", PointState.UNKNOWN: "error"}  # shape and tone

register.filter("as_evidence", report.evidence_text)


@register.simple_tag
def fact_badge(fact: Fact, step: VerdictStep, first: Side, second: Side) -> SafeString:
    """What changed, as a badge. Its shape and tone show what the change means for cobrowse.

    A fact is lost or gained only in order of time; otherwise only one run has it. `first` and `second` are the runs in
    the order of the fact.
    """
    if fact.is_unknown:
        return badge("error", "error", "Read by one run", chip=True)
    if not fact.is_changed:
        return badge("finished", "skip", "Same", chip=True)
    in_time = step.is_same_client and step.first.pk == first.pk
    if fact.is_added:
        label = "Gained" if in_time else f"Only in run {second.pk}"
    elif fact.is_removed:
        label = "Lost" if in_time else f"Only in run {first.pk}"
    else:
        label = "Changed" if in_time else "Differs"
    return badge(FACTS[fact.effect], FACTS[fact.effect], label, chip=True)


@register.filter
def step_tone(step: VerdictStep) -> str:
    return STEPS.get(step.kind, "accent")


@register.filter
def step_word(step: VerdictStep) -> str:
    if step.kind is StepKind.BROKE and not step.is_same_client:
        return "Works in one, fails in the other"
    return STEP_LABELS[step.kind]


@register.simple_tag
def point_badge(point: Point) -> SafeString:
    return badge(POINTS[point.state], POINTS[point.state], point.title)


@register.simple_tag
def compare_address(a: int, b: int, *, turned: bool = False) -> str:
    """`turned` shows the runs in reverse order of time."""
    return f"{reverse('comparison')}?{urlencode({'a': a, 'b': b} | ({'turned': 1} if turned else {}))}"
