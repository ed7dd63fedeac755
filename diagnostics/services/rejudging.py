"""Stored runs before today's checks. Reads only: no stored verdict is touched, and no org is asked."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from diagnostics.genesys.regions import region
from diagnostics.inputs import Inputs
from diagnostics.models import Exchange, Run
from diagnostics.rejudge import Past, Rejudged, rejudge
from diagnostics.services.in_force import contract_in_force

CHUNK = 20  # runs whose evidence is in memory at a time


@dataclass(frozen=True)
class OldRun:
    """A run and what became of its verdict."""

    run: Run
    rejudged: Rejudged


@dataclass(frozen=True)
class Batch:
    """Some runs, newest first. `before` is the id to go on before, None where all have been looked at."""

    looked_at: tuple[OldRun, ...]
    before: int | None

    @property
    def differing(self) -> tuple[OldRun, ...]:
        return tuple(each for each in self.looked_at if each.rejudged.differs)

    @property
    def untold(self) -> tuple[OldRun, ...]:
        return tuple(each for each in self.looked_at if each.rejudged.trouble)


def rejudge_run(run: Run) -> Rejudged:
    """What today's checks say of what is stored of this run, which is over."""
    target = run.inputs.get("target") or {}
    key = target.get("region", run.client.region)
    try:
        where = region(key)
    except KeyError:
        return _untold(run, f"The region {key} is not known to this server any more, so its contract is not known either.")
    past = Past(
        kind=run.kind,
        client_name=target.get("client_name", run.client.name),
        client_id=target.get("client_id", run.client.client_id),
        inputs=Inputs.from_json(run.inputs),
        at=run.started_at or run.created_at,
        cause=run.cause,
        certainty=run.certainty,
        engine_version=run.engine_version,
        contract_version=run.contract_version,
        planned=tuple(run.planned),
        findings=tuple(run.findings.all()),
        exchanges=tuple(each.value() for each in run.exchanges.all()),
        branch=run.branch,
        was_cut_short=run.status == Run.Status.INTERRUPTED,
        bodies_dropped=run.bodies_dropped_at is not None,
    )
    return rejudge(past, where, contract_in_force(where.key))


def rejudge_batch(runs: QuerySet[Run], *, before: int | None = None, most: int = CHUNK, seconds: float = 0) -> Batch:
    """The newest runs of a set that are over, at most `most` of them, or as many as fit into `seconds` but one."""
    ended = runs.filter(status__in=(Run.Status.FINISHED, Run.Status.INTERRUPTED)).order_by("-id")
    if before is not None:
        ended = ended.filter(pk__lt=before)
    ends_at = time.monotonic() + seconds
    found = list(with_evidence(ended)[: most + 1])
    looked_at: list[OldRun] = []
    for run in found[:most]:
        looked_at.append(OldRun(run, rejudge_run(run)))
        if seconds and time.monotonic() > ends_at:
            break
    goes_on = len(looked_at) < len(found)
    return Batch(tuple(looked_at), looked_at[-1].run.pk if looked_at and goes_on else None)


def rejudge_all(runs: QuerySet[Run], most: int) -> Iterator[OldRun]:
    """The newest `most` runs of a set that are over, one after another; the evidence of CHUNK of them is in memory."""
    before: int | None = None
    while most > 0:
        batch = rejudge_batch(runs, before=before, most=min(CHUNK, most))
        yield from batch.looked_at
        most -= len(batch.looked_at)
        if batch.before is None:
            return
        before = batch.before


def with_evidence(runs: QuerySet[Run]) -> QuerySet[Run]:
    exchanges = Exchange.objects.order_by("position")
    return (
        runs.select_related("client")
        .defer("client__secret", "client__verification")
        .prefetch_related("findings", Prefetch("exchanges", exchanges))
    )


def _untold(run: Run, why: str) -> Rejudged:
    return Rejudged((run.cause, ""), (run.certainty, ""), trouble=why)
