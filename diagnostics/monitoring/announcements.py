"""Creates the deliveries of an incident, one for each channel and cause. `deliveries` sends them."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from diagnostics.issues.models import Incident
from diagnostics.monitoring.alert_text import IncidentSummary, incident_message
from diagnostics.monitoring.channels import message as messages
from diagnostics.monitoring.models import AlertRule, Channel, Delivery
from diagnostics.monitoring.quiet_hours import QuietHours, quiet_until

ANNOUNCEMENTS = (Delivery.Event.OPENED, Delivery.Event.CHANGED)
MAX_CHAIN = 100
ENDED_BEFORE_SENDING = "Resolved before this was sent. The message about that covers both."
NEVER_OPENED = "PagerDuty never got an alert about this issue, so there is nothing to resolve."
CHANNEL_DISABLED = "The channel is disabled after repeated failures. A successful test turns it on again."


def announce(incident: Incident, rule: AlertRule, summary: IncidentSummary) -> None:
    """Alert each channel of the rule that has no alert about this cause yet. The caller holds the schedule's lock."""
    if _is_snoozed(incident, rule, summary.now):
        return
    chain = incident_chain(incident)
    for channel in rule.channels.all():
        earlier = Delivery.objects.filter(channel=channel, event__in=ANNOUNCEMENTS)
        if not earlier.filter(incident=incident).exists():
            is_known = earlier.filter(incident__in=chain).exists()
            _create_delivery(incident, rule, channel, messages.CHANGED if is_known else messages.OPENED, summary)


def announce_end(incident: Incident, event: str, summary: IncidentSummary) -> None:
    """Alert each channel that was alerted to this outage, even if its rule or a snooze would be silent now."""
    earlier = Delivery.objects.filter(incident__in=incident_chain(incident), event__in=ANNOUNCEMENTS).order_by("pk")
    by_channel = {delivery.channel_id: delivery for delivery in earlier.select_related("channel", "rule")}
    for delivery in by_channel.values():
        ends = Delivery.objects.filter(incident=incident, channel=delivery.channel, event__in=messages.END_EVENTS)
        if not ends.exists():
            zone = delivery.rule.zone if delivery.rule else summary.zone
            _create_delivery(incident, delivery.rule, delivery.channel, event, replace(summary, zone=zone))


def announce_reminder(incident: Incident, rule: AlertRule, summary: IncidentSummary) -> None:
    """Remind each alerted channel whose last message is older than the rule's reminder interval."""
    if _is_snoozed(incident, rule, summary.now) or _quiet(rule, summary.now) is not None:
        return
    due = summary.now - timedelta(hours=rule.remind_hours)
    for channel in rule.channels.all():
        deliveries = Delivery.objects.filter(incident=incident, channel=channel)
        last = deliveries.order_by("-created_at").first()
        if last is not None and last.created_at <= due and deliveries.filter(event__in=ANNOUNCEMENTS).exists():
            _create_delivery(incident, rule, channel, messages.REMINDER, summary)
            Incident.objects.filter(pk=incident.pk).update(reminded_at=summary.now)


def announced_rules(incident: Incident) -> set[int]:
    """IDs of the rules that sent alerts about this outage, under any of its causes."""
    found = Delivery.objects.filter(incident__in=incident_chain(incident), event__in=ANNOUNCEMENTS)
    return set(found.exclude(rule=None).values_list("rule_id", flat=True))


def _is_snoozed(incident: Incident, rule: AlertRule, now: datetime) -> bool:
    return incident.issue.is_snoozed_at(now) or rule.is_snoozed_at(now)


def _quiet(rule: AlertRule, now: datetime) -> datetime | None:
    return quiet_until(now, QuietHours(rule.quiet_from, rule.quiet_until, frozenset(rule.quiet_days), rule.zone))


def incident_chain(incident: Incident) -> list[int]:
    """IDs of the incident and the incidents that turned into it, newest first: together they are one outage."""
    found = [incident.pk]
    while len(found) < MAX_CHAIN:
        before = Incident.objects.filter(became=found[-1]).values_list("pk", flat=True).first()
        if before is None:
            break
        found.append(before)
    return found


def _create_delivery(
    incident: Incident, rule: AlertRule | None, channel: Channel, event: str, summary: IncidentSummary
) -> None:
    until = _quiet(rule, summary.now) if rule is not None else None
    state, reason = (Delivery.State.QUEUED, "") if until is None else (Delivery.State.HELD, "Quiet hours")
    ended = None
    if channel.state == Channel.State.DISABLED:
        state, reason, ended = Delivery.State.DROPPED, CHANNEL_DISABLED, summary.now
    Delivery.objects.create(
        channel=channel,
        rule=rule,
        client=incident.client,
        incident=incident,
        event=event,
        state=state,
        reason=reason,
        message=incident_message(event, incident, summary).to_json(),
        message_id=uuid4(),
        next_try_at=None if ended else until or summary.now,
        created_at=summary.now,
        ended_at=ended,
    )


def reason_to_drop(delivery: Delivery) -> str:
    """Why a waiting message is no longer worth sending; "" if it still is."""
    incident = delivery.incident
    if delivery.event == Delivery.Event.TEST:
        return ""
    if delivery.channel.state == Channel.State.DISABLED:
        return CHANNEL_DISABLED
    if incident is None:
        return ""
    if delivery.event not in messages.END_EVENTS:
        later = [incident.pk, *_later_incidents(incident)]
        ends = Delivery.objects.filter(incident__in=later, channel=delivery.channel, event__in=messages.END_EVENTS)
        return ENDED_BEFORE_SENDING if ends.exists() else ""
    if delivery.channel.kind == Channel.Kind.PAGERDUTY and not _was_opened(delivery, incident):
        return NEVER_OPENED
    return ""


def _was_opened(delivery: Delivery, incident: Incident) -> bool:
    summary = Delivery.objects.filter(
        incident__in=incident_chain(incident), channel=delivery.channel, event__in=ANNOUNCEMENTS
    )
    return summary.exclude(state=Delivery.State.DROPPED).exists()


def _later_incidents(incident: Incident) -> list[int]:
    found: list[int] = []
    at = incident.became_id
    while at is not None and len(found) < MAX_CHAIN:
        found.append(at)
        at = Incident.objects.filter(pk=at).values_list("became_id", flat=True).first()
    return found
