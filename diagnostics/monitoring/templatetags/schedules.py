"""Schedules on a page: when they come next, that they are paused, and those of one client."""

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from diagnostics.monitoring.queries.schedules import OF_CLIENT, schedules_of
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.templatetags.outcomes import badge
from diagnostics.web.templatetags.page import exact

register = template.Library()

UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))


@register.simple_tag
def paused_badge() -> SafeString:
    return badge("pause", "skip", "Paused")


@register.filter
def coming_in(moment: datetime | None) -> SafeString:
    """A time element: how far ahead, the exact moment on hover; what lies too far ahead as a date."""
    if moment is None:
        return SafeString("")
    ahead = moment - timezone.now()
    shown = distance(ahead) if ahead < timedelta(days=14) else format_date(timezone.localtime(moment), "j M Y")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(timespec="seconds"), exact(moment), shown
    )


@register.filter
def describe_seconds(length: timedelta) -> str:
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    words = [f"{minutes} min"] * bool(minutes) + [f"{seconds} s"] * bool(seconds or not minutes)
    return " ".join(words)


def distance(ahead: timedelta) -> str:
    if ahead <= timedelta():
        return "due now"
    for length, unit in UNITS:
        count = ahead // length
        if count:
            return f"in {count} {unit}{'' if count == 1 else 's'}"
    return "in less than a minute"


@register.inclusion_tag("monitoring/schedules/_of_client.html", takes_context=True)
def schedules_of_client(context: template.Context, client: OAuthClient) -> dict[str, Any]:
    found = schedules_of(client)
    return {"client": client, "user": context.get("user"), "schedules": found[:OF_CLIENT]}
