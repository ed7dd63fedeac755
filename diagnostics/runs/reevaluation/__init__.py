"""Today's checks over the stored evidence of an old run, offline. Nothing is sent, and nothing is stored."""

from diagnostics.runs.reevaluation.stored_run import StoredRun
from diagnostics.runs.reevaluation.verdicts import Changed, Rejudged, rejudge

__all__ = ["Changed", "Rejudged", "StoredRun", "rejudge"]
