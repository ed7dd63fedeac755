"""The live start: which runs allow it, its confirmation, and a run's one permission to send it."""

import logging
from datetime import timedelta

from django.db import Error, connection, transaction
from django.db.models import Q

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.checks.base import ClaimFailed
from diagnostics.engine import causes
from diagnostics.genesys.paths import UUID
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.models import OPEN, Finding, Run
from diagnostics.storage.clock import database_now
from diagnostics.web.refusals import ActionRefused

log = logging.getLogger(__name__)
audit = logging.getLogger("diagnostics.audit")

CHECK = "session.start"
OFFER_LIFETIME = timedelta(minutes=1)
# The confirmation is for now, not for whenever a worker is available again.
CONFIRMATION_LIFETIME = timedelta(minutes=5)


def why_start_refused(run: Run) -> str:
    """Why this run does not allow a live start, "" if it does."""
    if run.status != Run.Status.FINISHED:
        return "You can start a session only from a finished run."
    if run.is_part:
        return "This run re-checked one branch only. Start the session from the run it repeats."
    if run.client.is_retired:
        return f"The client {run.client.name} is retired, so nothing can be sent with it."
    if run.kind != Run.Kind.DIAGNOSIS or not UUID.fullmatch(run.conversation_id):
        return "This run has no conversation to start a session in."
    if run.client.gateway:
        return "This org is behind a provider gateway, which needs another call than the published one."
    good = run.repetitions.filter(status=Run.Status.FINISHED, cause=causes.NONE)
    if run.cause != causes.NONE and not good.exists():
        return "This run found a problem. Fix it and run again before a customer is involved."
    return ""


def recent_start(run: Run) -> Run | None:
    """A start in the same conversation that is in progress, or whose offer may still be open."""
    starts = Run.objects.filter(client=run.client, conversation_id=run.conversation_id, inputs__start=True)
    since = database_now() - OFFER_LIFETIME
    recent = Q(created_at__gt=since) | Q(start_claimed_at__gt=since)  # it may have waited before it was sent
    return starts.filter(recent | Q(status__in=OPEN)).order_by("-id").first()


def start_live(run: Run, user: User, typed: str) -> Run:
    """A run that offers a session to the customer of this run's conversation if all checks pass. Raises ActionRefused.

    Call it in a transaction: of two confirmations at once, only one may pass.
    """
    client = OAuthClient.objects.select_for_update().defer("secret").get(pk=run.client_id)
    if not user.is_admin:
        raise ActionRefused("Only admins can start a real session.")
    if why := why_start_refused(run):
        raise ActionRefused(why)
    if typed != run.conversation_id:
        raise ActionRefused("That isn't this run's conversation ID. Nothing was started.")
    if (recent := recent_start(run)) is not None:
        raise ActionRefused(f"Run {recent.pk} just offered a session in this conversation. Wait until that offer ends.")
    inputs = Inputs(conversation_id=run.conversation_id, start=True)
    started = create_run(client=client, kind=run.kind, inputs=inputs, user=user, source=Run.Source.WEB, repeats=run)
    record("session.confirmed", started, after={"conversation": started.conversation_id}, person=user)
    audit.info(
        "live start confirmed: user %s (%s), run %s, conversation %s, at %s",
        user.get_username(),
        user.pk,
        started.pk,
        started.conversation_id,
        database_now().isoformat(timespec="seconds"),
    )
    return started


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
    """`claim_start` for a check: it runs in its own thread, whose connection must be closed here. Raises ClaimFailed."""
    try:
        return claim_start(run_id, worker)
    except Error as error:
        log.error("the start of run %s could not be claimed: %s", run_id, type(error).__name__)
        raise ClaimFailed from error
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
