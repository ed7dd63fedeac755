"""Stored verdicts and findings next to re-evaluated ones."""

from collections.abc import Mapping

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.engine.finding import AnyFinding
from diagnostics.runs.templatetags.outcomes import cause_tone
from diagnostics.web.badges import badge

register = template.Library()

REASONS = {
    "version": "The check judges otherwise since then.",
    "new_check": "There was no such check then.",
    "retired_check": "There is no such check any more.",
    "not_planned": "It is not asked any more of what was brought.",
    "not_kept": "What it reads was not asked then, or is not kept.",
    "contract": "Another contract is in force.",
    "other": "The evidence is the same; what makes the difference is not stored.",
}


@register.simple_tag
def verdict_badge(cause: str, certainty: str, is_part: bool = False) -> SafeString:
    title = causes.PART_IS_RIGHT if is_part and cause == causes.NONE else causes.title_of(cause)
    shape = {causes.NONE: "pass", causes.UNDETERMINED: "error"}.get(cause, "fail")
    sure = "" if certainty == cause or cause == causes.NONE else certainty
    shown = badge(shape, cause_tone(cause), title, cause)
    return format_html('<span class="told-verdict">{} <span>{}</span> <code>{}</code></span>', shown, sure, cause)


@register.simple_tag
def stored_finding(finding: AnyFinding | None) -> SafeString:
    if finding is None:
        return SafeString('<span class="soft">nothing</span>')
    outcome = Outcome(finding.outcome)
    return format_html(
        '<span>{} <code class="soft">{}</code><span class="sub">{}</span></span>',
        badge(outcome.value, outcome.value, outcome.label),
        finding.code,
        finding.sentence,
    )


@register.filter
def reason(why: str) -> str:
    return REASONS.get(why, why)


@register.filter
def title_in(check_id: str, titles: Mapping[str, str]) -> str:
    return titles.get(check_id, check_id)
