"""The navigation: where one can go, and where the reader is."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@dataclass(frozen=True)
class Place:
    """`name` is the address's name, `word` what the link says; `needs` the property of a person without which it is not
    shown."""

    name: str
    word: str
    needs: str = ""


PLACES = (
    Place("home", "Home"),
    Place("start", "Diagnose", needs="may_run"),
    Place("runs", "Runs"),
    Place("findings", "Findings"),
    Place("providers", "Providers"),
    Place("clients", "Clients"),
)
MORE = (
    Place("schedules", "Schedules"),
    Place("comparison", "Compare two runs"),
    Place("org-changes", "Changes in the orgs"),
    Place("touches", "What it touches"),
    Place("rejudge", "Re-judge old runs"),
    Place("incidents", "Incidents and alerts"),
    Place("retention", "Retention"),
    Place("checks", "Checks"),
    Place("claims", "Claims"),
    Place("contract", "Contract"),
    Place("api-guide", "API"),
    Place("api-tokens", "API tokens"),
    Place("users", "Users", needs="is_admin"),
    Place("system", "State of the system", needs="is_admin"),
    Place("audit", "Audit log", needs="may_audit"),
)


@register.simple_tag(takes_context=True)
def places(context: template.Context) -> SafeString:
    """The links of the first row."""
    return format_html_join("\n", "{}", ((_link(*each),) for each in _shown(context, PLACES)))


@register.inclusion_tag("parts/_more.html", takes_context=True)
def more_places(context: template.Context) -> dict[str, Any]:
    """The menu of the places that are needed less often, open nowhere by itself."""
    shown = _shown(context, MORE)
    return {"links": [_link(*each) for each in shown], "is_here": any(is_here for _, _, is_here in shown)}


def _shown(context: template.Context, among: tuple[Place, ...]) -> list[tuple[str, str, bool]]:
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
