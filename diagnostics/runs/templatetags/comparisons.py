"""Facts, steps and streaks of a comparison as words and shapes."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from diagnostics.comparison.fact import Fact, Way
from diagnostics.comparison.history import Mood, Point
from diagnostics.comparison.side import Side
from diagnostics.comparison.steps import Kind, VerdictStep
from diagnostics.runs import report
from diagnostics.runs.templatetags.outcomes import badge

register = template.Library()

FACTS = {
    Way.LOST: ("fail", "fail"),
    Way.GAINED: ("pass", "pass"),
    Way.OTHER: ("warn", "warn"),
}
STEPS = {
    Kind.BROKE: "fail",
    Kind.OTHER: "fail",
    Kind.MENDED: "pass",
    Kind.LOST_SIGHT: "error",
    Kind.SEEN_AGAIN: "error",
}
STEP_LABELS = {
    Kind.SAME_RUN: "The same run",
    Kind.NO_VERDICT: "No verdict to compare",
    Kind.SAME: "The same verdict",
    Kind.SURENESS: "The same cause",
    Kind.BROKE: "Broken",
    Kind.MENDED: "Mended",
    Kind.OTHER: "Another fault",
    Kind.LOST_SIGHT: "Could not be told any more",
    Kind.SEEN_AGAIN: "Can be told again",
}
MOODS = {Mood.GOOD: ("pass", "pass"), Mood.BAD: ("fail", "fail"), Mood.UNTOLD: ("error", "error")}


@register.simple_tag
def fact_badge(fact: Fact, step: VerdictStep, first: Side, second: Side) -> SafeString:
    """The word says what became of it, the same one for each fact of a kind; shape and tone, what that means for cobrowse.
    In the order of time a thing is lost or gained; else, and of two clients, only one run has it. `first` and `second` are
    the runs in the order in which the fact stands.
    """
    if fact.is_unknown:
        return badge("error", "error", "Not read by both", chip=True)
    if not fact.is_changed:
        return badge("finished", "skip", "Same", chip=True)
    in_time = step.in_time and step.first.pk == first.pk
    if fact.came:
        word = "Gained" if in_time else f"Only in run {second.pk}"
    elif fact.went:
        word = "Lost" if in_time else f"Only in run {first.pk}"
    else:
        word = "Changed" if in_time else "Differs"
    return badge(*FACTS[fact.way], word, chip=True)


@register.filter
def step_tone(step: VerdictStep) -> str:
    return STEPS.get(step.kind, "accent")


@register.filter
def step_word(step: VerdictStep) -> str:
    if step.kind is Kind.BROKE and not step.in_time:
        return "Works in one, fails in the other"
    return STEP_LABELS[step.kind]


@register.simple_tag
def point_badge(point: Point) -> SafeString:
    shape, tone = MOODS[point.mood]
    return badge(shape, tone, point.title)


@register.filter
def point_tone(point: Point) -> str:
    return MOODS[point.mood][1]


@register.filter
def point_shape(point: Point) -> str:
    return MOODS[point.mood][0]


@register.simple_tag
def compare_address(a: int, b: int, *, turned: bool = False) -> str:
    """`turned` shows them against the order of time."""
    return f"{reverse('comparison')}?{urlencode({'a': a, 'b': b} | ({'turned': 1} if turned else {}))}"


@register.filter
def as_evidence(value: Any) -> str:
    """One piece of evidence as the run page shows it."""
    return report.shown(value)
