"""Queries of deliveries, channels and rules."""

from collections.abc import Iterable

from django.db.models import Count, Prefetch, Q, QuerySet
from django.shortcuts import get_object_or_404

from diagnostics.accounts.models import User
from diagnostics.issues.models import Issue
from diagnostics.monitoring.models import AlertRule, Channel, Delivery, Schedule
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_clients, visible_rows
from diagnostics.web.paging import KeyPage, key_page

ALERT_PAGE = 40
LARGE_COLUMNS = ("client__secret", "client__verification", "client__status_reason")
NOT_LISTED = ("channel__secret", "channel__signing_secret", *LARGE_COLUMNS)


def delivery_page(
    viewer: User | None, *, channel: Channel | None = None, state: str = "", before: int | None = None
) -> KeyPage[Delivery]:
    """Test messages belong to no org, so only admins see them."""
    rows = visible_deliveries(viewer)
    if channel is not None:
        rows = rows.filter(channel=channel)
    if state:
        rows = rows.filter(state=state)
    return key_page(rows, ALERT_PAGE, before)


def visible_deliveries(viewer: User | None) -> QuerySet[Delivery]:
    rows = Delivery.objects.select_related("channel", "client", "incident", "rule").defer(*NOT_LISTED)
    if viewer is None or viewer.is_admin:
        return rows
    return visible_rows(rows.filter(client__isnull=False), viewer)


def visible_channels(viewer: User | None) -> QuerySet[Channel]:
    """Channels that get, or once got, alerts about an org the user may see. A rule without clients is for all of them."""
    channels = Channel.objects.all()
    if viewer is None or viewer.sees_all:
        return channels
    clients = visible_clients(viewer).order_by().values("pk")
    rules = AlertRule.objects.filter(Q(clients=None) | Q(clients__in=clients)).values("channels")
    sent = Delivery.objects.filter(client__in=clients).values("channel")
    return channels.filter(Q(pk__in=rules) | Q(pk__in=sent))


def deliveries_of(issue: Issue) -> list[Delivery]:
    """The newest deliveries about the issue's incidents, newest first."""
    return list(visible_deliveries(None).filter(incident__issue=issue).order_by("-pk")[:ALERT_PAGE])


def channels() -> QuerySet[Channel]:
    """Without their secrets."""
    return Channel.objects.defer("secret", "signing_secret").annotate(used=Count("rules", distinct=True))


def disabled_channels() -> list[Channel]:
    return list(channels().filter(state=Channel.State.DISABLED))


def alert_rules() -> QuerySet[AlertRule]:
    names = Prefetch("clients", OAuthClient.objects.only("name"))
    return AlertRule.objects.select_related("snoozed_by").prefetch_related(names, Prefetch("channels", channels()))


def alerting_rules(client: OAuthClient) -> list[AlertRule]:
    """The enabled rules for this client that have a channel."""
    rules = alert_rules().filter(Q(clients=None) | Q(clients=client), is_on=True)
    return list(rules.exclude(channels=None).distinct())


def set_notified(schedules: Iterable[Schedule]) -> None:
    """Set `notified` of each schedule, with two queries for all of them."""
    rules = list(alert_rules().filter(is_on=True))
    for schedule in schedules:
        names = {
            channel.name
            for rule in rules
            if not rule.clients.all() or schedule.client in rule.clients.all()
            for channel in rule.channels.all()
            if channel.state != Channel.State.DISABLED
        }
        schedule.notified = ", ".join(sorted(names))


def find_delivery(pk: int, user: User) -> Delivery:
    return get_object_or_404(visible_deliveries(user), pk=pk)


def find_channel(pk: int) -> Channel:
    return get_object_or_404(Channel.objects.defer("secret", "signing_secret"), pk=pk)


def find_rule(pk: int) -> AlertRule:
    return get_object_or_404(AlertRule.objects.select_related("snoozed_by"), pk=pk)
