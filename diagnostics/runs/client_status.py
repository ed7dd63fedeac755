"""Updates a client's status from a finished health check of its org."""

from datetime import datetime

from diagnostics.engine.facts import OrgFacts
from diagnostics.orgs.status import store_status
from diagnostics.orgs.status_rules import ClientStatus, status_from_verdict
from diagnostics.runs.models import Run


def update_status_from_run(run: Run) -> None:
    """Store what the run shows about its client's org. The run is loaded again, because the caller's may be stale."""
    found = status_from_run(run)
    if found is not None:
        store_status(run.client_id, *found)


def status_from_run(run: Run) -> tuple[ClientStatus, datetime] | None:
    """Return the status and the time it applies to, or None if the run doesn't show the status of the org.

    That is the case for a run that isn't a complete health check, and for a run of the org that the client had before it
    was moved.
    """
    run = Run.objects.select_related("client").defer("client__secret").get(pk=run.pk)
    is_complete = run.kind == Run.Kind.HEALTH and run.status == Run.Status.FINISHED and not run.is_part
    target = run.inputs.get("target", {})
    is_same = (target.get("region"), target.get("client_id")) == (run.client.region, run.client.client_id)
    if not is_complete or not is_same or run.finished_at is None:
        return None
    return status_from_verdict(run.verdict, OrgFacts.parse(run.environment)), run.finished_at
