"""Endpoints for issues, also in their earlier form as findings, and for incidents."""

from django.db.models import QuerySet
from ninja import Query, Router

from diagnostics.accounts.models import User
from diagnostics.api import responses, schemas
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.paging import HEAVY_CLIENT_COLUMNS, matching, page_of
from diagnostics.api.requests import Id, IncidentParameters, IssueListParameters, IssueParameters
from diagnostics.issues.models import Incident, Issue
from diagnostics.issues.queries import find_issue, with_status
from diagnostics.orgs.visibility import visible_rows

router = Router(tags=["Issues and incidents"])
findings_router = Router(tags=["Findings"])


def _issues(viewer: User, status: str) -> QuerySet[Issue]:
    rows = visible_rows(Issue.objects.select_related("client").defer(*HEAVY_CLIENT_COLUMNS), viewer)
    return with_status(rows, {"open": ""}.get(status, status))


@router.get("/issues", response=schemas.Issues, url_name="issues", summary="List issues by cause")
def issues(request: AuthenticatedRequest, filters: Query[IssueListParameters]) -> schemas.Issues:
    """One cause for one target in one org, across runs. Open ones by default, newest first."""
    rows = _issues(request.user, filters.status)
    rows = matching(rows, client=filters.client, cause=filters.cause, org=filters.org)
    found, next_url = page_of(request, rows, filters)
    return schemas.Issues(items=[responses.issue_of_cause(request, row) for row in found], next=next_url)


@router.get("/issues/{issue_id}", response=schemas.CauseIssue, url_name="issue", summary="One issue")
def issue(request: AuthenticatedRequest, issue_id: Id) -> schemas.CauseIssue:
    """Since when, how often, in which runs, and who works on it."""
    return responses.issue_of_cause(request, find_issue(issue_id, request.user))


@router.get("/incidents", response=schemas.Incidents, url_name="incidents", summary="List incidents")
def incidents(request: AuthenticatedRequest, filters: Query[IncidentParameters]) -> schemas.Incidents:
    """Issues that scheduled runs confirmed, newest first."""
    rows = Incident.objects.select_related("client").defer(*HEAVY_CLIENT_COLUMNS, "changes")
    is_open = None if filters.open is None else filters.open == "yes"
    rows = matching(visible_rows(rows, request.user), client=filters.client, closed_at__isnull=is_open)
    found, next_url = page_of(request, rows, filters)
    return schemas.Incidents(items=[responses.incident(row) for row in found], next=next_url)


@findings_router.get(
    "/findings",
    response=schemas.KnownFindings,
    url_name="findings",
    summary="List issues",
    operation_id="diagnostics_api_findings_findings",
)
def findings(request: AuthenticatedRequest, filters: Query[IssueParameters]) -> schemas.KnownFindings:
    """Open issues by default, newest first."""
    rows = _issues(request.user, filters.state)
    rows = matching(rows, client=filters.client, check_id=filters.check, outcome=filters.outcome)
    found, next_url = page_of(request, rows, filters)
    return schemas.KnownFindings(items=[responses.issue(request, row) for row in found], next=next_url)


@findings_router.get(
    "/findings/{finding_id}",
    response=schemas.IssueSchema,
    url_name="finding",
    summary="One issue",
    operation_id="diagnostics_api_findings_finding",
)
def finding(request: AuthenticatedRequest, finding_id: Id) -> schemas.IssueSchema:
    """Since when, how often, in which runs, and whether it is accepted."""
    return responses.issue(request, find_issue(finding_id, request.user))
