"""All runs of a list in its order, with only a few in memory at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from diagnostics.runs.filters import RunFilter
from diagnostics.runs.models import Finding, Run
from diagnostics.runs.queries.pages import read_position, run_page

# Small enough that pages never wait long for one step of an export.
RUNS_AT_A_TIME = 200
WITH_FINDINGS_AT_A_TIME = 25


@dataclass(frozen=True)
class ExportedRun:
    """A run with its verdict; `findings` is None if they were not requested."""

    run: Run
    findings: tuple[Finding, ...] | None = None


def runs_to_export(filters: RunFilter, *, findings: bool = False) -> Iterator[ExportedRun]:
    """Page by page with keyset paging, so that new runs do not shift the others."""
    position: str = ""
    while True:
        size = WITH_FINDINGS_AT_A_TIME if findings else RUNS_AT_A_TIME
        page = run_page(filters, read_position(position, filters.sort), size, more="verdict")
        findings_by_run = _findings_of(page.runs) if findings else None
        yield from (
            ExportedRun(run, None if findings_by_run is None else tuple(findings_by_run.get(run.pk, ())))
            for run in page.runs
        )
        if not page.later:
            return
        position = page.later


def _findings_of(runs: Sequence[Run]) -> dict[int, list[Finding]]:
    found: dict[int, list[Finding]] = {}
    for finding in Finding.objects.filter(run__in=[run.pk for run in runs]).order_by("run_id", "position"):
        found.setdefault(finding.run_id, []).append(finding)
    return found
