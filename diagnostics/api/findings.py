"""Known findings: troubles that runs meet again."""

from ninja import Query, Router

from diagnostics import access
from diagnostics.api import shapes, told
from diagnostics.api.asked import FindingsAsked, Id
from diagnostics.api.callers import Caller
from diagnostics.api.paging import page_of
from diagnostics.queries.api_lists import findings_listed

router = Router(tags=["Findings"])


@router.get("/findings", response=shapes.KnownFindings, url_name="findings", summary="List known findings")
def findings(request: Caller, asked: Query[FindingsAsked]) -> shapes.KnownFindings:
    """Open ones, unless another state is asked for; the newest first."""
    rows = findings_listed(
        request.user, client=asked.client, state=asked.state, check=asked.check or "", outcome=asked.outcome or ""
    )
    found, following = page_of(request, rows, asked)
    return shapes.KnownFindings(items=[told.known(request, row) for row in found], next=following)


@router.get("/findings/{finding_id}", response=shapes.KnownFinding, url_name="finding", summary="One known finding")
def finding(request: Caller, finding_id: Id) -> shapes.KnownFinding:
    """Since when, how often, in which runs first and last, and whether somebody lives with it."""
    return told.known(request, access.find_known(finding_id, request.user))
