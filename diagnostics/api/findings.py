"""Known findings: troubles that runs meet again."""

from ninja import Query, Router

from diagnostics.api import responses as told
from diagnostics.api import schemas as shapes
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.paging import page_of
from diagnostics.api.queries import findings_listed
from diagnostics.api.requests import FindingsAsked, Id
from diagnostics.issues.lookups import find_known

router = Router(tags=["Findings"])


@router.get("/findings", response=shapes.KnownFindings, url_name="findings", summary="List known findings")
def findings(request: AuthenticatedRequest, asked: Query[FindingsAsked]) -> shapes.KnownFindings:
    """Open ones, unless another state is asked for; the newest first."""
    rows = findings_listed(
        request.user, client=asked.client, state=asked.state, check=asked.check or "", outcome=asked.outcome or ""
    )
    found, following = page_of(request, rows, asked)
    return shapes.KnownFindings(items=[told.known(request, row) for row in found], next=following)


@router.get("/findings/{finding_id}", response=shapes.IssueSchema, url_name="finding", summary="One known finding")
def finding(request: AuthenticatedRequest, finding_id: Id) -> shapes.IssueSchema:
    """Since when, how often, in which runs first and last, and whether somebody lives with it."""
    return told.known(request, find_known(finding_id, request.user))
