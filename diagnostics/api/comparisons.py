"""Endpoint that compares two runs."""

from urllib.parse import urlencode

from django.urls import reverse
from ninja import Query, Router

from diagnostics.api import responses, schemas
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.problems import not_found
from diagnostics.api.requests import Pair
from diagnostics.comparison.comparability import is_comparable
from diagnostics.comparison.fact import Fact
from diagnostics.comparison.org_changes import ObservedOrgChange
from diagnostics.comparison.result import ChangedFinding
from diagnostics.engine.finding import AnyFinding
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
        alike=is_comparable(result.remarks),
        remarks=[
            schemas.RemarkSchema(code=remark.code, weight=remark.weight, sentence=remark.sentence)
            for remark in result.remarks
        ],
        became=result.explanation.step.kind.value,
        certainty=result.explanation.certainty,
        sentence=result.explanation.sentence,
        more=list(result.explanation.more),
        surroundings=[_fact(fact) for fact in result.facts],
        given=[_fact(fact) for fact in result.given],
        groups=[
            schemas.ChangeGroupSchema(key=group.key, title=group.title, lines=[_line(line) for line in group.lines])
            for group in result.groups
        ],
        unchanged=len(result.same),
        org_changes=[_org_change(change) for change in result.org_changes],
        page=request.build_absolute_uri(page),
    )


def _fact(fact: Fact) -> schemas.FactSchema:
    return schemas.FactSchema(
        kind=fact.kind, what=fact.what, before=fact.before, after=fact.after, state=fact.state.value
    )


def _line(line: ChangedFinding) -> schemas.ChangedFindingSchema:
    return schemas.ChangedFindingSchema(
        check=line.check_id,
        title=line.title,
        subject=line.subject,
        change=line.change.value,
        before=_finding_state(line.before),
        after=_finding_state(line.after),
        reason=line.reason,
    )


def _finding_state(finding: AnyFinding | None) -> schemas.FindingStateSchema | None:
    if finding is None:
        return None
    return schemas.FindingStateSchema(outcome=finding.outcome, code=finding.code, sentence=finding.sentence)


def _org_change(change: ObservedOrgChange) -> schemas.OrgChangeSchema:
    names = ("about", "kind", "name", "setting", "before", "after", "not_before", "at")
    return schemas.OrgChangeSchema(id=change.pk, **{name: getattr(change, name) for name in names})
