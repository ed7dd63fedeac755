"""The navigation: where one can go, and where the reader is."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@dataclass(frozen=True)
class MenuEntry:
    """`name` is the address's name, `word` what the link says; `needs` the property of a person without which it is not
    shown."""

    name: str
    word: str
    needs: str = ""


MENU = (
    MenuEntry("home", "Home"),
    MenuEntry("start", "Diagnose", needs="may_run"),
    MenuEntry("runs", "Runs"),
    MenuEntry("findings", "Findings"),
    MenuEntry("providers", "Providers"),
    MenuEntry("clients", "Clients"),
)
MORE = (
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
def places(context: template.Context) -> SafeString:
    """The links of the first row."""
    return format_html_join("\n", "{}", ((_link(*each),) for each in _shown(context, MENU)))


@register.inclusion_tag("parts/_more.html", takes_context=True)
def more_places(context: template.Context) -> dict[str, Any]:
    """The menu of the places that are needed less often, open nowhere by itself."""
    shown = _shown(context, MORE)
    return {"links": [_link(*each) for each in shown], "is_here": any(is_here for _, _, is_here in shown)}


def _shown(context: template.Context, among: tuple[MenuEntry, ...]) -> list[tuple[str, str, bool]]:
    """Address, word and whether the reader is there."""
    user, request = context.get("user"), context.get("request")
    path = request.path if request else ""
    shown = []
    for place in among:
        if not place.needs or getattr(user, place.needs, False):
            address = reverse(place.name)
            shown.append((address, place.word, path == address if address == "/" else path.startswith(address)))
    return shown


def _link(address: str, word: str, is_here: bool) -> SafeString:
    return format_html('<a href="{}"{}>{}</a>', address, SafeString(' aria-current="page"') if is_here else "", word)
