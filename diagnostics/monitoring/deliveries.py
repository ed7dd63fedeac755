"""Sends deliveries: a worker claims one, tries, retries with growing delays, and updates the channel.

A worker that dies after the receiver's reply sends twice, under the same ID, so that the receiver can tell.
"""

import logging
from collections import Counter
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.jobs.leases import claim, leased
from diagnostics.jobs.row_failures import (
    Kind,
    attempt,
    count_failure,
    error_location,
    forget_failure,
    without_set_aside,
)
from diagnostics.monitoring.alert_text import test_message
from diagnostics.monitoring.announcements import reason_to_drop
from diagnostics.monitoring.channels.message import Message
from diagnostics.monitoring.channels.responses import (
    MAX_FAILURES,
    AttemptResult,
    Reply,
    explain_reply,
    result_of,
    retry_delay,
)
from diagnostics.monitoring.channels.sending import send
from diagnostics.monitoring.models import Channel, Delivery
from diagnostics.storage.clock import DATABASE_NOW, database_now
from diagnostics.web.format import count_of
from diagnostics.web.refusals import ActionRefused

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)  # longer than any attempt
BATCH = 50
BATCH_PER_CHANNEL = 3
WAITING = (Delivery.State.QUEUED, Delivery.State.HELD)
MAX_TESTS_PER_MINUTE = 5  # per channel
# Alerts go before the events of a channel. PostgreSQL sorts false before true.
IS_EVENT = ExpressionWrapper(Q(run__isnull=False) | Q(issue__isnull=False), BooleanField())
NEXT_FIRST = (IS_EVENT.asc(), F("next_try_at").asc(), F("pk").asc())


def due_deliveries(now: datetime | None = None) -> tuple[int, ...]:
    """IDs of the deliveries to send to workers; sending one twice is harmless.

    Each channel has at most BATCH_PER_CHANNEL under way, so that a slow server doesn't delay the others.
    """
    now = now or database_now()
    if not Delivery.objects.filter(_is_free(now)).exists():  # much cheaper than the query below
        return ()
    sending = Delivery.objects.filter(state=Delivery.State.SENDING, lease_until__gt=now)
    under_way = Counter(sending.values_list("channel_id", flat=True))
    position = Window(RowNumber(), partition_by=F("channel_id"), order_by=NEXT_FIRST)
    free = without_set_aside(Delivery.objects.filter(_is_free(now)), Kind.DELIVERY)
    firsts = free.annotate(place=position).filter(place__lte=BATCH_PER_CHANNEL).order_by("place", "next_try_at", "pk")
    found = firsts.values_list("pk", "channel_id", "place")[: 2 * BATCH]
    due = (pk for pk, channel, position in found if under_way[channel] + position <= BATCH_PER_CHANNEL)
    return tuple(islice(due, BATCH))


def next_deliveries(pk: int) -> tuple[int, ...]:
    """The next delivery of the same channel after one that was sent, so that many of them needn't wait for the tick."""
    now = database_now()
    last = Delivery.objects.filter(pk=pk, state__in=(Delivery.State.SENT, Delivery.State.SENDING))
    of_channel = Delivery.objects.filter(channel__in=last.values("channel"))
    if of_channel.filter(state=Delivery.State.SENDING, lease_until__gt=now).count() >= BATCH_PER_CHANNEL:
        return ()
    free = without_set_aside(of_channel.filter(_is_free(now)), Kind.DELIVERY)
    return tuple(free.order_by(*NEXT_FIRST).values_list("pk", flat=True)[:1])


def deliver(pk: int) -> bool:
    """One attempt. False if another worker has the delivery, it has ended, or an error of ours stopped the attempt."""
    expired = Delivery.objects.filter(pk=pk, state=Delivery.State.SENDING, lease_until__lte=DATABASE_NOW)
    if expired.exists() and count_failure(Kind.DELIVERY, pk, WorkerLost(), _give_up_delivery):
        return False
    return attempt(Kind.DELIVERY, pk, lambda: _deliver(pk), _give_up_delivery, again=_release) is True


def _give_up_delivery(pk: int) -> None:
    now = database_now()
    reason = "Failed because of an error in Cobrowse Doctor. The system page shows it."
    ended = {"state": Delivery.State.FAILED, "ended_at": now, "next_try_at": None, "lease_until": None}
    Delivery.objects.filter(pk=pk, state__in=(*WAITING, Delivery.State.SENDING)).update(reason=reason, **ended)


def _release(pk: int) -> None:
    sending = Delivery.objects.filter(pk=pk, state=Delivery.State.SENDING)
    sending.update(state=Delivery.State.QUEUED, next_try_at=DATABASE_NOW, lease_until=None)


class WorkerLost(Exception):
    """The worker ended before its attempt did."""


def _deliver(pk: int) -> bool:
    now = database_now()
    delivery = claim(Delivery.objects.filter(_is_free(now)), pk, LEASE, now, state=Delivery.State.SENDING)
    if delivery is None:
        return False
    if reason := reason_to_drop(delivery):
        leased(delivery).update(state=Delivery.State.DROPPED, reason=reason, ended_at=DATABASE_NOW, lease_until=None)
        return True
    at = timezone.now()
    message = Message.from_json(delivery.message)
    try:
        reply = send(delivery.channel, message, f"msg_{delivery.message_id.hex}", at)
    except Exception as error:
        log.error("delivery %s could not be made: %s", pk, error_location(error))
        reply = Reply(error="fault", text=f"Sending failed with {type(error).__name__}. See the log.")
    _record_attempt(delivery, reply, at)
    return True


@transaction.atomic
def start_test(channel: Channel, user: User) -> Delivery:
    """Raises ActionRefused after MAX_TESTS_PER_MINUTE."""
    recent = Delivery.objects.filter(channel=channel, event=Delivery.Event.TEST)
    if recent.filter(created_at__gt=DATABASE_NOW - timedelta(minutes=1)).count() >= MAX_TESTS_PER_MINUTE:
        tested = f"This channel was tested {MAX_TESTS_PER_MINUTE} times in the last minute."
        raise ActionRefused(f"{tested} Try again in a minute.")
    now, message_id = database_now(), uuid4()
    message = test_message(channel.name, user.get_username(), now, f"cobrowse-doctor-test-{message_id.hex}")
    record("channel.tested", channel)
    return Delivery.objects.create(
        channel=channel,
        event=Delivery.Event.TEST,
        message=message.to_json(),
        message_id=message_id,
        created_at=now,
        next_try_at=now,
    )


@transaction.atomic
def try_again(delivery: Delivery) -> bool:
    """Retry a failed delivery. False if it is being sent or was delivered."""
    ended = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.FAILED)
    again = ended.update(state=Delivery.State.QUEUED, next_try_at=DATABASE_NOW, ended_at=None, reason="")
    if again:
        forget_failure(Kind.DELIVERY, delivery.pk)
        record("delivery.retried", delivery, name=str(delivery))
    return bool(again)


def _is_free(now: datetime) -> Q:
    return Q(state__in=WAITING, next_try_at__lte=now) | Q(state=Delivery.State.SENDING, lease_until__lte=now)


@transaction.atomic
def _record_attempt(delivery: Delivery, reply: Reply, at: datetime) -> None:
    """Store the attempt and its result, and update the channel."""
    attempts = [*delivery.attempts, _attempt(delivery, reply, at)]
    result, wait = result_of(reply), None
    if result is AttemptResult.RETRY and delivery.event != Delivery.Event.TEST:
        wait = retry_delay(len(attempts), reply.retry_after)
    if not leased(delivery).update(attempts=attempts, lease_until=None, **_state(result, wait, len(attempts))):
        log.warning("delivery %s was claimed by another worker", delivery.pk)
        return
    text = str(attempts[-1]["reply"])
    if result is AttemptResult.DELIVERED:
        _channel_rows(delivery).update(state=Channel.State.WORKS, failures=0, last_ok_at=DATABASE_NOW, last_reply=text)
    elif wait is not None:
        _channel_rows(delivery).exclude(state=Channel.State.DISABLED).update(
            state=Channel.State.FAILING, last_reply=text
        )
    else:
        _count_failure(delivery, result, text)


def _state(result: AttemptResult, wait: timedelta | None, attempts: int) -> dict[str, Any]:
    now = database_now()
    if result is AttemptResult.DELIVERED:
        return {"state": Delivery.State.SENT, "ended_at": now, "next_try_at": None, "reason": ""}
    if wait is not None:
        return {"state": Delivery.State.QUEUED, "next_try_at": now + wait, "reason": ""}
    reason = {
        AttemptResult.RETRY: f"Failed after {count_of(attempts, 'attempt')}.",
        AttemptResult.REJECTED: "Retrying wouldn't help.",
        AttemptResult.GONE: "The receiver asked us to stop (410).",
    }[result]
    return {"state": Delivery.State.FAILED, "ended_at": now, "next_try_at": None, "reason": reason}


def _attempt(delivery: Delivery, reply: Reply, at: datetime) -> dict[str, Any]:
    return {
        "at": at.isoformat(timespec="milliseconds"),
        "ms": round((timezone.now() - at).total_seconds() * 1000),
        "status": reply.status,
        "error": reply.error,
        "reply": reply.text,
        "explanation": explain_reply(delivery.channel.kind, reply),
    }


def _channel_rows(delivery: Delivery) -> QuerySet[Channel]:
    return Channel.objects.filter(pk=delivery.channel_id)


def _count_failure(delivery: Delivery, result: AttemptResult, text: str) -> None:
    """A failed test changes the channel's text and state, but isn't counted."""
    channel = _channel_rows(delivery).select_for_update().get()
    channel.last_reply = text
    if delivery.event != Delivery.Event.TEST:
        channel.failures += 1
    if result is AttemptResult.GONE or channel.failures >= MAX_FAILURES:
        if channel.state != Channel.State.DISABLED:
            channel.state = Channel.State.DISABLED
            log.error("channel %s is disabled until a test is delivered", channel.pk)
            record("channel.disabled", channel, after={"failures": channel.failures, "reply": channel.last_reply})
    elif channel.state != Channel.State.DISABLED:
        channel.state = Channel.State.FAILING
    channel.save(update_fields=["state", "failures", "last_reply"])
