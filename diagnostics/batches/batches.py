"""Creates batches and starts the run of each group, within the limits of the person who started the batch."""

from django.db import transaction

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import ApiToken, User
from diagnostics.accounts.rate_limits import TooManyRuns, enforce_run_limit
from diagnostics.batches.models import Batch, BatchGroup
from diagnostics.engine.batch_review import BatchReview
from diagnostics.jobs.row_failures import Kind, process_rows, without_set_aside
from diagnostics.orgs.clients import refuse_unusable
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.idempotency_keys import find_key, store_key
from diagnostics.runs.models import Run
from diagnostics.storage.clock import database_now
from diagnostics.storage.locks import lock_until_commit
from diagnostics.web.refusals import ActionRefused

COLUMNS = (
    "cause", "certainty", "sentence", "remedy", "method", "template", "host", "provider", "status", "code", "calls",
    "first_at", "last_at",
)  # fmt: skip


@transaction.atomic
def create_batch(
    client: OAuthClient,
    review: BatchReview,
    user: User | None,
    *,
    source: str = Run.Source.WEB,
    key: str = "",
    token: str = "",
    for_workers: bool = True,
) -> Batch:
    """A batch with its groups, whose runs `start_runs` starts. The same key for the same client gives the same batch.

    `token` is the prefix of the API token, for the audit log. Without `for_workers` the caller makes the runs.
    Raises ActionRefused for a client that can't be used.
    """
    refuse_unusable(client)
    key = f"{key}-{client.pk}" if key else ""
    if key:
        lock_until_commit(f"batch {key}")
        if known := Batch.objects.filter(key=key, started_by=user).first():
            return known
    batch = Batch.objects.create(
        client=client,
        source=source,
        started_by=user,
        created_at=database_now(),
        key=key or None,
        is_starting=for_workers,
        calls=review.calls,
        succeeded=review.succeeded,
        elsewhere=review.elsewhere,
        left_out=review.left_out,
        partial=review.partial,
    )
    BatchGroup.objects.bulk_create(
        BatchGroup(
            batch=batch,
            position=position,
            inputs=group.inputs.to_json(),
            **{name: getattr(group, name) for name in COLUMNS},
        )
        for position, group in enumerate(review.groups, 1)
    )
    details = {"groups": len(review.groups), "calls": review.calls, **({"token": token} if token else {})}
    record("batch.started", batch, after=details, person=user)
    return batch


@transaction.atomic
def create_api_batch(
    token: ApiToken, client: OAuthClient, review: BatchReview, *, key: str = "", request_hash: str = ""
) -> tuple[Batch, bool]:
    """A batch of an API request, and whether it is new: the same request with the same key gives the same one.

    Locks the token's row, so that two requests with the same key run one after the other. Raises KeyReused, ActionRefused
    for a client that can't be used, and TooManyRuns if not even the first group could start now.
    """
    ApiToken.objects.select_for_update().get(pk=token.pk)
    if batch := find_started_batch(token, key, request_hash):
        return batch, False
    refuse_unusable(client)
    enforce_run_limit(token.owner)
    batch = create_batch(client, review, token.owner, source=Run.Source.API, token=token.prefix)
    if key:
        batch.idempotency_key = store_key(token, key, request_hash, batch.created_at)
        batch.save(update_fields=["idempotency_key"])
    return batch, True


def find_started_batch(token: ApiToken, key: str, request_hash: str) -> Batch | None:
    """The batch that this request started before, if any. Raises KeyReused if the key belongs to another request."""
    found = find_key(token, key, request_hash)
    return Batch.objects.filter(idempotency_key=found).first() if found else None


@transaction.atomic
def start_runs(batch_id: int) -> list[int]:
    """Start the runs of the groups that have none, as far as the person's limit allows. Returns the new runs' IDs.

    Only one process at a time works on a batch; another one finds nothing to do.
    """
    rows = Batch.objects.select_for_update(of=("self",), skip_locked=True).select_related("client", "started_by")
    batch = rows.filter(pk=batch_id, is_starting=True).first()
    if batch is None:
        return []
    started: list[int] = []
    for group in batch.groups.filter(run=None):
        try:
            group.run = create_run(
                client=batch.client,
                kind=Run.Kind.DIAGNOSIS,
                inputs=Inputs.from_json(group.inputs),
                user=batch.started_by,
                source=batch.source,
            )
        except TooManyRuns:
            return started
        except ActionRefused as refused:
            batch.problem = str(refused)
            break
        group.save(update_fields=["run"])
        started.append(group.run.pk)
    batch.is_starting = False
    batch.save(update_fields=["is_starting", "problem"])
    return started


def start_waiting_runs() -> tuple[int, ...]:
    """Go on with the batches whose groups wait for their run. Returns the IDs of the new runs, to be queued."""

    def give_up(pk: int) -> None:
        problem = "The other groups couldn't be started because of an error in Cobrowse Doctor. Start them again."
        Batch.objects.filter(pk=pk).update(is_starting=False, problem=problem)

    batches = without_set_aside(Batch.objects.filter(is_starting=True), Kind.BATCH).order_by("id")
    found = process_rows(Kind.BATCH, list(batches.values_list("pk", flat=True)[:100]), start_runs, give_up)
    return tuple(run_id for run_ids in found for run_id in run_ids)


def resume_batch(pk: int) -> None:
    Batch.objects.filter(pk=pk).update(is_starting=True, problem="")
