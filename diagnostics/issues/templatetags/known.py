"""As what a finding is known, as word and shape."""

from collections.abc import Mapping

from django import template
from django.utils.safestring import SafeString

from diagnostics.issues.models import Issue
from diagnostics.runs.models import Finding
from diagnostics.runs.templatetags.outcomes import badge

register = template.Library()


@register.simple_tag
def known_for(finding: Finding, known: Mapping[str, Issue] | None) -> Issue | None:
    """None where the page was told nothing, and where the finding is no trouble."""
    return known.get(finding.anchor) if known else None


@register.simple_tag
def known_badge(known: Issue) -> SafeString:
    if known.ended_at is not None:
        return badge("pass", "pass", "Over", chip=True)
    if known.is_accepted:
        return badge("finished", "accent", "Accepted", chip=True)
    if known.reopened:
        return badge("again", "fail", "Open again", chip=True)
    return badge("fail", "fail", "Open", chip=True)
