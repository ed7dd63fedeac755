"""Reads how often each client's own calls fail, once a day in the background, and stores those that do.

A reading is two requests: one asks for the summary, and one reads its results some minutes later. Before each request
`next_at` moves by a day, so that a client gets no more than two a day, whatever happens in between.
"""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from diagnostics.engine.usage_review import CallProblem, review_usage
from diagnostics.genesys.documents.usage import PERMISSIONS, Usage, results_path, summary_path
from diagnostics.genesys.response import OrgResponse, UnreadableResponse
from diagnostics.orgs.connection import genesys_client_of, store_token
from diagnostics.orgs.contracts import current_contract
from diagnostics.orgs.models import CallFailure, OAuthClient, UsageReading
from diagnostics.orgs.rate_limits import ClientPace
from diagnostics.orgs.signals import usage_read
from diagnostics.redaction.redactor import Redactor
from diagnostics.storage.clock import database_now
from diagnostics.web.refusals import ActionRefused

State = UsageReading.State
DAYS = 7  # that a summary covers
DAY = timedelta(hours=24)
RESULTS_AFTER = timedelta(minutes=10)  # until the org has counted
MOST_AT_ONCE = 20  # per tick
MOST_CALLS = 2  # of one task: a token and one request. A rejected token isn't tried twice.
MOST_PROBLEMS = 200  # per client, those with the most failures
NEEDED = " or ".join(PERMISSIONS)


def due_readings(now: datetime | None = None) -> list[int]:
    """The IDs of clients to read now. Without configuration syncs (SNAPSHOT_HOURS=0) nothing is read either."""
    if not settings.SNAPSHOT_HOURS:
        return []
    now = now or database_now()
    clients = _readable()
    missing = clients.filter(usage_reading=None).values_list("pk", flat=True)[:MOST_AT_ONCE]
    UsageReading.objects.bulk_create([UsageReading(client_id=pk, next_at=now) for pk in missing], ignore_conflicts=True)
    due = clients.filter(usage_reading__next_at__lte=now).order_by("usage_reading__next_at", "pk")
    return list(due.values_list("pk", flat=True)[:MOST_AT_ONCE])


def read_usage(client_id: int) -> None:
    """Send the next request of the client's reading, if it is due. Safe to call twice."""
    client = _readable().filter(pk=client_id).first()
    reading = _claim(client_id, database_now()) if client else None
    if client is None or reading is None:
        return
    pace = ClientPace(client, is_background=True, patience_s=0.0)
    try:
        genesys, secrets = genesys_client_of(client, max_calls=MOST_CALLS, pace=pace)
    except ActionRefused as refused:
        _end(reading, State.FAILED, str(refused))
        return
    try:
        with pace:
            if reading.execution_id:
                response = genesys.get(results_path(client.client_id, reading.execution_id))
            else:
                response = genesys.get(summary_path(client.client_id), days=DAYS)
    finally:
        genesys.close()
    store_token(client, genesys.issued)
    if response.status is None and pace.wait_s:  # the request, or that for its token, wasn't sent, so doesn't count
        next_at = database_now() + timedelta(seconds=max(1, ceil(pace.wait_s)))
        UsageReading.objects.filter(pk=reading.pk).update(next_at=next_at)
        return
    issued = genesys.issued
    _store(client, reading, response, Redactor((*secrets, issued.value) if issued else secrets))


def _readable() -> QuerySet[OAuthClient]:
    """Verified clients. Of those that are registered twice only the first one is read."""
    verified = OAuthClient.objects.filter(retired_at=None, state=OAuthClient.State.VERIFIED)
    same = verified.filter(region=OuterRef("region"), client_id=OuterRef("client_id"), pk__lt=OuterRef("pk"))
    return verified.filter(~Exists(same)).defer("verification")


@transaction.atomic
def _claim(client_id: int, now: datetime) -> UsageReading | None:
    """The reading with the request that is due, after moving `next_at`; None if none is due."""
    rows = UsageReading.objects.select_for_update(skip_locked=True)
    reading = rows.filter(client_id=client_id, next_at__lte=now).first()
    if reading is None:
        return None
    if reading.state != State.REQUESTED or reading.began_at is None or reading.began_at <= now - DAY:
        reading.execution_id, reading.began_at = "", now
    reading.next_at = now + DAY * random.uniform(1.0, 1.1)  # noqa: S311 (no secret)
    reading.save(update_fields=["execution_id", "began_at", "next_at"])
    return reading


def _store(client: OAuthClient, reading: UsageReading, response: OrgResponse, redactor: Redactor) -> None:
    usage = Usage.parse(response)
    if isinstance(usage, UnreadableResponse):
        denied = response.status == 403 or (response.status == 404 and not reading.execution_id)
        if denied:
            sentence = f"The client “{client.name}” can't read its API usage. Add {NEEDED} to one of its roles."
            _end(reading, State.DENIED, sentence)
        else:
            _end(reading, State.FAILED, f"The API usage of {client.name} couldn't be read: {response.summary}.")
    elif usage.rows is not None:
        own = [
            replace(row, template=redactor.text(row.template))
            for row in usage.rows
            if row.client_id in ("", client.client_id)
        ]
        problems = review_usage(own, current_contract(client.region), has_gateway=client.gateway)
        _store_problems(client, reading, problems[:MOST_PROBLEMS])
    elif usage.execution_id and not reading.execution_id:
        UsageReading.objects.filter(pk=reading.pk).update(
            state=State.REQUESTED,
            execution_id=usage.execution_id,
            next_at=database_now() + RESULTS_AFTER,
            error="",
        )
    else:
        _end(reading, State.FAILED, f"The org had no results of the API usage of {client.name} yet.")


def _end(reading: UsageReading, state: str, error: str = "") -> None:
    UsageReading.objects.filter(pk=reading.pk).update(state=state, execution_id="", error=error)


@transaction.atomic
def _store_problems(client: OAuthClient, reading: UsageReading, problems: tuple[CallProblem, ...]) -> None:
    """Replace the client's failing calls. Those that are still failing keep the time when they were first seen."""
    now = database_now()
    before = {
        (row.method, row.template, row.cause): row.first_seen_at
        for row in CallFailure.objects.filter(client=client).select_for_update()
    }
    CallFailure.objects.filter(client=client).delete()
    CallFailure.objects.bulk_create(
        CallFailure(
            client=client,
            method=problem.method,
            template=problem.template,
            cause=problem.cause,
            sentence=problem.sentence,
            remedy=problem.remedy,
            requests=problem.requests,
            failed=problem.failed,
            first_day=problem.first_day,
            last_day=problem.last_day,
            first_seen_at=before.get((problem.method, problem.template, problem.cause), now),
            last_seen_at=now,
        )
        for problem in problems
    )
    UsageReading.objects.filter(pk=reading.pk).update(state=State.READ, execution_id="", read_at=now, error="")
    usage_read.send(CallFailure, client=client)
