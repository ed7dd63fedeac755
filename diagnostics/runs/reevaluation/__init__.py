"""Runs today's checks over the stored evidence of a run, offline. Sends and stores nothing."""

from diagnostics.runs.reevaluation.stored_run import StoredRun
from diagnostics.runs.reevaluation.verdicts import (
    NOT_IN_ARCHIVE,
    REQUEST_PREFIXES,
    FindingDifference,
    Reevaluation,
    StoredEvidence,
    evaluate_stored,
    reevaluate,
    why_not_evaluated,
)

__all__ = [
    "NOT_IN_ARCHIVE",
    "REQUEST_PREFIXES",
    "FindingDifference",
    "Reevaluation",
    "StoredEvidence",
    "StoredRun",
    "evaluate_stored",
    "reevaluate",
    "why_not_evaluated",
]
