"""The idempotency keys of API requests, so that a request sent twice with the same key starts one run or batch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import ApiToken
from diagnostics.jobs.row_failures import Kind, process_batch, without_set_aside
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.models import IdempotencyKey, Run
from diagnostics.storage.clock import DATABASE_NOW

KEY_LIFETIME = timedelta(hours=24)
KEYS_PER_TICK = 5_000  # deleted per tick


class KeyReused(Exception):
    """The key was used for a different request."""


@dataclass(frozen=True)
class StartResult:
    """`is_new` is false if the same request had already started this run."""

    run: Run
    is_new: bool


def hash_request(request: Mapping[str, Any]) -> str:
    """Equal for equal requests, however their JSON was formatted."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def find_key(token: ApiToken, key: str, request_hash: str) -> IdempotencyKey | None:
    """The key, if this request used it before. Raises KeyReused if it belongs to another request."""
    if not key:
        return None
    rows = IdempotencyKey.objects.select_related("run__client", "run__started_by").defer("run__client__secret")
    found = rows.filter(token=token, key=key, created_at__gt=DATABASE_NOW - KEY_LIFETIME).first()
    if found is not None and found.request_hash != request_hash:
        raise KeyReused
    return found


def store_key(
    token: ApiToken, key: str, request_hash: str, created_at: datetime, run: Run | None = None
) -> IdempotencyKey:
    IdempotencyKey.objects.filter(token=token, key=key).delete()  # an expired one
    return IdempotencyKey.objects.create(
        token=token, key=key, request_hash=request_hash, run=run, created_at=created_at
    )


def find_started_run(token: ApiToken, key: str, request_hash: str) -> Run | None:
    """The run that this request started before, if any. Raises KeyReused if the key belongs to another request."""
    found = find_key(token, key, request_hash)
    return found.run if found else None


@transaction.atomic
def start_api_run(
    token: ApiToken, client: OAuthClient, inputs: Inputs, *, key: str = "", request_hash: str = ""
) -> StartResult:
    """Start a run, or return the one that the same request started.

    Locks the token's row, so that two requests with the same key run one after the other. Raises KeyReused,
    TooManyRuns, and ActionRefused for a retired client.
    """
    ApiToken.objects.select_for_update().get(pk=token.pk)
    if run := find_started_run(token, key, request_hash):
        return StartResult(run, is_new=False)
    run = create_run(
        client=client,
        kind=Run.Kind.DIAGNOSIS if inputs.given else Run.Kind.HEALTH,
        inputs=inputs,
        user=token.owner,
        source=Run.Source.API,
    )
    if key:
        store_key(token, key, request_hash, run.created_at, run)
    record("run.started", run, after={"kind": run.kind, "token": token.prefix}, client=client)
    return StartResult(run, is_new=True)


def delete_expired_keys() -> int:
    old = IdempotencyKey.objects.filter(created_at__lte=DATABASE_NOW - KEY_LIFETIME)
    found = (
        without_set_aside(old, Kind.IDEMPOTENCY_KEY).order_by("created_at").values_list("pk", flat=True)[:KEYS_PER_TICK]
    )
    return sum(process_batch(Kind.IDEMPOTENCY_KEY, list(found), lambda pks: old.filter(pk__in=pks).delete()[0]))
