"""Endpoints for issues, which the API calls findings."""

from ninja import Query, Router

from diagnostics.api import responses, schemas
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.paging import page_of
from diagnostics.api.queries import list_issues
from diagnostics.api.requests import Id, IssueParameters
from diagnostics.issues.queries import find_issue

router = Router(tags=["Findings"])


@router.get("/findings", response=schemas.KnownFindings, url_name="findings", summary="List issues")
def findings(request: AuthenticatedRequest, filters: Query[IssueParameters]) -> schemas.KnownFindings:
    """Open issues by default, newest first."""
    rows = list_issues(
        request.user,
        client=filters.client,
        state=filters.state,
        check=filters.check or "",
        outcome=filters.outcome or "",
    )
    found, next_url = page_of(request, rows, filters)
    return schemas.KnownFindings(items=[responses.issue(request, row) for row in found], next=next_url)


@router.get("/findings/{finding_id}", response=schemas.IssueSchema, url_name="finding", summary="One issue")
def finding(request: AuthenticatedRequest, finding_id: Id) -> schemas.IssueSchema:
    """Since when, how often, in which runs, and whether it is accepted."""
    return responses.issue(request, find_issue(finding_id, request.user))
