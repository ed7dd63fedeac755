"""Template tags for channels and deliveries, and the notifications of an issue."""

from datetime import datetime
from typing import Any

from django import template
from django.utils.safestring import SafeString

from diagnostics.accounts.models import User
from diagnostics.issues.models import Issue
from diagnostics.monitoring.models import Channel, Delivery
from diagnostics.monitoring.queries import alerts as queries
from diagnostics.web.badges import badge
from diagnostics.web.templatetags.page import moment

register = template.Library()

CHANNELS = {
    "untried": ("unverified", "warn"),
    "works": ("pass", "pass"),
    "failing": ("warn", "warn"),
    "disabled": ("fail", "fail"),
}
DELIVERIES = {
    "held": ("queued", "skip"),
    "queued": ("queued", "accent"),
    "sending": ("running", "accent"),
    "sent": ("pass", "pass"),
    "failed": ("fail", "fail"),
    "dropped": ("skip", "skip"),
}


@register.simple_tag
def channel_badge(channel: Channel) -> SafeString:
    return badge(*CHANNELS[channel.state], channel.get_state_display())


@register.simple_tag
def delivery_badge(delivery: Delivery) -> SafeString:
    return badge(*DELIVERIES[delivery.state], delivery.get_state_display())


@register.filter
def iso_moment(text: str) -> SafeString:
    """A time element for an ISO 8601 time, "" for other text."""
    try:
        return moment(datetime.fromisoformat(text))
    except (ValueError, TypeError):
        return SafeString("")


@register.inclusion_tag("monitoring/deliveries/_of_issue.html")
def issue_notifications(issue: Issue, user: User) -> dict[str, Any]:
    """The alerts sent about an issue's incidents, or the rules that will send them."""
    deliveries = queries.deliveries_of(issue)
    return {"deliveries": deliveries, "rules": [] if deliveries else queries.alerting_rules(issue.client), "user": user}
