"""Badges for permissions and calls, and token facts in words."""

from django import template
from django.utils.safestring import SafeString

from diagnostics.engine.fixes import admin_notation
from diagnostics.orgs.permissions.calls import REASON_TEXTS, Access
from diagnostics.orgs.permissions.synced import PermissionState
from diagnostics.web.badges import badge

register = template.Library()

ACCESS_BADGES = {
    Access.YES: ("pass", "pass"),
    Access.CONDITION: ("warn", "warn"),
    Access.NO: ("skip", "skip"),
    Access.UNKNOWN: ("error", "error"),
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
def access_badge(access: Access) -> SafeString:
    return badge(*ACCESS_BADGES[access], REASON_TEXTS[access])


@register.simple_tag
def permission_badge(state: PermissionState) -> SafeString:
    return badge(*STATES[state])


@register.filter
def admin(permission: str) -> str:
    """A permission in menu notation, such as Conversation > Cobrowse > Add."""
    return admin_notation(permission)


@register.filter
def grant_type(value: str) -> str:
    """A grant type in words. An unknown one keeps the org's spelling."""
    return GRANT_TYPES.get(value.lower(), value)


@register.filter
def lifetime(seconds: int) -> str:
    """A duration in the largest unit that divides it, with days from two on: 86400 -> "24 hours", 5400 -> "90 minutes"."""
    for length, unit in UNITS:
        if seconds >= length and seconds % length == 0 and (unit != "day" or seconds >= 2 * length):
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"
