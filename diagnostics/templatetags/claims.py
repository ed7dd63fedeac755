"""What was found of a claim, as word and shape."""

from django import template
from django.utils.safestring import SafeString

from diagnostics.claims.claim import Judgement, Verdict
from diagnostics.templatetags.outcomes import badge

register = template.Library()

SHAPES = {Verdict.WRONG: "fail", Verdict.UNKNOWN: "undetermined", Verdict.SOUND: "verified", Verdict.REAL: "pass"}
TONES = {Verdict.WRONG: "fail", Verdict.UNKNOWN: "error", Verdict.SOUND: "pass", Verdict.REAL: "pass"}
MEANINGS = {
    Verdict.WRONG: "the contract in force contradicts it",
    Verdict.UNKNOWN: "no source of ours settles it",
    Verdict.SOUND: "advice that holds",
    Verdict.REAL: "the contract in force has it",
}


@register.simple_tag
def claim_badge(judgement: Judgement) -> SafeString:
    verdict = judgement.verdict
    return badge(SHAPES[verdict], TONES[verdict], verdict.label, MEANINGS[verdict])


@register.simple_tag
def claim_count(verdict: Verdict, count: int) -> SafeString:
    return badge(SHAPES[verdict], TONES[verdict], f"{count} {verdict.value}", MEANINGS[verdict])


@register.filter
def claim_tone(judgement: Judgement) -> str:
    return TONES[judgement.verdict]
