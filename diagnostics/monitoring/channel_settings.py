"""Changes channels, alert rules and snoozes for an admin or operator."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.monitoring.channels import webhook
from diagnostics.monitoring.models import AlertRule, Channel
from diagnostics.orgs.models import OAuthClient


@transaction.atomic
def add_channel(*, name: str, kind: str, address: str, secret: str, user: User, events: Iterable[str] = ()) -> Channel:
    """The fields must be valid; a name in use raises IntegrityError. A webhook gets a new signing secret."""
    signing = webhook.new_secret() if kind == Channel.Kind.WEBHOOK else ""
    channel = Channel.objects.create(
        name=name,
        kind=kind,
        address=address,
        secret=secret,
        signing_secret=signing,
        events=list(events),
        created_by=user,
    )
    sent = {"events": channel.events} if channel.events else {}
    record("channel.added", channel, after={"name": name, "kind": kind, "shown": address, **sent})
    return channel


@transaction.atomic
def change_events(channel: Channel, events: Iterable[str]) -> None:
    """Change what a webhook is sent besides alerts. Events that are queued are still sent."""
    before, channel.events = channel.events, list(events)
    channel.save(update_fields=["events"])
    record("channel.changed", channel, before={"events": before}, after={"events": channel.events})


@transaction.atomic
def delete_channel(channel: Channel) -> None:
    """Also deletes its deliveries."""
    record("channel.deleted", channel, before={"name": channel.name, "kind": channel.kind, "shown": channel.address})
    channel.delete()


@transaction.atomic
def save_rule(
    rule: AlertRule,
    values: dict[str, Any],
    clients: Iterable[OAuthClient],
    channels: Iterable[Channel],
    user: User,
) -> AlertRule:
    """Create the rule if it has no row yet, else update it."""
    is_new = rule.pk is None
    before = None if is_new else _audit_values(rule)
    for name, value in values.items():
        setattr(rule, name, value)
    if is_new:
        rule.created_by = user
    rule.save()
    rule.clients.set(clients)
    rule.channels.set(channels)
    record("alert_rule.added" if is_new else "alert_rule.changed", rule, before=before, after=_audit_values(rule))
    return rule


@transaction.atomic
def delete_rule(rule: AlertRule) -> None:
    record("alert_rule.deleted", rule, before=_audit_values(rule))
    rule.delete()


def _audit_values(rule: AlertRule) -> dict[str, Any]:
    names = (
        "name",
        "needed",
        "out_of",
        "remind_hours",
        "counts_inconclusive",
        "quiet_from",
        "quiet_until",
        "quiet_days",
        "zone",
        "is_on",
    )
    return {
        **{name: getattr(rule, name) for name in names},
        "clients": sorted(rule.clients.values_list("name", flat=True)),
        "channels": sorted(rule.channels.values_list("name", flat=True)),
    }
