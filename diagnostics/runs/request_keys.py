"""Runs that another program asks for: the same request sent twice starts one run, and nobody floods the queue."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import ApiToken
from diagnostics.jobs.row_failures import Kind, rows_together, without_set_aside
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.models import IdempotencyKey, Run
from diagnostics.runs.runs import create_run

KEY_LIFE = timedelta(hours=24)
MOST_KEYS = 5_000  # forgotten in one tick


class OtherRequest(Exception):
    """The key was used for another request."""


@dataclass(frozen=True)
class Started:
    """`is_new` is false where the same request had been answered before: nothing was started now."""

    run: Run
    is_new: bool


def hash_of(request: Mapping[str, Any]) -> str:
    """The same for the same request, however its JSON was written."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def known_start(token: ApiToken, key: str, request_hash: str) -> Run | None:
    """The run that this very request started. Raises OtherRequest where the key belongs to another one."""
    if not key:
        return None
    rows = IdempotencyKey.objects.select_related("run__client", "run__started_by").defer("run__client__secret")
    found = rows.filter(token=token, key=key, created_at__gt=timezone.now() - KEY_LIFE).first()
    if found is not None and found.request_hash != request_hash:
        raise OtherRequest
    return found.run if found else None


@transaction.atomic
def start_for_program(
    token: ApiToken, client: OAuthClient, inputs: Inputs, *, key: str = "", request_hash: str = ""
) -> Started:
    """Raises OtherRequest, TooManyRuns, and Refused for a retired client. The token's row is held meanwhile, so that two
    requests with one key come one after the other.
    """
    ApiToken.objects.select_for_update().get(pk=token.pk)
    if run := known_start(token, key, request_hash):
        return Started(run, is_new=False)
    run = create_run(
        client=client,
        kind=Run.Kind.DIAGNOSIS if inputs.given else Run.Kind.HEALTH,
        inputs=inputs,
        user=token.owner,
        source=Run.Source.API,
    )
    if key:
        IdempotencyKey.objects.filter(token=token, key=key).delete()  # one whose life is over
        IdempotencyKey.objects.create(token=token, key=key, request_hash=request_hash, run=run)
    record("run.started", run, after={"kind": run.kind, "token": token.prefix}, client=client)
    return Started(run, is_new=True)


def forget_old_keys() -> int:
    old = IdempotencyKey.objects.filter(created_at__lte=timezone.now() - KEY_LIFE)
    found = without_set_aside(old, Kind.IDEMPOTENCY_KEY).order_by("created_at").values_list("pk", flat=True)[:MOST_KEYS]
    return sum(rows_together(Kind.IDEMPOTENCY_KEY, list(found), lambda pks: old.filter(pk__in=pks).delete()[0]))
