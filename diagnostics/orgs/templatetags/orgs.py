"""The tabs and links of orgs."""

from typing import Any

from django import template
from django.urls import reverse

from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.orgs import Org, org_of
from diagnostics.web.filters import QueryForm

register = template.Library()

TABS = {
    "org": "Clients",
    "org-providers": "Providers",
    "org-permissions": "Permissions",
    "org-changes": "Changes",
    "org-impact": "Impact",
}


@register.inclusion_tag("parts/_tabs.html", takes_context=True)
def org_tabs(context: template.Context, org: Org) -> dict[str, Any]:
    path = context["request"].path
    links = [(reverse(name, args=[org.key]), label) for name, label in TABS.items()]
    return {"tabs": [(url, label, path == url) for url, label in links], "tabs_label": "Org"}


@register.filter
def org_url(client: OAuthClient) -> str:
    """The page of the client's org."""
    return reverse("org", args=[org_of(client).key])


@register.filter
def org_key(client: OAuthClient) -> str:
    return org_of(client).key


@register.filter
def query_string(form: QueryForm, without: str) -> str:
    return form.query_string(without)
