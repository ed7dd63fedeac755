"""Runs: the list, one of them, what it found and sent, and starting one."""

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
from diagnostics.api import responses as told
from diagnostics.api import schemas as shapes
from diagnostics.api.callers import AuthenticatedRequest, may_run_or_refuse
from diagnostics.api.paging import address_with
from diagnostics.api.problems import ProblemError, not_found, wrong
from diagnostics.api.requests import AnswerGiven, CallGiven, Id, RunGiven, RunsAsked
from diagnostics.orgs.lookups import clients_without_secret
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.inputs import Inputs, read_paste
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.limits import TooManyRequests, TooManyRuns, reading_one_text
from diagnostics.runs.lookups import find_run
from diagnostics.runs.queries.pages import read_position, run_page
from diagnostics.runs.queries.runs import findings_of
from diagnostics.runs.request_keys import OtherRequest, Started, hash_of, known_start, start_for_program
from diagnostics.web.refusals import ActionRefused

router = Router(tags=["Runs"])
OWN_HEADERS = ("page", "limit")
UTC = ZoneInfo("UTC")
POLL_SECONDS = "1"


@router.get("/runs", response=shapes.Runs, url_name="runs", summary="List runs")
def runs(request: AuthenticatedRequest, asked: Query[RunsAsked]) -> shapes.Runs:
    """Narrowed by the filters of the page Runs. A filter or value that is not understood is a 422, never ignored."""
    narrowed = RunFilter.read(request.GET, timezone.now(), UTC, viewer=request.user, also=OWN_HEADERS)
    if narrowed.problems:
        errors = [("query", sentence) for sentence in narrowed.problems]
        raise wrong("The filters were not understood; nothing was answered.", *errors)
    place = read_position(asked.page or "", narrowed.sort)
    if place is None:
        raise wrong("The page was not understood.", ("query.page", "This is no place in a list of this order."))
    page = run_page(narrowed, place, asked.limit)
    following = address_with(request, page=page.later) if page.later else None
    return shapes.Runs(items=[told.run(request, row) for row in page.runs], next=following)


@router.get("/runs/{run_id}", response=shapes.RunInFull, url_name="run", summary="One run")
def run(request: AuthenticatedRequest, run_id: Id) -> shapes.RunInFull:
    """Ask again while its status is queued or running."""
    return told.run_in_full(request, find_run(run_id, request.user))


@router.get("/runs/{run_id}/findings", response=shapes.Findings, url_name="run-findings", summary="Findings of a run")
def findings(request: AuthenticatedRequest, run_id: Id) -> shapes.Findings:
    """In the order in which they came, also while the run is going on."""
    row = find_run(run_id, request.user)
    return shapes.Findings(items=[told.finding(each) for each in findings_of(row)], is_open=row.is_open)


@router.get(
    "/runs/{run_id}/exchanges", response=shapes.Exchanges, url_name="run-exchanges", summary="Requests of a run"
)
def exchanges(request: AuthenticatedRequest, run_id: Id) -> shapes.Exchanges:
    """What was sent to the org and what it answered, redacted. Bodies may be gone: see the page Retention."""
    row = find_run(run_id, request.user)
    sent = row.exchanges.order_by("position")
    return shapes.Exchanges(items=[told.exchange(each) for each in sent], is_open=row.is_open)


def _key(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        raise ValueError("holds characters other than printable ASCII")
    return text


Key = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_key)]


@router.post("/runs", response={202: shapes.RunInFull}, url_name="run-start", summary="Start a run")
def start(
    request: AuthenticatedRequest,
    response: HttpResponse,
    given: RunGiven,
    idempotency_key: Annotated[
        Key | None,
        Header(
            None, alias="Idempotency-Key", description="Any text of yours: the same request with it starts one run."
        ),
    ] = None,
) -> Any:
    """Answers at once; poll the address in `Location` until the run is finished. Needs the scope “Read and run”.

    For 24 hours the same request with the same key gets the same run, with the header `Idempotency-Replayed: true`; another
    request with that key is a 422. Nothing is ever written to the org: a run only reads.
    """
    may_run_or_refuse(request)
    key, fingerprint = idempotency_key or "", hash_of(given.dict())
    client = _client(request, given.client)
    started = _started(request, client, given, key, fingerprint)
    response["Location"] = told.address_of(request, started.run)
    response["Retry-After"] = POLL_SECONDS
    if not started.is_new:
        response["Idempotency-Replayed"] = "true"
    return Status(202, told.run_in_full(request, started.run))


def _client(request: AuthenticatedRequest, pk: int) -> OAuthClient:
    client = clients_without_secret(request.user).filter(pk=pk).first()
    if client is None:
        raise not_found()
    return client


def _started(
    request: AuthenticatedRequest, client: OAuthClient, given: RunGiven, key: str, fingerprint: str
) -> Started:
    try:
        if run := known_start(request.auth, key, fingerprint):  # before the paste is read: that can take a while
            return Started(run, is_new=False)
        with reading_one_text(request.user, _size(given)):
            inputs = _inputs(given)
        with transaction.atomic():
            started = start_for_program(request.auth, client, inputs, key=key, request_hash=fingerprint)
            if started.is_new:
                transaction.on_commit(lambda: tasks.send(tasks.execute_run, started.run.pk))
    except OtherRequest:
        detail = "This key was sent with another request in the last 24 hours. Take a new key for a new request."
        raise ProblemError(422, "key_reused", detail) from None
    except TooManyRequests as busy:
        code = "too_many_runs" if isinstance(busy, TooManyRuns) else "still_reading"
        raise ProblemError(429, code, str(busy), headers={"Retry-After": str(busy.wait_seconds)}) from None
    except ActionRefused as refused:
        raise ProblemError(409, "refused", str(refused)) from None
    return started


def _inputs(given: RunGiven) -> Inputs:
    call, answer = _text(given.call), _text(given.answer)
    try:
        return read_paste(call, answer, given.conversation_id, given.note).inputs
    except Unreadable as trouble:
        raise wrong("The run was not started: what was given cannot be read.", ("body", str(trouble))) from None


def _size(given: RunGiven) -> int:
    return sum(map(len, _texts(given.dict())))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value


def _text(given: CallGiven | AnswerGiven | str | None) -> str:
    if given is None or isinstance(given, str):
        return given or ""
    return json.dumps(given.dict(), ensure_ascii=False)
