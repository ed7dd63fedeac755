"""The navigation menu."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@dataclass(frozen=True)
class MenuEntry:
    """`name` is a URL name. `needs` is the property that a user needs to see the entry, "" for everybody."""

    name: str
    label: str
    needs: str = ""


MENU = (
    MenuEntry("home", "Home"),
    MenuEntry("start", "Diagnose", needs="may_run"),
    MenuEntry("runs", "Runs"),
    MenuEntry("findings", "Findings"),
    MenuEntry("providers", "Providers"),
    MenuEntry("clients", "Clients"),
)
MORE_MENU = (
    MenuEntry("schedules", "Schedules"),
    MenuEntry("comparison", "Compare two runs"),
    MenuEntry("org-changes", "Changes in the orgs"),
    MenuEntry("touches", "What it touches"),
    MenuEntry("rejudge", "Re-judge old runs"),
    MenuEntry("incidents", "Incidents and alerts"),
    MenuEntry("retention", "Retention"),
    MenuEntry("checks", "Checks"),
    MenuEntry("claims", "Claims"),
    MenuEntry("contract", "Contract"),
    MenuEntry("api-guide", "API"),
    MenuEntry("api-tokens", "API tokens"),
    MenuEntry("users", "Users", needs="is_admin"),
    MenuEntry("system", "State of the system", needs="is_admin"),
    MenuEntry("audit", "Audit log", needs="may_audit"),
)


@register.simple_tag(takes_context=True)
def menu(context: template.Context) -> SafeString:
    return format_html_join("\n", "{}", ((_link(*link),) for link in _links(context, MENU)))


@register.inclusion_tag("parts/_more.html", takes_context=True)
def more_menu(context: template.Context) -> dict[str, Any]:
    shown = _links(context, MORE_MENU)
    return {"links": [_link(*link) for link in shown], "is_current": any(is_current for _, _, is_current in shown)}


def _links(context: template.Context, entries: tuple[MenuEntry, ...]) -> list[tuple[str, str, bool]]:
    """URL, label, and whether the current page belongs to it, for each entry that the user may see."""
    user, request = context.get("user"), context.get("request")
    path = request.path if request else ""
    shown = []
    for entry in entries:
        if not entry.needs or getattr(user, entry.needs, False):
            address = reverse(entry.name)
            shown.append((address, entry.label, path == address if address == "/" else path.startswith(address)))
    return shown


def _link(address: str, label: str, is_current: bool) -> SafeString:
    return format_html(
        '<a href="{}"{}>{}</a>', address, SafeString(' aria-current="page"') if is_current else "", label
    )
