"""Template tags of issues: their badges, the issues of a run, and open incidents."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from diagnostics.accounts.models import User
from diagnostics.issues.issues import issues_of_run
from diagnostics.issues.models import Incident, Issue
from diagnostics.issues.queries import open_incidents
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.orgs import Org
from diagnostics.runs.models import Run
from diagnostics.web.badges import badge
from diagnostics.web.format import duration_in_words

register = template.Library()

MAX_INCIDENTS = 5

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


@register.inclusion_tag("issues/_open_incidents.html")
def list_open_incidents(viewer: User, client: OAuthClient | None = None, org: Org | None = None) -> dict[str, Any]:
    """The issues with an open incident that the viewer may see, oldest first: of one client, of one org, or all."""
    oldest: dict[int, Incident] = {}
    for incident in open_incidents(viewer, client=client, clients=org.pks if org else None):
        oldest.setdefault(incident.issue_id, incident)
    found = list(oldest.values())
    query: dict[str, object] = {"alerting": "yes", "status": "all", "target": "all"}
    if client is not None:
        query["client"] = client.pk
    elif org is not None:
        query["org"] = org.org_id or org.key
    return {
        "incidents": found[:MAX_INCIDENTS],
        "count": len(found),
        "one_client": client is not None or (org is not None and len(org.pks) == 1),
        "query": urlencode(query),
    }


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
