"""Closes a run whose worker cannot: with the verdict on its stored findings, or with less if that fails."""

import logging
from datetime import datetime
from typing import Any

from django.db import transaction

from diagnostics.engine import causes
from diagnostics.engine.diagnosis import aim_of, verdict_with_fix
from diagnostics.engine.verdict import judge
from diagnostics.genesys.regions import region
from diagnostics.jobs.row_failures import error_location, is_environment
from diagnostics.orgs.connection import incomplete_verdict
from diagnostics.orgs.contracts import current_contract
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.close import force_close_run, run_in_savepoint, send_run_ended, store_results_from_rows
from diagnostics.runs.live_start import report_unconfirmed_start
from diagnostics.runs.models import OPEN, Run
from diagnostics.storage.clock import database_now

log = logging.getLogger(__name__)

INTERNAL_ERROR = "This run stopped because of an error in Cobrowse Doctor."


def close_interrupted(run: Run, now: datetime, sentence: str = "") -> None:
    """Close a run that no worker processes anymore, with the verdict on its stored findings.

    The caller must have locked the row. `sentence` is the reason, "" if the worker is gone.
    """
    reason = sentence or _reason(run)
    report_unconfirmed_start(run)
    _close(run, now, reason, _verdict_of_rows(run))
    run_in_savepoint(run, lambda: store_results_from_rows(run))


def _reason(run: Run) -> str:
    if run.resumed_at is not None:
        other = "no other one continued it" if run.status == Run.Status.QUEUED else "so did the one that continued it"
        return f"The worker stopped before this run ended, and {other}."
    if run.status == Run.Status.QUEUED:
        return "No worker started this run."
    return "The worker stopped before this run ended."


def interrupt_run(run_id: int) -> None:
    """Close a run that its worker abandons, such as a command after Ctrl-C. Does nothing if it has ended."""
    end_broken_run(run_id, sentence="The worker stopped before this run ended.")


def end_broken_run(run_id: int, worker: str | None = None, sentence: str = INTERNAL_ERROR) -> None:
    """Close an open run that failed because of a bug of ours. Each attempt needs less of the row; the last cannot fail.

    With `worker`, only if the run still belongs to that worker.
    """
    for close in (close_interrupted, _close_without_fix):
        try:
            with transaction.atomic():
                rows = Run.objects.select_for_update(of=("self",)).filter(pk=run_id, status__in=OPEN)
                run = (rows if worker is None else rows.filter(worker=worker)).first()
                if run is not None:
                    close(run, database_now(), sentence)
                return
        except Exception as error:
            if is_environment(error):
                raise
            log.error("run %s could not be closed by %s: %s", run_id, close.__name__, error_location(error))
    force_close_run(run_id, worker)


def _close_without_fix(run: Run, now: datetime, sentence: str) -> None:
    _close(run, now, sentence, _without_all_clear(judge(list(run.findings.all()), part=run.is_part).to_json()))


def _close(run: Run, now: datetime, reason: str, verdict: dict[str, Any]) -> None:
    verdict["sentence"] = f"{reason} {verdict['sentence']}" if run.findings.exists() else f"{reason} Run it again."
    run.status, run.finished_at, run.lease_until = Run.Status.INTERRUPTED, now, None
    run.cause, run.certainty, run.verdict = verdict["cause"], verdict["certainty"], verdict
    run.save(update_fields=["status", "finished_at", "lease_until", "cause", "certainty", "verdict"])
    send_run_ended(run)


def _verdict_of_rows(run: Run) -> dict[str, Any]:
    """The verdict on the stored findings; without a fix if the run's region is no longer configured."""
    findings = list(run.findings.all())
    try:
        run_region = region(run.inputs["target"]["region"])
    except KeyError:
        verdict = judge(findings, part=run.is_part).to_json()
    else:
        inputs, contract = Inputs.from_json(run.inputs), current_contract(run_region.key)
        aim = aim_of(inputs, contract)
        verdict = verdict_with_fix(findings, inputs, run_region, contract, aim, part=run.is_part)
    return _without_all_clear(verdict)


def _without_all_clear(verdict: dict[str, Any]) -> dict[str, Any]:
    """The same verdict, but undetermined instead of "nothing wrong": a run that was cut short did not check everything."""
    return {**verdict, **incomplete_verdict("")} if verdict["cause"] == causes.NONE else verdict
