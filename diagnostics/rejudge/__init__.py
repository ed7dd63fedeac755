"""Today's checks over the stored evidence of an old run, offline. Nothing is sent, and nothing is stored."""

from diagnostics.rejudge.past import Past, Said
from diagnostics.rejudge.verdicts import Changed, Rejudged, rejudge

__all__ = ["Changed", "Past", "Rejudged", "Said", "rejudge"]
