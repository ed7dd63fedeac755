"""All runs of a list in its order, with only a few in memory at a time."""

from collections.abc import Iterator, Sequence

from diagnostics.runs.filters import RunFilter
from diagnostics.runs.models import Finding, Run
from diagnostics.runs.queries.pages import read_position, run_page

# Small enough that pages never wait long for one step of an export.
RUNS_AT_A_TIME = 200
WITH_FINDINGS_AT_A_TIME = 25


# A run with its verdict, and its findings if they were requested.
ExportedRun = tuple[Run, list[Finding] | None]


def runs_to_export(filters: RunFilter, *, findings: bool = False) -> Iterator[ExportedRun]:
    """Page by page with keyset paging, so that new runs do not shift the others."""
    position: str = ""
    size = WITH_FINDINGS_AT_A_TIME if findings else RUNS_AT_A_TIME
    while True:
        page = run_page(filters, read_position(position, filters.sort), size, more="verdict")
        by_run = _findings_of(page.runs) if findings else {}
        for run in page.runs:
            yield run, by_run.get(run.pk, []) if findings else None
        if not page.later:
            return
        position = page.later


def _findings_of(runs: Sequence[Run]) -> dict[int, list[Finding]]:
    found: dict[int, list[Finding]] = {}
    for finding in Finding.objects.filter(run__in=[run.pk for run in runs]).order_by("run_id", "position"):
        found.setdefault(finding.run_id, []).append(finding)
    return found
