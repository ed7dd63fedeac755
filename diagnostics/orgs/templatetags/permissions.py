"""Badges for permissions and calls, and token facts in words."""

from django import template
from django.utils.safestring import SafeString

from diagnostics.engine.facts import STARTING
from diagnostics.engine.fixes import admin_notation
from diagnostics.orgs.permissions.calls import REASON_TEXTS, Access
from diagnostics.orgs.permissions.synced import PermissionState
from diagnostics.web.badges import badge
from diagnostics.web.format import whole_duration

register = template.Library()
register.filter("admin", admin_notation)
register.filter("lifetime", whole_duration)

ACCESS_BADGES = {
    Access.YES: ("pass", "pass"),
    Access.CONDITION: ("warn", "warn"),
    Access.NO: ("skip", "skip"),
    Access.UNKNOWN: ("error", "error"),
}
STATES = {
    PermissionState.HELD: ("pass", "pass", "Allowed"),
    PermissionState.CONDITION: ("warn", "warn", "Allowed under a condition"),
    PermissionState.LACKING: ("warn", "warn", "Denied"),
    PermissionState.UNLICENSED: ("fail", "fail", "Denied: not licensed"),
    PermissionState.HIDDEN: ("error", "error", "Unknown"),
    PermissionState.UNREAD: ("error", "error", "Unknown"),
}
GRANT_TYPES = {
    "client-credentials": "Client credentials",
    "client_credentials": "Client credentials",
    "code": "Authorization code: a user's token",
    "token": "Implicit: a user's token",
    "saml2-bearer": "SAML2 bearer: a user's token",
    "password": "Password: a user's token",
}
STARTED_MEDIA = dict(zip(STARTING, ("Web messaging", "Voice"), strict=True))


@register.simple_tag
def access_badge(access: Access) -> SafeString:
    return badge(*ACCESS_BADGES[access], REASON_TEXTS[access])


@register.simple_tag
def permission_badge(state: PermissionState) -> SafeString:
    return badge(*STATES[state])


@register.filter
def grant_type(value: str) -> str:
    """A grant type in words. An unknown one keeps the org's spelling."""
    return GRANT_TYPES.get(value.lower(), value)


@register.filter
def medium(permission: str) -> str:
    """What the permission starts: "Web messaging" or "Voice"."""
    return STARTED_MEDIA.get(permission, permission)
