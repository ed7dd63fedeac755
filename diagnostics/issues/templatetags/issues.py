"""Template tags of issues: their badges, the issues of a run, and open incidents."""

from typing import Any

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from diagnostics.issues.issues import issues_of_run
from diagnostics.issues.models import Incident, Issue
from diagnostics.runs.models import Run
from diagnostics.web.badges import badge
from diagnostics.web.format import duration_in_words

register = template.Library()

STATUS_BADGES = {
    Issue.Status.NEW: ("fail", "fail"),
    Issue.Status.ONGOING: ("fail", "fail"),
    Issue.Status.REOPENED: ("again", "fail"),
    Issue.Status.RESOLVED: ("pass", "pass"),
    Issue.Status.ACCEPTED: ("finished", "accent"),
}


@register.simple_tag
def issue_badge(issue: Issue) -> SafeString:
    status = issue.shown_status
    return badge(*STATUS_BADGES[status], status.label, chip=True)


@register.inclusion_tag("issues/_of_run.html")
def run_issues(run: Run) -> dict[str, Any]:
    """What is known across runs about the causes of a closed run."""
    return {"run": run, "issues": [] if run.is_open else issues_of_run(run)}


@register.simple_tag
def incident_badge(incident: Incident) -> SafeString:
    if incident.is_open:
        return badge("fail", "fail", "Open")
    if incident.good_run_id is not None:
        return badge("pass", "pass", "Resolved")
    if incident.became_id is not None:
        return badge("arrow", "warn", "Cause changed")
    return badge("skip", "skip", "Ended")


@register.filter
def incident_length(incident: Incident) -> str:
    """From the first bad run to the first good one, or until now."""
    return duration_in_words((incident.ended_at or timezone.now()) - incident.began_at, units=2)
