"""Badges for providers, syncs and changes, and org settings in words."""

from typing import Any

from django import template
from django.template.defaultfilters import truncatechars
from django.utils.safestring import SafeString

from diagnostics.checks.deployment_offer import CHANNELS
from diagnostics.orgs.models import ConfigurationSync, OrgChange, Provider
from diagnostics.orgs.queries.id_matches import MatchKind
from diagnostics.web.badges import badge

register = template.Library()

STATES: dict[str, tuple[str, str]] = {
    Provider.State.ON: ("pass", "pass"),
    Provider.State.OFF: ("fail", "fail"),
    Provider.State.INACTIVE: ("skip", "skip"),
    Provider.State.UNKNOWN: ("error", "error"),
}
SYNC_STATES: dict[str, tuple[str, str]] = {
    ConfigurationSync.State.QUEUED: ("queued", "skip"),
    ConfigurationSync.State.READING: ("running", "accent"),
    ConfigurationSync.State.WAITING: ("interrupted", "warn"),
    ConfigurationSync.State.COMPLETE: ("finished", "pass"),
    ConfigurationSync.State.PARTIAL: ("warn", "warn"),
    ConfigurationSync.State.FAILED: ("fail", "fail"),
}
KINDS: dict[str, tuple[str, str]] = {
    OrgChange.Kind.APPEARED: ("plus", "accent"),
    OrgChange.Kind.VANISHED: ("skip", "warn"),
    OrgChange.Kind.RETURNED: ("again", "accent"),
    OrgChange.Kind.ENABLED: ("pass", "pass"),
    OrgChange.Kind.DISABLED: ("fail", "fail"),
    OrgChange.Kind.CHANGED: ("arrow", "skip"),
}
MATCH_BADGES = {
    MatchKind.EXACT: ("pass", "pass", "Exact"),
    MatchKind.OFF: ("fail", "fail", "Exact, but off"),
    MatchKind.OTHER_CASE: ("fail", "fail", "Different case"),
    MatchKind.NAME: ("fail", "fail", "A name, not an ID"),
    MatchKind.NEAR: ("warn", "warn", "Similar"),
    MatchKind.GONE: ("fail", "fail", "Removed"),
    MatchKind.NONE: ("fail", "fail", "No match"),
    MatchKind.UNREAD: ("error", "error", "Not synced"),
    MatchKind.UNKNOWN: ("error", "error", "Unknown"),
    MatchKind.NOT_USED: ("skip", "skip", "No providerId"),
}
SETTINGS = {
    "enabled": "Cobrowse",
    "channels": "Channels",
    "allowAgentControl": "Agent can request control",
    "allowAgentNavigation": "Agent can request navigation",
    "allowDraw": "Agent can draw",
    "maskSelectors": "Masked selectors",
    "readonlySelectors": "Read-only selectors",
    "pauseCriteria": "Pause rules",
    "allowAllDomains": "All domains allowed",
    "allowedDomains": "Allowed domains",
    "configuration": "Configuration",
    "version": "Version",
    "draft": "Unpublished draft",
    "status": "Status",
    "name": "Name",
    "scopes": "Scopes",
    "token_seconds": "Token lifetime (seconds)",
    "grant_type": "Grant type",
}
PARTS = {
    "rights": "Permissions",
    "gateway": "Provider gateway",
    "deployments": "Web deployments",
    "settings": "Published settings",
    "drafts": "Drafts",
}
ON_OFF_SETTINGS = {"enabled"}
LONGEST_VALUE = 400


@register.simple_tag
def provider_badge(provider: Provider) -> SafeString:
    """The provider's state, or that it was removed."""
    if provider.removed_at is not None:
        return badge("retired", "skip", "Removed")
    if provider.source == Provider.Source.ON_CONVERSATION:
        return badge("finished", "skip", "Seen")
    text = provider.get_state_display()
    if provider.source == Provider.Source.GATEWAY:
        text = {"on": "Enabled", "off": "Not enabled"}.get(provider.state, text)
    return badge(*STATES[provider.state], text)


@register.simple_tag
def sync_badge(snapshot: ConfigurationSync) -> SafeString:
    return badge(*SYNC_STATES[snapshot.state], snapshot.get_state_display())


@register.simple_tag
def kind_badge(change: OrgChange) -> SafeString:
    return badge(*KINDS[change.kind], change.get_kind_display())


@register.simple_tag
def match_badge(kind: MatchKind) -> SafeString:
    return badge(*MATCH_BADGES[kind])


@register.simple_tag
def match_count(kind: MatchKind, count: int) -> SafeString:
    icon_name, tone, text = MATCH_BADGES[kind]
    return badge(icon_name, tone, f"{count} {text[0].lower()}{text[1:]}", chip=True)


@register.filter
def channel_names(channels: list[str]) -> str:
    """Names of channels. An unknown channel keeps the org's spelling."""
    return ", ".join(CHANNELS.get(channel, channel) for channel in channels)


@register.filter
def part_title(part: str) -> str:
    """The title of a part of a sync. An unknown part keeps its name."""
    return PARTS.get(part, part.capitalize())


@register.filter
def setting_title(name: str) -> str:
    return SETTINGS.get(name, name)


@register.filter
def setting_value(value: Any, name: str = "") -> str:
    """The value of an org setting in words, or "" if it is missing."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return ("on" if value else "off") if name in ON_OFF_SETTINGS else ("yes" if value else "no")
    if name == "channels" and isinstance(value, list):
        return channel_names([str(channel) for channel in value]) or "none"
    if isinstance(value, list):
        return truncatechars(", ".join(setting_value(item) for item in value), LONGEST_VALUE) or "none"
    if isinstance(value, dict):
        return truncatechars(_object(value), LONGEST_VALUE)
    return truncatechars(str(value), LONGEST_VALUE)


def _object(value: dict[str, Any]) -> str:
    if value.keys() == {"urlFragment", "condition"}:
        return f"{value['condition']} {value['urlFragment']!r}"
    return ", ".join(f"{name}: {setting_value(item)}" for name, item in value.items() if item not in (None, ""))
