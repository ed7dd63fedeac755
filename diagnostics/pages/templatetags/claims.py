"""Badges for the verdicts of claims."""

from django import template
from django.utils.safestring import SafeString

from diagnostics.claims.claim import ClaimResult, ClaimVerdict
from diagnostics.web.badges import badge

register = template.Library()

# Shape, tone and meaning.
BADGES = {
    ClaimVerdict.WRONG: ("fail", "fail", "the API reference contradicts it"),
    ClaimVerdict.UNKNOWN: ("undetermined", "error", "the API reference doesn't say"),
    ClaimVerdict.SOUND: ("pass", "pass", "this advice is right"),
    ClaimVerdict.REAL: ("pass", "pass", "the API reference has it"),
}


@register.simple_tag
def claim_badge(result: ClaimResult) -> SafeString:
    shape, tone, meaning = BADGES[result.verdict]
    return badge(shape, tone, result.verdict.label, meaning)


@register.filter
def claim_tone(result: ClaimResult) -> str:
    return BADGES[result.verdict][1]
