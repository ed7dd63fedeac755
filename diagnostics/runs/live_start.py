"""The live start: which runs allow it, and its confirmation."""

import logging
from datetime import timedelta

from django.db.models import Q

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.engine import causes
from diagnostics.genesys.paths import UUID
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.models import Run
from diagnostics.storage.clock import database_now
from diagnostics.web.refusals import ActionRefused

audit = logging.getLogger("diagnostics.audit")

OFFER_LIFETIME = timedelta(minutes=1)


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
    if run.cause != causes.NONE and not _is_fixed(run):
        return "This run found a problem. Fix it and run again before a customer is involved."
    return ""


def _is_fixed(run: Run) -> bool:
    return run.repetitions.filter(status=Run.Status.FINISHED, cause=causes.NONE).exists()


def recent_start(run: Run) -> Run | None:
    """A start in the same conversation that is in progress, or whose offer may still be open."""
    starts = Run.objects.filter(client=run.client, conversation_id=run.conversation_id, inputs__start=True)
    recent = Q(created_at__gt=database_now() - OFFER_LIFETIME)
    return starts.filter(recent | Q(status__in=[Run.Status.QUEUED, Run.Status.RUNNING])).order_by("-id").first()


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
