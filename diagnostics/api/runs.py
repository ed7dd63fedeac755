"""Endpoints for runs: the list, one run with its findings and exchanges, and starting one."""

import json
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router, Status

from diagnostics import tasks
from diagnostics.api import responses, schemas
from diagnostics.api.callers import AuthenticatedRequest, require_may_run
from diagnostics.api.paging import address_with
from diagnostics.api.problems import wrong
from diagnostics.api.requests import AnswerGiven, CallGiven, Id, RunGiven, RunParameters
from diagnostics.api.starts import (
    IdempotencyKeyHeader,
    add_poll_headers,
    find_client_to_use,
    starting,
    text_size,
)
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.inputs import Inputs, read_paste
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.idempotency_keys import StartResult, find_started_run, hash_request, start_api_run
from diagnostics.runs.limits import reading_one_text
from diagnostics.runs.queries.pages import read_position, run_page
from diagnostics.runs.queries.runs import find_run, findings_of

router = Router(tags=["Runs"])
OWN_PARAMETERS = ("page", "limit")
UTC = ZoneInfo("UTC")


@router.get("/runs", response=schemas.Runs, url_name="runs", summary="List runs")
def runs(request: AuthenticatedRequest, parameters: Query[RunParameters]) -> schemas.Runs:
    """Uses the filters of the page Runs. An invalid filter is a 422 and never ignored."""
    filters = RunFilter.read(request.GET, timezone.now(), UTC, viewer=request.user, also=OWN_PARAMETERS)
    if filters.problems:
        errors = [("query", sentence) for sentence in filters.problems]
        raise wrong("A filter isn't valid.", *errors)
    position = read_position(parameters.page or "", filters.sort)
    if position is None:
        raise wrong("The page isn't valid.", ("query.page", "This isn't a position in a list of this order."))
    page = run_page(filters, position, parameters.limit)
    next_url = address_with(request, page=page.later) if page.later else None
    return schemas.Runs(items=[responses.run(request, row) for row in page.runs], next=next_url)


@router.get("/runs/{run_id}", response=schemas.RunInFull, url_name="run", summary="One run")
def run(request: AuthenticatedRequest, run_id: Id) -> schemas.RunInFull:
    """Poll it while its status is queued or running."""
    return responses.run_in_full(request, find_run(run_id, request.user))


@router.get("/runs/{run_id}/findings", response=schemas.Findings, url_name="run-findings", summary="Findings of a run")
def findings(request: AuthenticatedRequest, run_id: Id) -> schemas.Findings:
    """In order of arrival, also while the run is in progress."""
    row = find_run(run_id, request.user)
    return schemas.Findings(items=[responses.finding(finding) for finding in findings_of(row)], is_open=row.is_open)


@router.get(
    "/runs/{run_id}/exchanges", response=schemas.Exchanges, url_name="run-exchanges", summary="Requests of a run"
)
def exchanges(request: AuthenticatedRequest, run_id: Id) -> schemas.Exchanges:
    """Requests to the org and their responses, redacted. Bodies are deleted by the retention rules."""
    row = find_run(run_id, request.user)
    sent = row.exchanges.order_by("position")
    items = [responses.filled(schemas.ExchangeSchema, exchange, check=exchange.check_id) for exchange in sent]
    return schemas.Exchanges(items=items, is_open=row.is_open)


@router.post("/runs", response={202: schemas.RunInFull}, url_name="run-start", summary="Start a run")
def start(
    request: AuthenticatedRequest,
    response: HttpResponse,
    payload: RunGiven,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Any:
    """Responds at once. Poll the address in `Location` until the run is finished. Needs the scope “Read and start runs”.

    For 24 hours the same request with the same key returns the same run, with the header `Idempotency-Replayed: true`;
    another request with that key is a 422. A run only sends read requests to the org.
    """
    started = start_run(request, payload, idempotency_key or "")
    add_poll_headers(response, responses.address_of(request, started.run), is_new=started.is_new)
    return Status(202, responses.run_in_full(request, started.run))


def start_run(request: AuthenticatedRequest, payload: RunGiven, key: str = "") -> StartResult:
    """Start a run, or find the one that the same key started. Raises ProblemError."""
    require_may_run(request)
    client, fingerprint = find_client_to_use(request, payload.client), hash_request(payload.dict())
    with starting():
        if run := find_started_run(request.auth, key, fingerprint):  # before parsing the paste, which can take a while
            return StartResult(run, is_new=False)
        with reading_one_text(request.user, text_size(payload.dict())):
            inputs = _inputs(payload)
        with transaction.atomic():
            started = start_api_run(request.auth, client, inputs, key=key, request_hash=fingerprint)
            if started.is_new:
                transaction.on_commit(lambda: tasks.send(tasks.execute_run, started.run.pk))
    return started


def _inputs(payload: RunGiven) -> Inputs:
    call, answer = _text(payload.call), _text(payload.answer)
    try:
        return read_paste(call, answer, payload.conversation_id, payload.note).inputs
    except Unreadable as error:
        raise wrong(
            "The run wasn't started, because the call or response can't be read.", ("body", str(error))
        ) from None


def _text(given: CallGiven | AnswerGiven | str | None) -> str:
    if given is None or isinstance(given, str):
        return given or ""
    return json.dumps(given.dict(), ensure_ascii=False)
