"""Checks by runs: what each check said in each of some runs, read from the runs' own marks."""

from collections.abc import Iterable
from dataclasses import dataclass

from diagnostics.checks.outcomes import Outcome
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.models import Run
from diagnostics.runs.queries.pages import PagePosition, RunPage, run_page

MATRIX_SIZE = 20
# Which word a cell shows where a check said several things of several subjects.
GRAVEST_FIRST = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN, Outcome.SKIP, Outcome.PASS)


@dataclass(frozen=True)
class Cell:
    """What one check said in one run, the gravest first; nothing where it was not planned or is gone."""

    outcomes: tuple[Outcome, ...] = ()

    @property
    def shown(self) -> Outcome | None:
        return self.outcomes[0] if self.outcomes else None


@dataclass(frozen=True)
class CheckMatrixRow:
    """One check. `query` lists the runs in which it said the gravest of what is shown; "" where all of it is right."""

    check: str
    title: str
    cells: list[Cell]
    query: str


@dataclass(frozen=True)
class CheckMatrix:
    page: RunPage
    rows: list[CheckMatrixRow]


def run_matrix(narrowed: RunFilter, place: PagePosition | None, titles: dict[str, str]) -> CheckMatrix:
    """One page of runs as columns; a row for each check that any of them asked. `titles` are those of today's checks."""
    page = run_page(narrowed, place, MATRIX_SIZE, more="marks")
    said = [_outcomes_in(run) for run in page.runs]
    asked = {check for each in said for check in each}
    known = [check for check in titles if check in asked]
    rows = []
    for check in (*known, *sorted(asked - set(known))):
        cells = [_cell(each.get(check, ())) for each in said]
        rows.append(CheckMatrixRow(check, titles.get(check, ""), cells, _runs_like(narrowed, check, cells)))
    return CheckMatrix(page, rows)


def _runs_like(narrowed: RunFilter, check: str, cells: list[Cell]) -> str:
    shown = {cell.shown for cell in cells}
    gravest = next((outcome for outcome in GRAVEST_FIRST if outcome in shown), Outcome.PASS)
    return "" if gravest in (Outcome.PASS, Outcome.SKIP) else narrowed.to_query(check=check, outcome=gravest.value)


def _outcomes_in(run: Run) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for mark in run.marks:
        kind, _, rest = mark.partition(":")
        check, _, outcome = rest.partition("=")
        if kind == "check":
            said.setdefault(check, []).append(outcome)
    return said


def _cell(outcomes: Iterable[str]) -> Cell:
    found = set(outcomes)
    return Cell(tuple(outcome for outcome in GRAVEST_FIRST if outcome.value in found))
