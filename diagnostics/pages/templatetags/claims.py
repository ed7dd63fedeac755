"""Badges for the verdicts of claims."""

from django import template
from django.utils.safestring import SafeString

from diagnostics.claims.claim import ClaimResult, ClaimVerdict
from diagnostics.web.badges import badge

register = template.Library()

SHAPES = {
    ClaimVerdict.WRONG: "fail",
    ClaimVerdict.UNKNOWN: "undetermined",
    ClaimVerdict.SOUND: "pass",
    ClaimVerdict.REAL: "pass",
}
TONES = {
    ClaimVerdict.WRONG: "fail",
    ClaimVerdict.UNKNOWN: "error",
    ClaimVerdict.SOUND: "pass",
    ClaimVerdict.REAL: "pass",
}
MEANINGS = {
    ClaimVerdict.WRONG: "the API reference contradicts it",
    ClaimVerdict.UNKNOWN: "the API reference doesn't say",
    ClaimVerdict.SOUND: "this advice is right",
    ClaimVerdict.REAL: "the API reference has it",
}


@register.simple_tag
def claim_badge(result: ClaimResult) -> SafeString:
    verdict = result.verdict
    return badge(SHAPES[verdict], TONES[verdict], verdict.label, MEANINGS[verdict])


@register.filter
def claim_tone(result: ClaimResult) -> str:
    return TONES[result.verdict]
