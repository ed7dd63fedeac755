"""Deliveries: claimed by one worker, tried, tried again with growing pauses, given up; the channel's state with them.

A worker that dies between the far end's answer and its row sends twice: under the same id, so that it can be told.
"""

import logging
from collections import Counter
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.jobs.row_failures import Kind, attempt, count_failure, forget_failure, where, without_set_aside
from diagnostics.monitoring.alert_text import test_message
from diagnostics.monitoring.announcements import why_not
from diagnostics.monitoring.channels.message import Message
from diagnostics.monitoring.channels.responses import GIVES_UP_AFTER, Next, Reply, next_after, proved, wait_after
from diagnostics.monitoring.channels.sending import send
from diagnostics.monitoring.models import Channel, Delivery
from diagnostics.web.refusals import ActionRefused

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)  # longer than any attempt takes
AT_A_TIME = 50
AT_A_TIME_OF_A_CHANNEL = 3
WAITING = (Delivery.State.QUEUED, Delivery.State.HELD)
MOST_TESTS = 5  # of one channel in a minute


def due_deliveries(now: datetime | None = None) -> tuple[int, ...]:
    """What a worker should take up: ringing twice for one is harmless. Channels take turns, a few of each at a time, so
    that one whose server is slow holds up no other.
    """
    now = now or timezone.now()
    sending = Delivery.objects.filter(state=Delivery.State.SENDING, lease_until__gt=now)
    under_way = Counter(sending.values_list("channel_id", flat=True))
    place = Window(RowNumber(), partition_by=F("channel_id"), order_by=[F("next_try_at").asc(), F("pk").asc()])
    free = without_set_aside(Delivery.objects.filter(_is_free(now)), Kind.DELIVERY)
    firsts = free.annotate(place=place).filter(place__lte=AT_A_TIME_OF_A_CHANNEL).order_by("place", "next_try_at", "pk")
    found = firsts.values_list("pk", "channel_id", "place")[: 2 * AT_A_TIME]
    due = (pk for pk, channel, place in found if under_way[channel] + place <= AT_A_TIME_OF_A_CHANNEL)
    return tuple(islice(due, AT_A_TIME))


def deliver(pk: int) -> bool:
    """One attempt. False where another worker has it, or nothing is to be done, or a fault of ours stopped it."""
    left_lying = Delivery.objects.filter(pk=pk, state=Delivery.State.SENDING, lease_until__lte=timezone.now())
    if left_lying.exists() and count_failure(Kind.DELIVERY, pk, WorkerLost(), _give_up_delivery):
        return False
    return attempt(Kind.DELIVERY, pk, lambda: _deliver(pk), _give_up_delivery, again=_free_again) is True


def _give_up_delivery(pk: int) -> None:
    now = timezone.now()
    reason = "Given up because of an error in Cobrowse Doctor. The system page has the error."
    ended = {"state": Delivery.State.GIVEN_UP, "ended_at": now, "next_try_at": None, "lease_until": None}
    Delivery.objects.filter(pk=pk, state__in=(*WAITING, Delivery.State.SENDING)).update(reason=reason, **ended)


def _free_again(pk: int) -> None:
    sending = Delivery.objects.filter(pk=pk, state=Delivery.State.SENDING)
    sending.update(state=Delivery.State.QUEUED, next_try_at=timezone.now(), lease_until=None)


class WorkerLost(Exception):
    """The worker that had the row ended before its work did."""


def _deliver(pk: int) -> bool:
    mine = _claim(pk)
    if mine is None:
        return False
    if reason := why_not(mine):
        _held(mine).update(state=Delivery.State.DROPPED, reason=reason, ended_at=timezone.now(), lease_until=None)
        return True
    at = timezone.now()
    message = Message.from_json(mine.message)
    try:
        reply = send(mine.channel, message, f"msg_{mine.message_id.hex}", at)
    except Exception as fault:
        log.error("delivery %s could not be made: %s", pk, where(fault))
        reply = Reply(error="fault", words=f"It failed here, with {type(fault).__name__}. The log says more.")
    _keep(mine, reply, at)
    return True


@transaction.atomic
def start_test(channel: Channel, user: User) -> Delivery:
    """A message that asks nobody to do anything. Raises Refused where too many were asked for."""
    recent = Delivery.objects.filter(channel=channel, event=Delivery.Event.TEST)
    if recent.filter(created_at__gt=timezone.now() - timedelta(minutes=1)).count() >= MOST_TESTS:
        raise ActionRefused("This channel was tested several times in the last minute. Wait a little.")
    now, message_id = timezone.now(), uuid4()
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
    """One more attempt at what was given up. False where it is under way, or was taken."""
    ended = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.GIVEN_UP)
    again = ended.update(state=Delivery.State.QUEUED, next_try_at=timezone.now(), ended_at=None, reason="")
    if again:
        forget_failure(Kind.DELIVERY, delivery.pk)
        record("delivery.tried_again", delivery, name=str(delivery))
    return bool(again)


def _is_free(now: datetime) -> Q:
    return Q(state__in=WAITING, next_try_at__lte=now) | Q(state=Delivery.State.SENDING, lease_until__lte=now)


def _claim(pk: int) -> Delivery | None:
    now = timezone.now()
    lease = now + LEASE
    if not Delivery.objects.filter(_is_free(now), pk=pk).update(state=Delivery.State.SENDING, lease_until=lease):
        return None
    mine = Delivery.objects.select_related("channel", "incident", "rule").filter(pk=pk, lease_until=lease)
    return mine.first()


def _held(mine: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=mine.pk, state=Delivery.State.SENDING, lease_until=mine.lease_until)


@transaction.atomic
def _keep(mine: Delivery, reply: Reply, at: datetime) -> None:
    """The attempt, what follows on it, and what it says of the channel."""
    attempts = [*mine.attempts, _attempt(mine, reply, at)]
    follows, wait = next_after(reply), None
    if follows is Next.LATER and mine.event != Delivery.Event.TEST:
        wait = wait_after(len(attempts), reply.retry_after)
    if not _held(mine).update(attempts=attempts, lease_until=None, **_state(follows, wait, len(attempts))):
        log.warning("delivery %s was taken over by another worker", mine.pk)
        return
    words = str(attempts[-1]["words"])
    if follows is Next.TAKEN:
        _channel(mine).update(state=Channel.State.WORKS, failures=0, last_ok_at=timezone.now(), last_words=words)
    elif wait is not None:
        _channel(mine).exclude(state=Channel.State.REFUSED).update(state=Channel.State.FAILING, last_words=words)
    else:
        _count_failure(mine, follows, words)


def _state(follows: Next, wait: timedelta | None, attempts: int) -> dict[str, Any]:
    now = timezone.now()
    if follows is Next.TAKEN:
        return {"state": Delivery.State.SENT, "ended_at": now, "next_try_at": None, "reason": ""}
    if wait is not None:
        return {"state": Delivery.State.QUEUED, "next_try_at": now + wait, "reason": ""}
    reason = {
        Next.LATER: f"Given up after {attempts} attempt{'' if attempts == 1 else 's'}.",
        Next.NEVER: "No further attempt would go better.",
        Next.GONE: "The far end asked not to be called again.",
    }[follows]
    return {"state": Delivery.State.GIVEN_UP, "ended_at": now, "next_try_at": None, "reason": reason}


def _attempt(mine: Delivery, reply: Reply, at: datetime) -> dict[str, Any]:
    return {
        "at": at.isoformat(timespec="milliseconds"),
        "ms": round((timezone.now() - at).total_seconds() * 1000),
        "status": reply.status,
        "error": reply.error,
        "words": reply.words,
        "proved": proved(mine.channel.kind, reply),
    }


def _channel(mine: Delivery) -> QuerySet[Channel]:
    return Channel.objects.filter(pk=mine.channel_id)


def _count_failure(mine: Delivery, follows: Next, words: str) -> None:
    """A test that fails is somebody's try, and counts for nothing but what the page says."""
    channel = _channel(mine).select_for_update().get()
    channel.last_words = words
    if mine.event != Delivery.Event.TEST:
        channel.failures += 1
    if follows is Next.GONE or channel.failures >= GIVES_UP_AFTER:
        _give_up(channel)
    elif channel.state != Channel.State.REFUSED:
        channel.state = Channel.State.FAILING
    channel.save(update_fields=["state", "failures", "last_words"])


def _give_up(channel: Channel) -> None:
    if channel.state == Channel.State.REFUSED:
        return
    channel.state = Channel.State.REFUSED
    log.error("channel %s is given up: nothing more is sent to it until a test is taken", channel.pk)
    record("channel.given_up", channel, after={"failures": channel.failures, "words": channel.last_words})
