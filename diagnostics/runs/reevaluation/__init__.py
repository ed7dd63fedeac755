"""Runs today's checks over the stored evidence of a run, offline. Sends and stores nothing."""

from diagnostics.runs.reevaluation.stored_run import StoredRun
from diagnostics.runs.reevaluation.verdicts import FindingDifference, Reevaluation, reevaluate

__all__ = ["FindingDifference", "Reevaluation", "StoredRun", "reevaluate"]
