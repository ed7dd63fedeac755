"""The navigation: five sections, the settings, and the tabs of a section."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

Link = tuple[str, str, bool]  # URL, label, whether it is the current page


@dataclass(frozen=True)
class MenuEntry:
    """`names` are URL names, of which the first that exists is linked. `prefixes` are further addresses that belong to it.

    `needs` is the property that a user needs to see the entry, "" for everybody.
    """

    label: str
    names: tuple[str, ...]
    prefixes: tuple[str, ...] = ()
    needs: str = ""

    @property
    def address(self) -> str:
        for name in self.names:
            try:
                return reverse(name)
            except NoReverseMatch:
                continue
        raise LookupError(self.names)

    def is_for(self, user: Any) -> bool:
        return not self.needs or getattr(user, self.needs, False)

    def contains(self, path: str) -> bool:
        return path == self.address or path.startswith(
            tuple(each for each in (self.address, *self.prefixes) if each != "/")
        )


MENU = (
    MenuEntry("Diagnose", ("home",), ("/diagnose/", "/start/", "/claims/")),
    MenuEntry("Issues", ("issues",), ()),
    MenuEntry("Orgs", ("orgs",), ("/clients/", "/providers/", "/changes/", "/impact/")),
    MenuEntry("Runs", ("runs",), ("/compare/", "/batches/")),
    MenuEntry("Monitoring", ("schedules",), ("/monitoring/",)),
)
SECTION_TABS = {
    "Monitoring": (
        MenuEntry("Schedules", ("schedules",)),
        MenuEntry("Alert rules", ("alert-rules",), needs="is_admin"),
        MenuEntry("Channels", ("channels",), needs="is_admin"),
        MenuEntry("Deliveries", ("deliveries",)),
    ),
    "Reference": (
        MenuEntry("Causes", ("causes",), ("/reference/why-404",)),
        MenuEntry("Checks", ("checks",)),
        MenuEntry("Accuracy", ("accuracy",)),
        MenuEntry("API reference", ("contract",)),
        MenuEntry("API for programs", ("api-guide",)),
    ),
    "Settings": (
        MenuEntry("Users", ("users",), needs="is_admin"),
        MenuEntry("Audit log", ("audit",), needs="may_audit"),
        MenuEntry("Retention", ("retention",)),
        MenuEntry("API tokens", ("api-tokens",)),
        MenuEntry("System", ("system",), needs="is_admin"),
    ),
}


@register.inclusion_tag("parts/_menu.html", takes_context=True)
def menu(context: template.Context) -> dict[str, Any]:
    return {"links": _links(context, MENU)}


@register.inclusion_tag("parts/_tabs.html", takes_context=True)
def section_tabs(context: template.Context, section: str) -> dict[str, Any]:
    """The tabs of a section of SECTION_TABS. A page with other tabs includes parts/_tabs.html itself."""
    return {"tabs": _links(context, SECTION_TABS[section]), "tabs_label": section}


@register.simple_tag(takes_context=True)
def settings_link(context: template.Context) -> Link:
    """The first page of the settings that the user may see."""
    links = _links(context, SECTION_TABS["Settings"])
    return links[0][0], "Settings", any(is_current for _, _, is_current in links)


@register.simple_tag(takes_context=True)
def reference_links(context: template.Context) -> list[Link]:
    return _links(context, SECTION_TABS["Reference"])


@register.simple_block_tag
def page_head(content: str, heading: str, lead: str = "") -> SafeString:
    """The head of a page: its heading and, as content, one primary button and {% more_actions %} for the rest."""
    return format_html(
        '<div class="head"><div><h1>{}</h1>{}</div><div class="acts">{}</div></div>',
        heading,
        format_html('<p class="lead">{}</p>', lead) if lead else "",
        content,
    )


@register.simple_block_tag
def more_actions(content: str, label: str = "More", of: str = "") -> SafeString:
    """A menu of links and small forms, for actions that are not the primary one of the page, or of the row named `of`."""
    hidden = format_html('<span class="visually-hidden"> for {}</span>', of) if of else ""
    return format_html(
        '<details class="menu actions" name="menu"><summary class="button{}">{}{}</summary>'
        '<div class="menu-box">{}</div></details>',
        " small" if of else "",
        label,
        hidden,
        content,
    )


def _links(context: template.Context, entries: tuple[MenuEntry, ...]) -> list[Link]:
    user, request = context.get("user"), context.get("request")
    path = request.path if request else ""
    return [(entry.address, entry.label, entry.contains(path)) for entry in entries if entry.is_for(user)]
