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
    "version": "The check has changed since.",
    "new_check": "The check is new.",
    "retired_check": "The check no longer exists.",
    "not_planned": "The check no longer applies to this input.",
    "not_kept": "What it reads wasn't requested or isn't stored.",
    "contract": "Another API reference is in use.",
    "other": "Same evidence; the reason isn't stored.",
}


@register.simple_tag
def verdict_badge(cause: str, certainty: str, is_part: bool = False) -> SafeString:
    title = causes.PART_IS_RIGHT if is_part and cause == causes.NONE else causes.title_of(cause)
    shape = {causes.NONE: "pass", causes.UNDETERMINED: "error"}.get(cause, "fail")
    sure = "" if certainty == cause or cause == causes.NONE else certainty
    shown = badge(shape, cause_tone(cause), title, cause)
    return format_html('<span class="verdict-line">{} <span>{}</span> <code>{}</code></span>', shown, sure, cause)


@register.simple_tag
def stored_finding(finding: AnyFinding | None) -> SafeString:
    if finding is None:
        return SafeString('<span class="soft">No finding</span>')
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
