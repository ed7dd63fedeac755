"""Two runs side by side."""

from urllib.parse import urlencode

from django.urls import reverse
from ninja import Query, Router

from diagnostics.api import shapes, told
from diagnostics.api.asked import Pair
from diagnostics.api.callers import Caller
from diagnostics.api.problems import not_found
from diagnostics.comparison.alike import is_alike
from diagnostics.comparison.fact import Fact
from diagnostics.comparison.result import Line
from diagnostics.comparison.seen import Seen
from diagnostics.comparison.side import Said
from diagnostics.queries.compared import compared
from diagnostics.queries.comparisons import runs_to_compare

router = Router(tags=["Comparisons"])


@router.get("/comparisons", response=shapes.Comparison, url_name="comparison", summary="Compare two runs")
def comparison(request: Caller, asked: Query[Pair]) -> shapes.Comparison:
    """Any two runs: what differs in the surroundings and the findings, and the likeliest reason."""
    found = runs_to_compare(asked.a, asked.b, viewer=request.user)
    a, b = found.get(asked.a), found.get(asked.b)
    if a is None or b is None:
        raise not_found()
    result, _ = compared(a, b)
    page = f"{reverse('comparison')}?{urlencode({'a': a.pk, 'b': b.pk})}"
    return shapes.Comparison(
        a=told.run(request, a),
        b=told.run(request, b),
        alike=is_alike(result.remarks),
        remarks=[shapes.Remark(code=each.code, weight=each.weight, sentence=each.sentence) for each in result.remarks],
        became=result.explanation.step.kind.value,
        certainty=result.explanation.certainty,
        sentence=result.explanation.sentence,
        more=list(result.explanation.more),
        surroundings=[_fact(each) for each in result.facts],
        given=[_fact(each) for each in result.given],
        groups=[
            shapes.Group(key=group.key, title=group.title, lines=[_line(each) for each in group.lines])
            for group in result.groups
        ],
        unchanged=len(result.same),
        seen=[_seen(each) for each in result.seen],
        page=request.build_absolute_uri(page),
    )


def _fact(fact: Fact) -> shapes.Fact:
    return shapes.Fact(kind=fact.kind, what=fact.what, before=fact.before, after=fact.after, state=fact.state.value)


def _line(line: Line) -> shapes.Line:
    return shapes.Line(
        check=line.check_id,
        title=line.title,
        subject=line.subject,
        change=line.change.value,
        before=_said(line.before),
        after=_said(line.after),
        reason=line.reason,
    )


def _said(said: Said | None) -> shapes.Said | None:
    return None if said is None else shapes.Said(outcome=said.outcome, code=said.code, sentence=said.sentence)


def _seen(seen: Seen) -> shapes.OrgChange:
    same = ("about", "kind", "name", "setting", "before", "after", "not_before", "at")
    return shapes.OrgChange(id=seen.pk, **{name: getattr(seen, name) for name in same})
