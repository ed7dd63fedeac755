"""A matrix of checks by runs with their outcomes, from the search keys of the runs."""

from dataclasses import dataclass

from diagnostics.checks.outcomes import Outcome
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.models import Run
from diagnostics.runs.queries.pages import PagePosition, RunPage, run_page

MATRIX_SIZE = 20
# A cell shows the first of these when a check has several outcomes.
WORST_FIRST = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN, Outcome.SKIP, Outcome.PASS)


@dataclass(frozen=True)
class Cell:
    """The outcomes of one check in one run, worst first; empty if the check was not planned or no longer exists."""

    outcomes: tuple[Outcome, ...] = ()

    @property
    def shown(self) -> Outcome | None:
        return self.outcomes[0] if self.outcomes else None


@dataclass(frozen=True)
class CheckMatrixRow:
    """One check. `query` lists the runs with the worst outcome shown, "" if that is passed or skipped."""

    check: str
    title: str
    cells: list[Cell]
    query: str


@dataclass(frozen=True)
class CheckMatrix:
    page: RunPage
    rows: list[CheckMatrixRow]


def run_matrix(filters: RunFilter, position: PagePosition | None, titles: dict[str, str]) -> CheckMatrix:
    """One page of runs as columns, and a row for each check in any of them. `titles` are those of today's checks."""
    page = run_page(filters, position, MATRIX_SIZE, more="search_keys")
    outcomes_by_run = [_outcomes_in(run) for run in page.runs]
    found = {check for outcomes in outcomes_by_run for check in outcomes}
    known = [check for check in titles if check in found]
    rows = []
    for check in (*known, *sorted(found - set(known))):
        in_runs = [outcomes.get(check, ()) for outcomes in outcomes_by_run]
        cells = [Cell(tuple(outcome for outcome in WORST_FIRST if outcome.value in in_run)) for in_run in in_runs]
        shown = {cell.shown for cell in cells}
        worst = next((outcome for outcome in WORST_FIRST if outcome in shown), Outcome.PASS)
        is_problem = worst not in (Outcome.PASS, Outcome.SKIP)
        query = filters.to_query(check=check, outcome=worst.value) if is_problem else ""
        rows.append(CheckMatrixRow(check, titles.get(check, ""), cells, query))
    return CheckMatrix(page, rows)


def _outcomes_in(run: Run) -> dict[str, list[str]]:
    outcomes: dict[str, list[str]] = {}
    for key in run.search_keys:
        kind, _, rest = key.partition(":")
        check, _, outcome = rest.partition("=")
        if kind == "check":
            outcomes.setdefault(check, []).append(outcome)
    return outcomes
