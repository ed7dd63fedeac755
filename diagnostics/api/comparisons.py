"""Endpoint that compares two runs."""

from urllib.parse import urlencode

from django.urls import reverse
from ninja import Query, Router

from diagnostics.api import responses, schemas
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.problems import not_found
from diagnostics.api.requests import Pair
from diagnostics.api.responses import filled
from diagnostics.comparison.comparability import is_comparable
from diagnostics.comparison.findings import ComparedFinding
from diagnostics.runs.queries.comparisons import compare_stored_runs, runs_to_compare

router = Router(tags=["Comparisons"], by_alias=True)


@router.get("/comparisons", response=schemas.ComparisonSchema, url_name="comparison", summary="Compare two runs")
def comparison(request: AuthenticatedRequest, pair: Query[Pair]) -> schemas.ComparisonSchema:
    """The differences between two runs, and the likeliest reason."""
    found = runs_to_compare(pair.a, pair.b, viewer=request.user)
    a, b = found.get(pair.a), found.get(pair.b)
    if a is None or b is None:
        raise not_found()
    result, _ = compare_stored_runs(a, b)
    page = f"{reverse('comparison')}?{urlencode({'a': a.pk, 'b': b.pk})}"
    return schemas.ComparisonSchema(
        a=responses.run(request, a),
        b=responses.run(request, b),
        comparable=is_comparable(result.remarks),
        remarks=[filled(schemas.RemarkSchema, remark) for remark in result.remarks],
        verdict_change=result.explanation.step.kind.value,
        certainty=result.explanation.certainty,
        sentence=result.explanation.sentence,
        more=list(result.explanation.more),
        setup=[filled(schemas.FactSchema, fact, state=fact.state.value) for fact in result.facts],
        inputs=[filled(schemas.FactSchema, fact, state=fact.state.value) for fact in result.given],
        groups=[
            filled(schemas.ChangeGroupSchema, group, lines=list(map(_line, group.lines))) for group in result.groups
        ],
        unchanged=len(result.same),
        org_changes=[filled(schemas.OrgChangeSchema, change, id=change.pk) for change in result.org_changes],
        page=request.build_absolute_uri(page),
    )


def _line(line: ComparedFinding) -> schemas.ChangedFindingSchema:
    return filled(schemas.ChangedFindingSchema, line, check=line.check_id, change=line.change.value)
