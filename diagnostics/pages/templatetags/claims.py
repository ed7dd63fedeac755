"""Badges for the verdicts of claims."""

from django import template
from django.utils.safestring import SafeString

from diagnostics.claims.claim import ClaimResult, ClaimVerdict
from diagnostics.web.badges import badge

register = template.Library()

SHAPES = {
    ClaimVerdict.WRONG: "fail",
    ClaimVerdict.UNKNOWN: "undetermined",
    ClaimVerdict.SOUND: "verified",
    ClaimVerdict.REAL: "pass",
}
TONES = {
    ClaimVerdict.WRONG: "fail",
    ClaimVerdict.UNKNOWN: "error",
    ClaimVerdict.SOUND: "pass",
    ClaimVerdict.REAL: "pass",
}
MEANINGS = {
    ClaimVerdict.WRONG: "the contract in force contradicts it",
    ClaimVerdict.UNKNOWN: "no source of ours settles it",
    ClaimVerdict.SOUND: "advice that holds",
    ClaimVerdict.REAL: "the contract in force has it",
}


@register.simple_tag
def claim_badge(result: ClaimResult) -> SafeString:
    verdict = result.verdict
    return badge(SHAPES[verdict], TONES[verdict], verdict.label, MEANINGS[verdict])


@register.simple_tag
def claim_count(verdict: ClaimVerdict, count: int) -> SafeString:
    return badge(SHAPES[verdict], TONES[verdict], f"{count} {verdict.value}", MEANINGS[verdict])


@register.filter
def claim_tone(result: ClaimResult) -> str:
    return TONES[result.verdict]
