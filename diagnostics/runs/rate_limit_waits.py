"""Runs that wait for the rate limit of their org: back to the queue, who waits how long, and which may start now."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from diagnostics.orgs.models import ClientRateLimit
from diagnostics.orgs.rate_limits import Refusal, wait_of_client
from diagnostics.runs.models import Exchange, Finding, Run
from diagnostics.storage.clock import database_now

STARTS_AT_ONCE = 20  # messages for one client, every two seconds while it may send
MOST_CLIENTS = 100

SCHEDULED, PEOPLE = Q(source=Run.Source.SCHEDULE), ~Q(source=Run.Source.SCHEDULE)


def waits_for_refusal(run: Run, refusal: Refusal) -> bool:
    """Whether the run waits after a 429. Otherwise its verdict is about the rate limit."""
    if Run.objects.filter(pk=run.pk, start_claimed_at__isnull=False).exists():
        return False  # a real session may have been started, which must not happen twice
    return refusal.is_waited_for(run.rate_limit_waits)


@transaction.atomic
def return_to_queue(run_id: int, worker: str, *, refused: bool = False) -> None:
    """Queue a run again that has to wait. After a refusal its findings go, because the next attempt starts anew."""
    mine = Run.objects.filter(pk=run_id, worker=worker, status=Run.Status.RUNNING)
    queued = {"status": Run.Status.QUEUED, "started_at": None, "lease_until": None, "worker": ""}
    if mine.update(**queued, rate_limit_waits=F("rate_limit_waits") + int(refused)) and refused:
        Finding.objects.filter(run_id=run_id).delete()
        Exchange.objects.filter(run_id=run_id).delete()


def wait_of_run(run: Run) -> float:
    """The seconds until a queued run may start by the rate limit of its org, 0.0 if it needn't wait for it."""
    if run.status != Run.Status.QUEUED:
        return 0.0
    return wait_of_client(run.client, is_background=run.source == Run.Source.SCHEDULE)


def runs_to_start(at_once: int, now: datetime | None = None) -> list[tuple[int, str]]:
    """Queued runs, as (ID, source), that waited for their org's rate limit and may start now, at most so many per client.

    Their messages were spent while they waited. The tick sends the first ones, and each run that ends sends one more.
    """
    found: list[tuple[int, str]] = []
    for limit in ClientRateLimit.objects.filter(is_contended=True)[:MOST_CLIENTS]:
        now = now or database_now()
        key = {"client__region": limit.region, "client__client_id": limit.client_id}
        queued = Run.objects.filter(**key, status=Run.Status.QUEUED, message_sent_at__isnull=False)
        if not queued.exists():
            ClientRateLimit.objects.filter(pk=limit.pk).update(is_contended=False)
            continue
        for mine, opens_at in ((PEOPLE, limit.people_at), (SCHEDULED, limit.background_at)):
            if opens_at is None or opens_at <= now:
                found += queued.filter(mine).order_by("id").values_list("pk", "source")[:at_once]
    return found
