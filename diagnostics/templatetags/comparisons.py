"""Facts, steps and streaks of a comparison as words and shapes."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from diagnostics import report
from diagnostics.comparison.fact import Fact, Way
from diagnostics.comparison.step import Kind, Step
from diagnostics.flips import Mood, Point
from diagnostics.templatetags.outcomes import badge

register = template.Library()

FACTS = {
    Way.LOST: ("fail", "fail", "Lost", "Only in the first"),
    Way.GAINED: ("pass", "pass", "Gained", "Only in the second"),
    Way.OTHER: ("warn", "warn", "Changed", "Differs"),
}
STEPS = {
    Kind.BROKE: "fail",
    Kind.OTHER: "fail",
    Kind.MENDED: "pass",
    Kind.LOST_SIGHT: "error",
    Kind.SEEN_AGAIN: "error",
}
STEP_WORDS = {
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
def fact_badge(fact: Fact, step: Step) -> SafeString:
    """Lost and gained are said of what cobrowse needs, in time; of two clients only one has it, or they differ."""
    if fact.is_unknown:
        return badge("error", "error", "Not read by both", chip=True)
    if not fact.is_changed:
        return badge("finished", "skip", "Same", chip=True)
    shape, tone, word, word_of_two = FACTS[fact.way]
    return badge(shape, tone, word if step.in_time else word_of_two, chip=True)


@register.filter
def step_tone(step: Step) -> str:
    return STEPS.get(step.kind, "accent")


@register.filter
def step_word(step: Step) -> str:
    if step.kind is Kind.BROKE and not step.in_time:
        return "Works in one, fails in the other"
    return STEP_WORDS[step.kind]


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
def compare_address(a: int, b: int) -> str:
    return f"{reverse('comparison')}?{urlencode({'a': a, 'b': b})}"


@register.filter
def as_evidence(value: Any) -> str:
    """One piece of evidence as the run page shows it."""
    return report.shown(value)
