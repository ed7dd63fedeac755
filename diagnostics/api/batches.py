"""Endpoints for batches: starting one from a text with many calls, and following it."""

from functools import partial
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from ninja import Router, Status

from diagnostics import tasks
from diagnostics.api import responses, schemas
from diagnostics.api.callers import AuthenticatedRequest, require_may_run
from diagnostics.api.problems import ProblemError, wrong
from diagnostics.api.requests import BatchGiven, Id
from diagnostics.api.starts import IdempotencyKeyHeader, add_poll_headers, find_client_to_use, starting
from diagnostics.batches.batches import create_api_batch, find_started_batch, start_runs
from diagnostics.batches.queries import find_batch
from diagnostics.engine.batch_review import BatchReview, review_batch
from diagnostics.orgs.contracts import contract_for
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.parse import limit_of
from diagnostics.runs.idempotency_keys import hash_request
from diagnostics.runs.limits import reading_one_text

router = Router(tags=["Batches"])


@router.get("/batches/{batch_id}", response=schemas.BatchSchema, url_name="batch", summary="One batch")
def batch(request: AuthenticatedRequest, batch_id: Id) -> schemas.BatchSchema:
    """The groups with the verdict of each one's run. Poll it while `is_open` is true."""
    return responses.batch(request, find_batch(batch_id, request.user))


@router.post("/batches", response={202: schemas.BatchSchema}, url_name="batch-start", summary="Start a batch")
def start(
    request: AuthenticatedRequest,
    response: HttpResponse,
    payload: BatchGiven,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Any:
    """Groups the failing calls of a text by cause and target, and starts a diagnosis of each group.

    Responds at once. Poll the address in `Location` until `is_open` is false. Groups beyond your limit of runs per minute
    start later, by themselves. If the text has calls but none that failed, the response is a 422 with the code
    `no_failing_calls`. `Idempotency-Key` works as for runs. Needs the scope “Read and start runs”.
    """
    require_may_run(request)
    key, fingerprint = idempotency_key or "", hash_request({"batch": payload.dict()})
    client = find_client_to_use(request, payload.client)
    with starting():
        # Before reading the text, which can take a while.
        if known := find_started_batch(request.auth, key, fingerprint):
            started, is_new = known, False
        else:
            with reading_one_text(request.user, len(payload.text)):
                review = _review(payload.text, client)
            with transaction.atomic():
                started, is_new = create_api_batch(request.auth, client, review, key=key, request_hash=fingerprint)
                for run_id in start_runs(started.pk) if is_new else ():
                    transaction.on_commit(partial(tasks.send, tasks.execute_run, run_id))
    found = responses.batch(request, find_batch(started.pk, request.user))
    add_poll_headers(response, found.url, is_new=is_new)
    return Status(202, found)


def _review(text: str, client: OAuthClient) -> BatchReview:
    if len(text) > limit_of(text):
        why = f"Longer than {limit_of(text):,} characters, and neither a HAR nor a Postman collection."
        raise wrong("The batch wasn't started.", ("body.text", why))
    review = review_batch(text, contract_for, [client.company_gateway] if client.company_gateway else [])
    if not review.calls:
        raise wrong("The batch wasn't started.", ("body.text", "No calls were found in it."))
    if not review.groups:
        detail = f"{review.sentence} {review.rest} There is nothing to diagnose."
        raise ProblemError(422, "no_failing_calls", detail, errors=[("body.text", "None of its calls failed.")])
    return review
