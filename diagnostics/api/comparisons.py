"""Two runs side by side."""

from urllib.parse import urlencode

from django.urls import reverse
from ninja import Query, Router

from diagnostics.api import responses as told
from diagnostics.api import schemas as shapes
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.problems import not_found
from diagnostics.api.requests import Pair
from diagnostics.comparison.comparability import is_comparable
from diagnostics.comparison.fact import Fact
from diagnostics.comparison.org_changes import ObservedOrgChange
from diagnostics.comparison.result import ChangedFinding
from diagnostics.engine.finding import Finding
from diagnostics.runs.queries.compared import compared
from diagnostics.runs.queries.comparisons import runs_to_compare

router = Router(tags=["Comparisons"])


@router.get("/comparisons", response=shapes.ComparisonSchema, url_name="comparison", summary="Compare two runs")
def comparison(request: AuthenticatedRequest, asked: Query[Pair]) -> shapes.ComparisonSchema:
    """Any two runs: what differs in the surroundings and the findings, and the likeliest reason."""
    found = runs_to_compare(asked.a, asked.b, viewer=request.user)
    a, b = found.get(asked.a), found.get(asked.b)
    if a is None or b is None:
        raise not_found()
    result, _ = compared(a, b)
    page = f"{reverse('comparison')}?{urlencode({'a': a.pk, 'b': b.pk})}"
    return shapes.ComparisonSchema(
        a=told.run(request, a),
        b=told.run(request, b),
        alike=is_comparable(result.remarks),
        remarks=[
            shapes.RemarkSchema(code=each.code, weight=each.weight, sentence=each.sentence) for each in result.remarks
        ],
        became=result.explanation.step.kind.value,
        certainty=result.explanation.certainty,
        sentence=result.explanation.sentence,
        more=list(result.explanation.more),
        surroundings=[_fact(each) for each in result.facts],
        given=[_fact(each) for each in result.given],
        groups=[
            shapes.ChangeGroupSchema(key=group.key, title=group.title, lines=[_line(each) for each in group.lines])
            for group in result.groups
        ],
        unchanged=len(result.same),
        seen=[_org_change(each) for each in result.org_changes],
        page=request.build_absolute_uri(page),
    )


def _fact(fact: Fact) -> shapes.FactSchema:
    return shapes.FactSchema(
        kind=fact.kind, what=fact.what, before=fact.before, after=fact.after, state=fact.state.value
    )


def _line(line: ChangedFinding) -> shapes.ChangedFindingSchema:
    return shapes.ChangedFindingSchema(
        check=line.check_id,
        title=line.title,
        subject=line.subject,
        change=line.change.value,
        before=_finding_state(line.before),
        after=_finding_state(line.after),
        reason=line.reason,
    )


def _finding_state(said: Finding | None) -> shapes.FindingStateSchema | None:
    return (
        None
        if said is None
        else shapes.FindingStateSchema(outcome=said.outcome, code=said.code, sentence=said.sentence)
    )


def _org_change(seen: ObservedOrgChange) -> shapes.OrgChangeSchema:
    same = ("about", "kind", "name", "setting", "before", "after", "not_before", "at")
    return shapes.OrgChangeSchema(id=seen.pk, **{name: getattr(seen, name) for name in same})
