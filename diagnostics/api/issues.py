"""Endpoints for issues and incidents."""

from ninja import Query, Router

from diagnostics.api import responses, schemas
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.paging import page_of
from diagnostics.api.queries import list_incidents, list_issues
from diagnostics.api.requests import Id, IncidentParameters, IssueListParameters
from diagnostics.issues.queries import find_issue

router = Router(tags=["Issues and incidents"])


@router.get("/issues", response=schemas.Issues, url_name="issues", summary="List issues by cause")
def issues(request: AuthenticatedRequest, filters: Query[IssueListParameters]) -> schemas.Issues:
    """One cause for one target in one org, across runs. Open ones by default, newest first."""
    rows = list_issues(
        request.user,
        client=filters.client,
        state=filters.status,
        cause=filters.cause or "",
        org=filters.org or "",
    )
    found, next_url = page_of(request, rows, filters)
    return schemas.Issues(items=[responses.issue_of_cause(request, row) for row in found], next=next_url)


@router.get("/issues/{issue_id}", response=schemas.CauseIssue, url_name="issue", summary="One issue")
def issue(request: AuthenticatedRequest, issue_id: Id) -> schemas.CauseIssue:
    """Since when, how often, in which runs, and who works on it."""
    return responses.issue_of_cause(request, find_issue(issue_id, request.user))


@router.get("/incidents", response=schemas.Incidents, url_name="incidents", summary="List incidents")
def incidents(request: AuthenticatedRequest, filters: Query[IncidentParameters]) -> schemas.Incidents:
    """Issues that scheduled runs confirmed, newest first."""
    rows = list_incidents(
        request.user, client=filters.client, is_open=None if filters.open is None else filters.open == "yes"
    )
    found, next_url = page_of(request, rows, filters)
    return schemas.Incidents(items=[responses.incident(row) for row in found], next=next_url)
