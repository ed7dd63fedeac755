"""Fills columns of runs that older versions stored: target, environment and search keys."""

from diagnostics.engine.diagnosis import aim_of
from diagnostics.jobs.row_failures import Kind, process_rows, without_set_aside
from diagnostics.orgs.contracts import current_contract
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.close import store_results_from_rows
from diagnostics.runs.models import CLOSED, Run
from diagnostics.runs.search_keys import target_of

RUNS_PER_TICK = 50


def backfill_runs() -> int:
    """Process the next runs, newest first, and return their number. Two calls at once are harmless."""
    incomplete = Run.objects.filter(target="", status__in=CLOSED)

    def fill(pk: int) -> int | None:
        run = incomplete.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
        if run is None:
            return None
        aim = aim_of(Inputs.from_json(run.inputs), current_contract(run.client.region))
        Run.objects.filter(pk=run.pk).update(target=target_of(run.client_id, run.kind, aim))
        store_results_from_rows(run)
        return pk

    found = without_set_aside(incomplete, Kind.RUN_SEARCH).order_by("-id").values_list("pk", flat=True)[:RUNS_PER_TICK]
    return len(process_rows(Kind.RUN_SEARCH, list(found), fill, fill_target_only))


def fill_target_only(pk: int) -> None:
    """Fill in what does not need the run's inputs."""
    run = Run.objects.only("client_id", "kind").get(pk=pk)
    Run.objects.filter(pk=pk, target="").update(target=target_of(run.client_id, run.kind, None))
