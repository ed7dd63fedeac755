"""Endpoints for runs: the list, one run with its findings and exchanges, and starting one."""

import json
from collections.abc import Iterator
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from ninja import Header, Query, Router, Status
from pydantic import AfterValidator, Field

from diagnostics import tasks
from diagnostics.accounts.rate_limits import TooManyRequests, TooManyRuns
from diagnostics.api import responses, schemas
from diagnostics.api.callers import AuthenticatedRequest, require_may_run
from diagnostics.api.paging import address_with
from diagnostics.api.problems import ProblemError, not_found, wrong
from diagnostics.api.requests import AnswerGiven, CallGiven, Id, RunGiven, RunParameters
from diagnostics.orgs.lookups import clients_without_secret
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.inputs import Inputs, read_paste
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.idempotency_keys import KeyReused, StartResult, find_started_run, hash_request, start_api_run
from diagnostics.runs.limits import reading_one_text
from diagnostics.runs.lookups import find_run
from diagnostics.runs.queries.pages import read_position, run_page
from diagnostics.runs.queries.runs import findings_of
from diagnostics.web.refusals import ActionRefused

router = Router(tags=["Runs"])
OWN_PARAMETERS = ("page", "limit")
UTC = ZoneInfo("UTC")
POLL_SECONDS = "1"


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
    return schemas.Exchanges(items=[responses.exchange(exchange) for exchange in sent], is_open=row.is_open)


def _key(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        raise ValueError("has characters other than printable ASCII")
    return text


Key = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_key)]


@router.post("/runs", response={202: schemas.RunInFull}, url_name="run-start", summary="Start a run")
def start(
    request: AuthenticatedRequest,
    response: HttpResponse,
    payload: RunGiven,
    idempotency_key: Annotated[
        Key | None,
        Header(
            None,
            alias="Idempotency-Key",
            description="Any text. Repeating the request with the same key starts no second run.",
        ),
    ] = None,
) -> Any:
    """Responds at once. Poll the address in `Location` until the run is finished. Needs the scope “Read and start runs”.

    For 24 hours the same request with the same key returns the same run, with the header `Idempotency-Replayed: true`;
    another request with that key is a 422. A run only sends read requests to the org.
    """
    started = start_run(request, payload, idempotency_key or "")
    response["Location"] = responses.address_of(request, started.run)
    response["Retry-After"] = POLL_SECONDS
    if not started.is_new:
        response["Idempotency-Replayed"] = "true"
    return Status(202, responses.run_in_full(request, started.run))


def _client(request: AuthenticatedRequest, pk: int) -> OAuthClient:
    client = clients_without_secret(request.user).filter(pk=pk).first()
    if client is None:
        raise not_found()
    return client


def start_run(request: AuthenticatedRequest, payload: RunGiven, key: str = "") -> StartResult:
    """Start a run, or find the one that the same key started. Raises ProblemError."""
    require_may_run(request)
    client, fingerprint = _client(request, payload.client), hash_request(payload.dict())
    try:
        if run := find_started_run(request.auth, key, fingerprint):  # before parsing the paste, which can take a while
            return StartResult(run, is_new=False)
        with reading_one_text(request.user, _text_size(payload)):
            inputs = _inputs(payload)
        with transaction.atomic():
            started = start_api_run(request.auth, client, inputs, key=key, request_hash=fingerprint)
            if started.is_new:
                transaction.on_commit(lambda: tasks.send(tasks.execute_run, started.run.pk))
    except KeyReused:
        detail = "This key was used for another request in the last 24 hours. Use a new key."
        raise ProblemError(422, "key_reused", detail) from None
    except TooManyRequests as busy:
        code = "too_many_runs" if isinstance(busy, TooManyRuns) else "still_reading"
        raise ProblemError(429, code, str(busy), headers={"Retry-After": str(busy.wait_seconds)}) from None
    except ActionRefused as refused:
        raise ProblemError(409, "refused", str(refused)) from None
    return started


def _inputs(payload: RunGiven) -> Inputs:
    call, answer = _text(payload.call), _text(payload.answer)
    try:
        return read_paste(call, answer, payload.conversation_id, payload.note).inputs
    except Unreadable as error:
        raise wrong(
            "The run wasn't started, because the call or response can't be read.", ("body", str(error))
        ) from None


def _text_size(payload: RunGiven) -> int:
    return sum(map(len, _texts(payload.dict())))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def _text(given: CallGiven | AnswerGiven | str | None) -> str:
    if given is None or isinstance(given, str):
        return given or ""
    return json.dumps(given.dict(), ensure_ascii=False)
