"""Template tags for entries of the audit log."""

import json
from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from diagnostics.accounts.models import AuditEntry
from diagnostics.operations.queries.audit import ORIGINS, describe_action

register = template.Library()
# URL names of the pages of audited models.
PAGES = {"oauthclient": "client", "run": "run", "issue": "issue"}
MAX_VALUE = 200


@dataclass(frozen=True)
class ChangeLine:
    """`before` or `after` is None if the entry doesn't record it."""

    field: str
    before: str | None
    after: str | None


@register.filter
def action_label(entry: AuditEntry) -> str:
    return describe_action(entry.action)


@register.filter
def origin_label(entry: AuditEntry) -> str:
    return ORIGINS.get(entry.by, entry.by)


@register.simple_tag
def subject_link(entry: AuditEntry) -> SafeString:
    page = PAGES.get(entry.thing)
    if page is None or not entry.thing_id.isdigit():
        return format_html("{}", entry.name)
    return format_html('<a href="{}">{}</a>', reverse(page, args=[entry.thing_id]), entry.name or entry.thing_id)


@register.simple_tag
def client_of(entry: AuditEntry, client_names: dict[int, str]) -> SafeString:
    """A link to the client that the entry is about, unless its name is in the entry's name."""
    name = client_names.get(entry.client_id or 0, "")
    if not name or entry.thing == "oauthclient" or name in entry.name:
        return SafeString("")
    return format_html('<a class="sub" href="{}">{}</a>', reverse("client", args=[entry.client_id]), name)


@register.filter
def difference(entry: AuditEntry) -> list[ChangeLine]:
    before, after = entry.before or {}, entry.after or {}
    return [
        ChangeLine(
            str(field).replace("_", " "),
            _shown(before.get(field)) if entry.before is not None else None,
            _shown(after.get(field)) if entry.after is not None else None,
        )
        for field in {**before, **after}
    ]


def _shown(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        value = ", ".join(map(str, value))
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"
