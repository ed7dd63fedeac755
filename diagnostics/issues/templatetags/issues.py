"""Badges of issues, and the issue of a finding."""

from collections.abc import Mapping

from django import template
from django.utils.safestring import SafeString

from diagnostics.issues.models import Issue
from diagnostics.runs.models import Finding
from diagnostics.web.badges import badge

register = template.Library()


@register.simple_tag
def issue_for(finding: Finding, issues: Mapping[str, Issue] | None) -> Issue | None:
    """The finding's issue. None if it has none, or if the page passes no issues."""
    return issues.get(finding.anchor) if issues else None


@register.simple_tag
def issue_badge(issue: Issue) -> SafeString:
    if issue.ended_at is not None:
        return badge("pass", "pass", "Over", chip=True)
    if issue.is_accepted:
        return badge("finished", "accent", "Accepted", chip=True)
    if issue.reopened:
        return badge("again", "fail", "Open again", chip=True)
    return badge("fail", "fail", "Open", chip=True)
