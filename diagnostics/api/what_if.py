"""Endpoints that predict the verdict of a run after changes, from its stored responses."""

from collections.abc import Mapping
from typing import Any

from ninja import Router

from diagnostics.api import schemas
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.problems import ProblemError, wrong
from diagnostics.api.requests import Id, WhatIfGiven
from diagnostics.api.responses import filled
from diagnostics.issues.queries import find_issue
from diagnostics.issues.what_if import NamedChange, WhatIfPage, what_if_page
from diagnostics.runs.queries.runs import find_run
from diagnostics.runs.what_if.changes import PlannedChange

router = Router(tags=["What if"])


@router.post(
    "/runs/{run_id}/what-if", response=schemas.WhatIfSchema, url_name="run-what-if", summary="What if, for a run"
)
def of_run(request: AuthenticatedRequest, run_id: Id, payload: WhatIfGiven) -> schemas.WhatIfSchema:
    """Predicts the verdict after changes, and finds the smallest change that fixes it. No request is sent to the org.

    If the run has no stored responses to predict from, the response is a 409 with the code `not_predictable`.
    """
    changes = _changes(payload)
    page = what_if_page(find_run(run_id, request.user), changes)
    if page.problem:
        raise ProblemError(409, "not_predictable", page.problem)
    return schemas.WhatIfSchema(
        run=run_id,
        verdict=_verdict(page.verdict),
        prediction=_prediction(page),
        smallest=[_change_set(fix) for fix in page.fixes],
    )


@router.post(
    "/issues/{issue_id}/what-if",
    response=schemas.WhatIfSchema,
    url_name="issue-what-if",
    summary="What if, for an issue",
)
def of_issue(request: AuthenticatedRequest, issue_id: Id, payload: WhatIfGiven) -> schemas.WhatIfSchema:
    """As for a run: the newest one that shows the issue."""
    found = find_issue(issue_id, request.user)
    if found.last_run_id is None:
        raise ProblemError(409, "not_predictable", "No run that shows this issue is stored any more.")
    return of_run(request, found.last_run_id, payload)


def _changes(payload: WhatIfGiven) -> tuple[PlannedChange, ...]:
    found = [PlannedChange(given.kind, given.value, given.of).masked() for given in payload.changes]
    problems = [(f"body.changes.{index}.value", change.problem) for index, change in enumerate(found) if change.problem]
    if problems:
        raise wrong("A change isn't valid.", *problems)
    return tuple(dict.fromkeys(found))


def _prediction(page: WhatIfPage) -> schemas.PredictionSchema | None:
    if page.prediction is None:
        return None
    _, sentence = page.effect
    return schemas.PredictionSchema(
        changes=[_change_set(change) for change in page.changes],
        effect=page.prediction.effect.value,
        sentence=sentence,
        verdict=_verdict(page.prediction.verdict),
        unknown=list(page.unknown),
        notes=list(page.prediction.notes),
    )


def _change_set(named: NamedChange) -> schemas.ChangeSetSchema:
    return filled(schemas.ChangeSetSchema, named, changes=list(named.changes))


def _verdict(verdict: Mapping[str, Any]) -> schemas.ShortVerdictSchema:
    return schemas.ShortVerdictSchema(
        **{name: verdict.get(name, "") for name in ("cause", "certainty", "sentence", "remedy")}
    )
