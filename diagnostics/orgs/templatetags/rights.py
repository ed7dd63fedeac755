"""Permissions and calls as word and shape: what is held, what may be called, and what could not be told."""

from django import template
from django.utils.safestring import SafeString

from diagnostics.engine.fixes import admin_notation
from diagnostics.orgs.permissions.calls import REASON_TEXTS, May
from diagnostics.orgs.permissions.synced import PermissionState
from diagnostics.runs.templatetags.outcomes import badge

register = template.Library()

MAY = {
    May.YES: ("pass", "pass"),
    May.CONDITION: ("warn", "warn"),
    May.NO: ("skip", "skip"),
    May.UNKNOWN: ("error", "error"),
}
STATES = {
    PermissionState.HELD: ("pass", "pass", "Held"),
    PermissionState.CONDITION: ("warn", "warn", "Held under a condition"),
    PermissionState.LACKING: ("warn", "warn", "Not in its roles"),
    PermissionState.UNLICENSED: ("fail", "fail", "Not licensed"),
    PermissionState.HIDDEN: ("error", "error", "Not shown"),
    PermissionState.UNREAD: ("error", "error", "Not read"),
}
GRANT_TYPES = {
    "client-credentials": "Client credentials",
    "client_credentials": "Client credentials",
    "code": "Authorization code: a user's token",
    "token": "Implicit: a user's token",
    "saml2-bearer": "SAML2 bearer: a user's token",
    "password": "Password: a user's token",
}
UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


@register.simple_tag
def may_badge(may: May) -> SafeString:
    return badge(*MAY[may], REASON_TEXTS[may])


@register.simple_tag
def holds_badge(state: PermissionState) -> SafeString:
    return badge(*STATES[state])


@register.filter
def admin(permission: str) -> str:
    """Conversation > Cobrowse > Add, as the admin pages show it."""
    return admin_notation(permission)


@register.filter
def grant_type(value: str) -> str:
    """In words, where it is one that is known; else as the org says it."""
    return GRANT_TYPES.get(value.lower(), value)


@register.filter
def lifetime(seconds: int) -> str:
    """86400 -> "24 hours", 5400 -> "90 minutes": the largest unit that comes out even, days only from two on."""
    for length, unit in UNITS:
        if seconds >= length and seconds % length == 0 and (unit != "day" or seconds >= 2 * length):
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"
