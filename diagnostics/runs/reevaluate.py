"""Stored runs before today's checks. Reads only: no stored verdict is touched, and no org is asked."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from diagnostics.genesys.regions import region
from diagnostics.orgs.contract_in_force import contract_in_force
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.models import Exchange, Run
from diagnostics.runs.queries.pages import PagePosition, read_position, run_page
from diagnostics.runs.reevaluation import Rejudged, StoredRun, rejudge

CHUNK = 20  # runs whose evidence is in memory at a time


@dataclass(frozen=True)
class OldRun:
    """A run and what became of its verdict."""

    run: Run
    rejudged: Rejudged


def rejudge_run(run: Run) -> Rejudged:
    """What today's checks say of what is stored of this run, which is over."""
    target = run.inputs.get("target") or {}
    key = target.get("region", run.client.region)
    try:
        where = region(key)
    except KeyError:
        return _untold(
            run, f"The region {key} is not known to this server any more, so its contract is not known either."
        )
    past = StoredRun(
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


def rejudge_page(narrowed: RunFilter, place: PagePosition | None, size: int = CHUNK) -> tuple[list[OldRun], str]:
    """The runs of one page of the list that are over, and the place of the next page, "" where there is none."""
    page = run_page(narrowed, place, size)
    evidence = with_evidence(Run.objects.filter(pk__in=[each.pk for each in page.runs if not each.is_open]))
    by_pk = {run.pk: run for run in evidence}
    found = [by_pk[each.pk] for each in page.runs if each.pk in by_pk]
    return [OldRun(run, rejudge_run(run)) for run in found], page.later


def rejudge_all(narrowed: RunFilter, most: int) -> Iterator[OldRun]:
    """The first `most` runs of a list that are over, one after another; the evidence of CHUNK of them is in memory."""
    place = ""
    while most > 0:
        looked_at, place = rejudge_page(narrowed, read_position(place, narrowed.sort), min(CHUNK, most))
        yield from looked_at
        most -= len(looked_at)
        if not place:
            return


def with_evidence(runs: QuerySet[Run]) -> QuerySet[Run]:
    exchanges = Exchange.objects.order_by("position")
    return (
        runs.select_related("client")
        .defer("client__secret", "client__verification")
        .prefetch_related("findings", Prefetch("exchanges", exchanges))
    )


def _untold(run: Run, why: str) -> Rejudged:
    return Rejudged((run.cause, ""), (run.certainty, ""), trouble=why)
