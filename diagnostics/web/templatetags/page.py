"""What every page shows: the times, the versions in force."""

import json
from datetime import datetime, timedelta

from django import template
from django.conf import settings
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from diagnostics.engine.verdict import ENGINE_VERSION
from diagnostics.genesys.contract import bundled
from diagnostics.parsing.call import read_json
from diagnostics.product import version
from diagnostics.web.format import duration_in_words, short_duration
from diagnostics.web.regions import region_name

register = template.Library()


@register.simple_tag
def product_line() -> str:
    return f"Cobrowse Doctor {version()}, engine {ENGINE_VERSION}"


@register.simple_tag
def contract_line() -> str:
    contract = bundled()
    return f"API contract {contract.version} of {contract.date}"


@register.simple_tag
def single_sign_on() -> str:
    """The provider's name; "" without one."""
    return settings.OIDC_NAME if settings.OIDC else ""


@register.filter
def ago(moment: datetime | None) -> SafeString:
    """A time element: near moments as a distance, far ones as a date, the exact moment on hover."""
    if moment is None:
        return SafeString("")
    return _time(moment, distance(timezone.now() - moment) or format_date(timezone.localtime(moment), "j M Y"))


@register.filter
def lasting(moment: datetime | None) -> SafeString:
    """How long something has been as it is: "for 3 days", and "since" a date where that says more."""
    if moment is None:
        return SafeString("")
    passed = distance(timezone.now() - moment)
    day = format_date(timezone.localtime(moment), "j M Y")
    return _time(moment, f"for {passed.removesuffix(' ago')}" if passed.endswith(" ago") else f"since {passed or day}")


@register.filter
def moment(value: datetime | None) -> SafeString:
    return SafeString("") if value is None else _time(value, exact(value))


@register.filter
def clock(value: datetime | None) -> SafeString:
    """The hour of the same day; the exact moment on hover."""
    return SafeString("") if value is None else _time(value, format_date(timezone.localtime(value), "H:i:s"))


@register.filter
def duration(ms: float | None) -> str:
    """Milliseconds as a person reads them."""
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
def pretty(text: str) -> str:
    """JSON with its structure shown; anything else as it is."""
    value, trouble = read_json(text)
    return text if trouble or value is None else json.dumps(value, indent=2, ensure_ascii=False)


def distance(passed: timedelta) -> str:
    """For example "3 hours ago"; "" from two weeks on, when a date says more."""
    if passed < timedelta(seconds=5):
        return "just now"
    return f"{duration_in_words(passed)} ago" if passed < timedelta(days=14) else ""


def exact(value: datetime) -> str:
    return format_date(timezone.localtime(value), "j M Y, H:i:s T")


def _time(value: datetime, shown: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(timespec="seconds"), exact(value), shown
    )
