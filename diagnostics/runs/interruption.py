"""Ends a run whose worker cannot: with the verdict that its stored findings allow, or with less, but always."""

import logging
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from diagnostics.engine import causes
from diagnostics.engine.diagnosis import verdict_with_fix
from diagnostics.engine.verdict import judge
from diagnostics.genesys.regions import region
from diagnostics.jobs.row_failures import is_environment, where
from diagnostics.orgs.connection import cut_short
from diagnostics.orgs.contract_in_force import contract_in_force
from diagnostics.parsing.inputs import Inputs
from diagnostics.parsing.intent import read_aim
from diagnostics.runs.close import close_plainly, do_safely, store_results_from_rows
from diagnostics.runs.live_permit import report_unseen_start
from diagnostics.runs.models import Run

log = logging.getLogger(__name__)

OPEN = (Run.Status.QUEUED, Run.Status.RUNNING)
BROKEN = "This run stopped because of an error in Cobrowse Doctor."


def close_interrupted(run: Run, now: datetime, sentence: str = "") -> None:
    """Close a run that nobody works on any more; its findings are kept, and its verdict is drawn from them.

    The caller holds the row. `sentence` says why, where it is not that the worker is gone.
    """
    said = sentence or (
        "No worker took this run up."
        if run.status == Run.Status.QUEUED
        else "The worker stopped before the end of this run."
    )
    report_unseen_start(run)
    _close(run, now, said, _verdict_of_rows(run))
    do_safely(run, lambda: store_results_from_rows(run))


def interrupt_run(run_id: int) -> None:
    """End a run whose worker stops working on it, such as a command after Ctrl-C. One that has ended stays as it is."""
    end_broken_run(run_id, sentence="The worker stopped before the end of this run.")


def end_broken_run(run_id: int, worker: str | None = None, sentence: str = BROKEN) -> None:
    """Close an open run that failed by a fault of ours, with less at each step, down to what no content can stop.

    With `worker`, only while the run is still that worker's.
    """
    for step in (close_interrupted, _close_by_findings):
        try:
            with transaction.atomic():
                rows = Run.objects.select_for_update(of=("self",)).filter(pk=run_id, status__in=OPEN)
                run = (rows if worker is None else rows.filter(worker=worker)).first()
                if run is not None:
                    step(run, timezone.now(), sentence)
                return
        except Exception as error:
            if is_environment(error):
                raise
            log.error("run %s could not be closed by %s: %s", run_id, step.__name__, where(error))
    close_plainly(run_id, worker)


def _close_by_findings(run: Run, now: datetime, sentence: str) -> None:
    _close(run, now, sentence, _not_acquitted(judge(list(run.findings.all()), part=run.is_part).to_json()))


def _close(run: Run, now: datetime, said: str, verdict: dict[str, Any]) -> None:
    verdict["sentence"] = f"{said} {verdict['sentence']}" if run.findings.exists() else f"{said} Run it again."
    run.status, run.finished_at, run.lease_until = Run.Status.INTERRUPTED, now, None
    run.cause, run.certainty, run.verdict = verdict["cause"], verdict["certainty"], verdict
    run.save(update_fields=["status", "finished_at", "lease_until", "cause", "certainty", "verdict"])


def _verdict_of_rows(run: Run) -> dict[str, Any]:
    """The verdict on what is stored; without a fix where the run's region is no longer known here."""
    findings = list(run.findings.all())
    try:
        where = region(run.inputs["target"]["region"])
    except KeyError:
        verdict = judge(findings, part=run.is_part).to_json()
    else:
        inputs, contract = Inputs.from_json(run.inputs), contract_in_force(where.key)
        aim = read_aim(inputs.call, inputs.conversation_id, contract) if inputs.call else None
        verdict = verdict_with_fix(findings, inputs, where, contract, aim, part=run.is_part)
    return _not_acquitted(verdict)


def _not_acquitted(verdict: dict[str, Any]) -> dict[str, Any]:
    """What was not asked cannot acquit: a run cut short is never "nothing wrong"."""
    return {**verdict, **cut_short("")} if verdict["cause"] == causes.NONE else verdict
