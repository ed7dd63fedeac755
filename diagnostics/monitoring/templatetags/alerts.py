"""Template tags for incidents, channels and deliveries: their badges and durations."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from diagnostics.monitoring.models import Channel, Delivery, Incident
from diagnostics.monitoring.queries.alerts import is_snoozed
from diagnostics.web.badges import badge
from diagnostics.web.format import duration_in_words
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
def incident_badge(incident: Incident) -> SafeString:
    if incident.is_open:
        return badge("fail", "fail", "Broken")
    if incident.good_run_id is not None:
        return badge("pass", "pass", "Right again")
    if incident.became_id is not None:
        return badge("arrow", "warn", "Broken otherwise")
    return badge("skip", "skip", "No longer looked at")


@register.simple_tag
def channel_badge(channel: Channel) -> SafeString:
    return badge(*CHANNELS[channel.state], channel.get_state_display())


@register.simple_tag
def delivery_badge(delivery: Delivery) -> SafeString:
    return badge(*DELIVERIES[delivery.state], delivery.get_state_display())


@register.simple_tag
def snoozed_until(incident: Incident) -> SafeString:
    if not is_snoozed(incident):
        return SafeString("")
    return format_html('<span class="sub">snoozed until {}</span>', moment(incident.snoozed_until))


@register.simple_tag
def incident_length(incident: Incident) -> str:
    """From the first bad run to the first good one, or until now."""
    end = incident.closed_at or timezone.now()
    if incident.good_run is not None:
        end = incident.good_run.created_at
    return duration_in_words(end - incident.began_at, units=2)


@register.filter
def iso_moment(text: str) -> SafeString:
    """A time element for an ISO 8601 time, "" for other text."""
    try:
        return moment(datetime.fromisoformat(text))
    except (ValueError, TypeError):
        return SafeString("")
