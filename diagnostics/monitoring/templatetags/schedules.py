"""Template tags for schedules: the next run, the paused badge, and the schedules of one client."""

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from diagnostics.monitoring.queries.alerts import set_notified
from diagnostics.monitoring.queries.schedules import schedules_of
from diagnostics.orgs.models import OAuthClient
from diagnostics.web.badges import badge
from diagnostics.web.format import duration_in_words, short_duration
from diagnostics.web.templatetags.page import exact

register = template.Library()


@register.simple_tag
def paused_badge() -> SafeString:
    return badge("pause", "skip", "Paused")


@register.filter
def coming_in(moment: datetime | None) -> SafeString:
    """A time element: "in 3 hours", or the date from two weeks ahead, with the exact time on hover."""
    if moment is None:
        return SafeString("")
    ahead = moment - timezone.now()
    if ahead <= timedelta():
        shown = "due now"
    elif ahead < timedelta(minutes=1):
        shown = "in less than a minute"
    elif ahead < timedelta(days=14):
        shown = f"in {duration_in_words(ahead)}"
    else:
        shown = format_date(timezone.localtime(moment), "j M Y")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(timespec="seconds"), exact(moment), shown
    )


@register.filter
def describe_seconds(length: timedelta) -> str:
    return short_duration(int(length.total_seconds()))


@register.inclusion_tag("monitoring/schedules/_of_client.html", takes_context=True)
def schedules_of_client(context: template.Context, client: OAuthClient) -> dict[str, Any]:
    schedules = schedules_of(client)
    set_notified(schedules)
    return {"client": client, "user": context.get("user"), "schedules": schedules}
