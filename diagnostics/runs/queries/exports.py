"""The runs of a list in its order, as many as there are, with a few of them in memory at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from diagnostics.runs.filters import RunFilter
from diagnostics.runs.models import Finding, Run
from diagnostics.runs.queries.pages import read_position, run_page

# Few enough that a page which is made meanwhile never waits long for one step of an export.
RUNS_AT_A_TIME = 200
WITH_FINDINGS_AT_A_TIME = 25


@dataclass(frozen=True)
class ExportedRun:
    """A run with its verdict; `findings` is None where they were not asked for."""

    run: Run
    findings: tuple[Finding, ...] | None = None


def runs_to_export(narrowed: RunFilter, *, findings: bool = False) -> Iterator[ExportedRun]:
    """By keyset from page to page: a run that is added meanwhile moves none of the others."""
    place: str = ""
    while True:
        size = WITH_FINDINGS_AT_A_TIME if findings else RUNS_AT_A_TIME
        page = run_page(narrowed, read_position(place, narrowed.sort), size, more="verdict")
        said = _findings_of(page.runs) if findings else None
        yield from (ExportedRun(run, None if said is None else tuple(said.get(run.pk, ()))) for run in page.runs)
        if not page.later:
            return
        place = page.later


def _findings_of(runs: Sequence[Run]) -> dict[int, list[Finding]]:
    found: dict[int, list[Finding]] = {}
    for finding in Finding.objects.filter(run__in=[run.pk for run in runs]).order_by("run_id", "position"):
        found.setdefault(finding.run_id, []).append(finding)
    return found
