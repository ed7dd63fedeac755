"""A run's one permission to start a live session, and the finding for a start whose result is unknown."""

import logging
from datetime import timedelta

from django.db import connection, transaction

from diagnostics.accounts.audit import record
from diagnostics.runs.models import Finding, Run
from diagnostics.storage.clock import database_now

audit = logging.getLogger("diagnostics.audit")
CHECK = "session.start"
# The confirmation is for now, not for whenever a worker is available again.
CONFIRMATION_LIFETIME = timedelta(minutes=5)


@transaction.atomic
def claim_start(run_id: int, worker: str) -> bool:
    """Use up the run's permission, before anything is sent.

    False if it was used, if it has expired because the run was queued for too long, or if the run belongs to another
    worker.
    """
    now = database_now()
    mine = Run.objects.filter(pk=run_id, worker=worker, status=Run.Status.RUNNING, start_claimed_at=None)
    confirmed = mine.filter(inputs__start=True, created_at__gt=now - CONFIRMATION_LIFETIME)
    is_claimed = bool(confirmed.update(start_claimed_at=now))
    if is_claimed:
        run = Run.objects.select_related("started_by").get(pk=run_id)
        record("session.offered", run, after={"conversation": run.conversation_id}, person=run.started_by)
        audit.info("live start sent: run %s, at %s", run_id, now.isoformat(timespec="seconds"))
    return is_claimed


def claim_start_in_thread(run_id: int, worker: str) -> bool:
    """`claim_start` for a check: it runs in its own thread, whose connection must be closed here."""
    try:
        return claim_start(run_id, worker)
    finally:
        connection.close()


def report_unconfirmed_start(run: Run) -> None:
    """Report a start that was claimed but has no stored result, for a run whose worker is gone. It is never repeated."""
    if run.start_claimed_at is None or run.findings.filter(check_id=CHECK).exists():
        return
    Finding.objects.create(
        run=run,
        position=run.findings.count(),
        check_id=CHECK,
        outcome="error",
        code="may_have_been_sent",
        sentence="The start may have been sent: the worker stopped before a response was stored. It isn't sent again.",
        hint="Ask the agent or the customer whether an offer appeared before you start another session.",
        evidence={"claimed_at": run.start_claimed_at.isoformat(timespec="seconds")},
    )
