"""Template tags and filters for every page: times, durations, versions, regions."""

import json
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.template import Context
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from diagnostics.parsing.call import read_json
from diagnostics.product import version
from diagnostics.redaction.redactor import Redactor
from diagnostics.web.format import duration_in_words, short_duration
from diagnostics.web.regions import region_name

register = template.Library()
# IDs, codes, times and positions. Not here: searches, names, and the changes of “What if”.
PRINTED_PARAMETERS = {
    "a", "about", "b", "before", "cause", "certainty", "check", "client", "environment", "from", "kind", "org", "outcome", "page",
    "part", "permission", "pinned", "print", "sort", "source", "state", "status", "target", "to", "when", "zone",
}  # fmt: skip


@register.simple_tag
def product_line() -> str:
    return f"Cobrowse Doctor {version()}"


@register.simple_tag(takes_context=True)
def printed_address(context: Context) -> str:
    """The address of the page as it is printed: without parameters that can hold what a person typed, and redacted."""
    request = context.get("request")
    if request is None:
        return ""
    shown = [(name, value) for name, values in request.GET.lists() if name in PRINTED_PARAMETERS for value in values]
    query = f"?{urlencode(shown)}" if shown else ""
    return Redactor().url(f"{request.build_absolute_uri(request.path)}{query}")


@register.simple_tag
def single_sign_on() -> str:
    """Return the name of the single sign-on provider, or "" if none is configured."""
    return settings.OIDC_NAME if settings.OIDC else ""


@register.filter
def ago(moment: datetime | None) -> SafeString:
    """Return a time element: "3 minutes ago", or a date if it is more than 14 days ago. The title is the exact time."""
    if moment is None:
        return SafeString("")
    return _time(moment, distance(timezone.now() - moment) or format_date(timezone.localtime(moment), "j M Y"))


@register.filter
def lasting(moment: datetime | None) -> SafeString:
    """Return a time element such as "for 3 days", or "since 3 Nov 2026" if it is more than 14 days ago."""
    if moment is None:
        return SafeString("")
    passed = distance(timezone.now() - moment)
    day = format_date(timezone.localtime(moment), "j M Y")
    text = f"for {passed.removesuffix(' ago')}" if passed.endswith(" ago") else f"since {passed or day}"
    return _time(moment, text)


@register.filter
def moment(value: datetime | None) -> SafeString:
    return SafeString("") if value is None else _time(value, exact(value))


@register.filter
def clock(value: datetime | None) -> SafeString:
    """Return a time element with hours, minutes and seconds. The title is the exact time."""
    return SafeString("") if value is None else _time(value, format_date(timezone.localtime(value), "H:i:s"))


@register.filter
def duration(ms: float | None) -> str:
    """Format milliseconds, such as "120 ms", "1.2 s" or "2 min 5 s"."""
    if ms is None:
        return ""
    if ms < 1000:
        return f"{ms:.0f} ms"
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    return short_duration(round(ms / 1000))


@register.filter
def region(key: str) -> str:
    return region_name(key)


@register.filter
def path_of(url: str) -> str:
    """The URL without its scheme and host."""
    return "/" + url.split("://", 1)[-1].partition("/")[2] if "://" in url else url


@register.filter
def pretty(text: str) -> str:
    """Indent JSON; return any other text unchanged."""
    value, error = read_json(text)
    return text if error or value is None else json.dumps(value, indent=2, ensure_ascii=False)


def distance(passed: timedelta) -> str:
    """Return a relative time such as "3 minutes ago", or "" if it is more than 14 days ago."""
    if passed < timedelta(seconds=5):
        return "just now"
    return f"{duration_in_words(passed)} ago" if passed < timedelta(days=14) else ""


def exact(value: datetime) -> str:
    return format_date(timezone.localtime(value), "j M Y, H:i:s T")


def _time(value: datetime, text: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(timespec="seconds"), exact(value), text
    )
