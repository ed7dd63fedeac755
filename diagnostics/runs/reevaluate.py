"""Re-evaluates stored runs with today's checks. Changes no stored verdict and sends nothing to an org."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from diagnostics.genesys.fields import mapping
from diagnostics.genesys.regions import Region, region
from diagnostics.orgs.contracts import current_contract
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.models import Exchange, Run
from diagnostics.runs.queries.pages import PagePosition, read_position, run_page
from diagnostics.runs.reevaluation.verdicts import Reevaluation, StoredRun, reevaluate

CHUNK = 20  # runs whose evidence is in memory at a time


@dataclass(frozen=True)
class ReevaluatedRun:
    run: Run
    result: Reevaluation


def reevaluate_run(run: Run) -> Reevaluation:
    """Re-evaluate a run that has ended."""
    org_region = region_of_run(run)
    if org_region is None:
        why = f"The region {region_key_of(run)} is no longer configured, so its API reference is unknown."
        return Reevaluation((run.cause, ""), (run.certainty, ""), problem=why)
    return reevaluate(stored_run(run), org_region, current_contract(org_region.key))


def region_key_of(run: Run) -> str:
    return str((run.inputs.get("target") or {}).get("region", run.client.region))


def region_of_run(run: Run) -> Region | None:
    """None if the region is no longer configured."""
    try:
        return region(region_key_of(run))
    except KeyError:
        return None


def stored_run(run: Run) -> StoredRun:
    target = run.inputs.get("target") or {}
    today = mapping(run.verdict, "as_of", "today")  # the stored responses are of that day, whenever the failure was
    return StoredRun(
        kind=run.kind,
        client_name=target.get("client_name", run.client.name),
        client_id=target.get("client_id", run.client.client_id),
        inputs=Inputs.from_json(run.inputs),
        at=run.started_at or run.created_at,
        cause=today.get("cause", run.cause),
        certainty=today.get("certainty", run.certainty),
        engine_version=run.engine_version,
        contract_version=run.contract_version,
        planned=tuple(run.planned),
        findings=tuple(run.findings.all()),
        exchanges=tuple(exchange.value() for exchange in run.exchanges.all()),
        branch=run.branch,
        was_cut_short=run.status == Run.Status.INTERRUPTED,
        bodies_dropped=run.bodies_dropped_at is not None,
    )


def reevaluate_page(
    filters: RunFilter, position: PagePosition | None, size: int = CHUNK
) -> tuple[list[ReevaluatedRun], str]:
    """Re-evaluate the ended runs of one list page. Returns them and the position of the next page ("" if none)."""
    page = run_page(filters, position, size)
    evidence = with_evidence(Run.objects.filter(pk__in=[run.pk for run in page.runs if not run.is_open]))
    by_pk = {run.pk: run for run in evidence}
    found = [by_pk[run.pk] for run in page.runs if run.pk in by_pk]
    return [ReevaluatedRun(run, reevaluate_run(run)) for run in found], page.later


def reevaluate_all(filters: RunFilter, most: int) -> Iterator[ReevaluatedRun]:
    """Re-evaluate the first `most` runs of a list, except those that have not ended. Only CHUNK of them are in memory."""
    position = ""
    while most > 0:
        reevaluated, position = reevaluate_page(filters, read_position(position, filters.sort), min(CHUNK, most))
        yield from reevaluated
        most -= len(reevaluated)
        if not position:
            return


def with_evidence(runs: QuerySet[Run]) -> QuerySet[Run]:
    exchanges = Exchange.objects.order_by("position")
    return (
        runs.select_related("client")
        .defer("client__secret", "client__verification")
        .prefetch_related("findings", Prefetch("exchanges", exchanges))
    )
