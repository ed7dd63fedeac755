"""A run's one permission to start a real session, and what is said when nobody saw how the start ended."""

import logging
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.runs.models import Finding, Run

audit = logging.getLogger("diagnostics.audit")
CHECK = "session.start"
# Whoever confirmed meant now: not the hour at which a worker is there again.
CONFIRMED_FOR = timedelta(minutes=5)


@transaction.atomic
def claim_start(run_id: int, worker: str) -> bool:
    """Use up the run's one permission, before anything is sent.

    False when it was used, when it has lapsed because the run waited long in the queue, or when the run is not ours.
    """
    now = timezone.now()
    mine = Run.objects.filter(pk=run_id, worker=worker, status=Run.Status.RUNNING, start_claimed_at=None)
    confirmed = mine.filter(inputs__start=True, created_at__gt=now - CONFIRMED_FOR)
    won = bool(confirmed.update(start_claimed_at=now))
    if won:
        run = Run.objects.select_related("started_by").get(pk=run_id)
        record("session.offered", run, after={"conversation": run.conversation_id}, person=run.started_by)
        audit.info("live start sent: run %s, at %s", run_id, now.isoformat(timespec="seconds"))
    return won


def claim_from_thread(run_id: int, worker: str) -> bool:
    """The same, asked by a check: it runs in a thread of its own, whose connection nobody else would close."""
    try:
        return claim_start(run_id, worker)
    finally:
        connection.close()


def report_unseen_start(run: Run) -> None:
    """For a run whose worker is gone: a start that was begun and of which no answer is stored is never repeated."""
    if run.start_claimed_at is None or run.findings.filter(check_id=CHECK).exists():
        return
    Finding.objects.create(
        run=run,
        position=run.findings.count(),
        check_id=CHECK,
        outcome="error",
        code="may_have_been_sent",
        sentence="The start may have been sent: the worker stopped before an answer was stored. It is not sent again.",
        hint="Ask the agent or the customer whether an offer appeared before another start is confirmed.",
        evidence={"claimed_at": run.start_claimed_at.isoformat(timespec="seconds")},
    )
