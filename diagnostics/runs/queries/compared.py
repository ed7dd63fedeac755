"""Two stored runs held against each other, with what snapshots saw in between."""

from datetime import datetime

from diagnostics.checks.base import all_checks
from diagnostics.comparison.result import Comparison, compare_runs
from diagnostics.orgs.models import OrgChange
from diagnostics.runs.models import Run
from diagnostics.runs.queries.comparisons import changes_between, observed_changes, sides_of


def compared(a: Run, b: Run) -> tuple[Comparison, list[OrgChange]]:
    """Two clients have no time in common, so nothing lies between their runs."""
    changes: list[OrgChange] = []
    if a.client_id == b.client_id and a.pk != b.pk:
        first, second = sorted((_when(a), _when(b)))
        changes = changes_between(a.client_id, first, second)
    checks = {check.id: (check.title, check.needs) for check in all_checks()}
    return compare_runs(*sides_of(a, b), checks, observed_changes(changes)), changes


def _when(run: Run) -> datetime:
    return run.started_at or run.created_at
