"""Providers, readings and changes as word and shape, and what an org set in words."""

from typing import Any

from django import template
from django.template.defaultfilters import truncatechars
from django.utils.safestring import SafeString

from diagnostics.checks.deployment_offer import CHANNELS
from diagnostics.orgs.models import ConfigurationSync, OrgChange, Provider
from diagnostics.orgs.queries.id_matches import Word
from diagnostics.runs.templatetags.outcomes import badge

register = template.Library()

STATES = {
    Provider.State.ON: ("pass", "pass"),
    Provider.State.OFF: ("fail", "fail"),
    Provider.State.INACTIVE: ("skip", "skip"),
    Provider.State.UNKNOWN: ("error", "error"),
}
READINGS = {
    ConfigurationSync.State.QUEUED: ("queued", "skip"),
    ConfigurationSync.State.READING: ("running", "accent"),
    ConfigurationSync.State.WAITING: ("interrupted", "warn"),
    ConfigurationSync.State.WHOLE: ("finished", "pass"),
    ConfigurationSync.State.PARTIAL: ("warn", "warn"),
    ConfigurationSync.State.FAILED: ("fail", "fail"),
}
KINDS = {
    OrgChange.Kind.APPEARED: ("plus", "accent"),
    OrgChange.Kind.VANISHED: ("skip", "warn"),
    OrgChange.Kind.RETURNED: ("again", "accent"),
    OrgChange.Kind.ENABLED: ("pass", "pass"),
    OrgChange.Kind.DISABLED: ("fail", "fail"),
    OrgChange.Kind.CHANGED: ("arrow", "skip"),
}
WORDS = {
    Word.EXACT: ("pass", "pass", "Exact"),
    Word.OFF: ("fail", "fail", "Exact, but off"),
    Word.OTHER_CASE: ("fail", "fail", "Other case"),
    Word.NAME: ("fail", "fail", "A name, not an id"),
    Word.NEAR: ("warn", "warn", "Near"),
    Word.GONE: ("fail", "fail", "Gone"),
    Word.NONE: ("fail", "fail", "None"),
    Word.UNREAD: ("error", "error", "Not read"),
    Word.UNKNOWN: ("error", "error", "Not known"),
    Word.NOT_TAKEN: ("skip", "skip", "Takes none"),
}
SETTINGS = {
    "enabled": "Co-browse",
    "channels": "Channels",
    "allowAgentControl": "Agent may ask for control",
    "allowAgentNavigation": "Agent may ask to navigate",
    "allowDraw": "Agent may draw",
    "maskSelectors": "Masked selectors",
    "readonlySelectors": "Read-only selectors",
    "pauseCriteria": "Pause rules",
    "allowAllDomains": "All domains allowed",
    "allowedDomains": "Allowed domains",
    "configuration": "Configuration",
    "version": "Version",
    "draft": "Draft newer than live",
    "status": "Status",
    "name": "Name",
    "scopes": "Scopes",
    "token_seconds": "Token life, seconds",
    "grant_type": "Grant type",
    "standing": "Standing",
}
SWITCHED = {"enabled"}
LONGEST_VALUE = 400


@register.simple_tag
def provider_badge(provider: Provider) -> SafeString:
    """What it would offer; one that is gone says so first."""
    if provider.gone_at is not None:
        return badge("retired", "skip", "Gone")
    if provider.source == Provider.Source.SEEN:
        return badge("finished", "skip", "Seen")
    shape, tone = STATES[Provider.State(provider.state)]
    word = provider.get_state_display()
    if provider.source == Provider.Source.GATEWAY:
        word = {Provider.State.ON: "Enabled", Provider.State.OFF: "Not enabled"}.get(
            Provider.State(provider.state), word
        )
    return badge(shape, tone, word)


@register.simple_tag
def reading_badge(snapshot: ConfigurationSync) -> SafeString:
    shape, tone = READINGS[ConfigurationSync.State(snapshot.state)]
    return badge(shape, tone, snapshot.get_state_display())


@register.simple_tag
def kind_badge(change: OrgChange) -> SafeString:
    shape, tone = KINDS[OrgChange.Kind(change.kind)]
    return badge(shape, tone, change.get_kind_display())


@register.simple_tag
def match_badge(word: Word) -> SafeString:
    return badge(*WORDS[word])


@register.simple_tag
def match_count(word: Word, count: int) -> SafeString:
    shape, tone, text = WORDS[word]
    return badge(shape, tone, f"{count} {text[0].lower()}{text[1:]}", chip=True)


@register.filter
def channel_names(listed: list[str]) -> str:
    """By the words of the product; one that we do not know as the org spells it."""
    return ", ".join(CHANNELS.get(each, each) for each in listed)


@register.filter
def setting_title(name: str) -> str:
    return SETTINGS.get(name, name)


@register.filter
def setting_value(value: Any, name: str = "") -> str:
    """What an org set, in words; "" where nothing was told."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return ("on" if value else "off") if name in SWITCHED else ("yes" if value else "no")
    if name == "channels" and isinstance(value, list):
        return channel_names([str(each) for each in value]) or "none"
    if isinstance(value, list):
        return truncatechars(", ".join(setting_value(each) for each in value), LONGEST_VALUE) or "none"
    if isinstance(value, dict):
        return truncatechars(_object(value), LONGEST_VALUE)
    return truncatechars(str(value), LONGEST_VALUE)


def _object(value: dict[str, Any]) -> str:
    if value.keys() == {"urlFragment", "condition"}:
        return f"{value['condition']} {value['urlFragment']!r}"
    return ", ".join(f"{name}: {setting_value(each)}" for name, each in value.items() if each not in (None, ""))
