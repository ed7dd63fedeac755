"""Writes down whom to tell of an incident, once for each channel and cause; sending it comes afterwards."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from diagnostics.monitoring.alert_text import IncidentSummary, message_of
from diagnostics.monitoring.channels import message as messages
from diagnostics.monitoring.models import AlertRule, Channel, Delivery, Incident
from diagnostics.monitoring.quiet_hours import Quiet, quiet_until

ANNOUNCES = (Delivery.Event.OPENED, Delivery.Event.CHANGED)
LONGEST_CHAIN = 100
OVER_BY_THEN = "It was over before this could be sent. The message about its end tells both."
NEVER_OPENED = "PagerDuty was never told of the break, so there is nothing to resolve there."
GIVEN_UP = "The channel is given up after repeated failure. A test that is taken puts it to work again."


def announce(incident: Incident, rule: AlertRule, told: IncidentSummary) -> None:
    """For every channel of the rule that has not been told of this cause. The caller holds the lock of the schedule."""
    if is_muted(incident, rule, told.now):
        return
    chain = chain_of(incident)
    for channel in rule.channels.all():
        of_channel = Delivery.objects.filter(channel=channel, event__in=ANNOUNCES)
        if not of_channel.filter(incident=incident).exists():
            knows = of_channel.filter(incident__in=chain).exists()
            _write(incident, rule, channel, messages.CHANGED if knows else messages.OPENED, told)


def announce_end(incident: Incident, event: str, told: IncidentSummary) -> None:
    """To every channel that was told of this break, also where its rule or a mute would be silent today."""
    told_of = Delivery.objects.filter(incident__in=chain_of(incident), event__in=ANNOUNCES).order_by("pk")
    by_channel = {each.channel_id: each for each in told_of.select_related("channel", "rule")}
    for each in by_channel.values():
        over = Delivery.objects.filter(incident=incident, channel=each.channel, event__in=messages.OVER)
        if not over.exists():
            zone = each.rule.zone if each.rule else told.zone
            _write(incident, each.rule, each.channel, event, replace(told, zone=zone))


def reminded(incident: Incident, rule: AlertRule, told: IncidentSummary) -> None:
    """Where the last word to a channel is as old as the rule says. Nobody is reminded of what they were not told."""
    if is_muted(incident, rule, told.now) or _quiet(rule, told.now) is not None:
        return
    due = told.now - timedelta(hours=rule.remind_hours)
    for channel in rule.channels.all():
        words = Delivery.objects.filter(incident=incident, channel=channel)
        last = words.order_by("-created_at").first()
        if last is not None and last.created_at <= due and words.filter(event__in=ANNOUNCES).exists():
            _write(incident, rule, channel, messages.REMINDER, told)
            Incident.objects.filter(pk=incident.pk).update(reminded_at=told.now)


def announced_rules(incident: Incident) -> set[int]:
    """Rules by which somebody was told of this break, under whatever cause."""
    found = Delivery.objects.filter(incident__in=chain_of(incident), event__in=ANNOUNCES)
    return set(found.exclude(rule=None).values_list("rule_id", flat=True))


def is_muted(incident: Incident, rule: AlertRule, now: datetime) -> bool:
    return any(until is not None and until > now for until in (incident.muted_until, rule.muted_until))


def quiet_of(rule: AlertRule) -> Quiet:
    return Quiet(rule.quiet_from, rule.quiet_until, frozenset(rule.quiet_days), rule.zone)


def _quiet(rule: AlertRule, now: datetime) -> datetime | None:
    return quiet_until(now, quiet_of(rule))


def chain_of(incident: Incident) -> list[int]:
    """The incident and those that it came from, which are one break."""
    found = [incident.pk]
    while len(found) < LONGEST_CHAIN:
        before = Incident.objects.filter(became=found[-1]).values_list("pk", flat=True).first()
        if before is None:
            break
        found.append(before)
    return found


def _write(incident: Incident, rule: AlertRule | None, channel: Channel, event: str, told: IncidentSummary) -> None:
    until = _quiet(rule, told.now) if rule is not None else None
    state, reason = (Delivery.State.QUEUED, "") if until is None else (Delivery.State.HELD, "Quiet hours.")
    ended = None
    if channel.state == Channel.State.REFUSED:
        state, reason, ended = Delivery.State.DROPPED, GIVEN_UP, told.now
    Delivery.objects.create(
        channel=channel,
        rule=rule,
        incident=incident,
        event=event,
        state=state,
        reason=reason,
        message=message_of(event, incident, told).to_json(),
        message_id=uuid4(),
        next_try_at=None if ended else until or told.now,
        created_at=told.now,
        ended_at=ended,
    )


def why_not(delivery: Delivery) -> str:
    """Why a message that waited is not sent any more, "" where it still has something to say."""
    incident = delivery.incident
    if delivery.event == Delivery.Event.TEST or incident is None:
        return ""
    if delivery.channel.state == Channel.State.REFUSED:
        return GIVEN_UP
    if delivery.event not in messages.OVER:
        ends = Delivery.objects.filter(channel=delivery.channel, event__in=messages.OVER)
        return OVER_BY_THEN if ends.filter(incident__in=[incident.pk, *_after(incident)]).exists() else ""
    if delivery.channel.kind == Channel.Kind.PAGERDUTY and not _was_opened(delivery, incident):
        return NEVER_OPENED
    return ""


def _was_opened(delivery: Delivery, incident: Incident) -> bool:
    told = Delivery.objects.filter(incident__in=chain_of(incident), channel=delivery.channel, event__in=ANNOUNCES)
    return told.exclude(state=Delivery.State.DROPPED).exists()


def _after(incident: Incident) -> list[int]:
    found: list[int] = []
    at = incident.became_id
    while at is not None and len(found) < LONGEST_CHAIN:
        found.append(at)
        at = Incident.objects.filter(pk=at).values_list("became_id", flat=True).first()
    return found
