"""Parses providers in API responses: gateway lists, and web deployments with their published cobrowse settings."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from diagnostics.genesys.fields import boolean, identifier, mapping, mappings, moment, text, texts

GATEWAY, DEPLOYMENT = "gateway", "deployment"
ON, OFF, INACTIVE, UNKNOWN = "on", "off", "inactive", "unknown"
SWITCHES = ("allowAgentControl", "allowAgentNavigation", "allowDraw")
SELECTORS = ("maskSelectors", "readonlySelectors")
# Cobrowse settings of a configuration version, by their API names.
VERSION_SETTINGS = ("enabled", "channels", *SWITCHES, *SELECTORS, "pauseCriteria")
DEPLOYMENT_SETTINGS = ("allowAllDomains", "allowedDomains")
MOST_LISTED, LONGEST_WORD = 100, 300


@dataclass(frozen=True)
class SyncedProvider:
    """A provider in one sync. `is_hidden` is true if the response lacks its cobrowse settings."""

    source: str
    ref: str
    name: str = ""
    status: str = ""
    version: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    is_hidden: bool = False
    draft_is_newer: bool | None = None

    @property
    def state(self) -> str:
        """The state. An inactive deployment offers no cobrowse, whatever its settings."""
        if self.source == DEPLOYMENT and self.status and self.status.lower() != "active":
            return INACTIVE
        enabled = self.settings.get("enabled")
        if self.is_hidden or boolean(enabled) is None:
            return UNKNOWN
        return ON if enabled else OFF

    @property
    def channels(self) -> list[str]:
        return list(self.settings.get("channels", []))

    def redacted(self, clean: Callable[[str], str]) -> "SyncedProvider":
        """Return a copy with every text passed through `clean`."""
        return replace(
            self,
            ref=clean(self.ref)[:200],
            name=clean(self.name)[:200],
            status=clean(self.status)[:40],
            version=clean(self.version)[:40],
            settings=_cleaned(self.settings, clean),
        )


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {name: _cleaned(item, clean) for name, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item, clean) for item in value]
    return clean(value) if isinstance(value, str) else value


def parse_deployment(entry: Any) -> SyncedProvider | None:
    """Parse a web deployment. Returns None if it has no usable ID."""
    ref = identifier(entry, "id")
    if not ref:
        return None
    configuration = mapping(entry, "configuration")
    provider = SyncedProvider(
        DEPLOYMENT,
        ref,
        text(entry, "name"),
        text(entry, "status", limit=40),
        text(configuration, "version", limit=40),
        {
            "allowAllDomains": boolean(entry, "allowAllDomains"),
            "allowedDomains": _listed(entry, "allowedDomains", MOST_LISTED, LONGEST_WORD),
            "configuration": {"id": text(configuration, "id"), "name": text(configuration, "name")},
        },
        is_hidden=True,
    )
    return with_version(provider, configuration)


def with_version(provider: SyncedProvider, version: Any) -> SyncedProvider:
    """Add the cobrowse settings of the published configuration version, if the response has them."""
    shown = parse_cobrowse_settings(version)
    if shown is None:
        return provider
    published = text(version, "datePublished", limit=40)
    configuration = {**mapping(provider.settings, "configuration"), "published": published}
    number = text(version, "version", limit=40) or provider.version
    settings = {**provider.settings, **shown, "configuration": configuration}
    return replace(provider, settings=settings, version=number, is_hidden=False)


def parse_cobrowse_settings(version: Any) -> dict[str, Any] | None:
    """Parse the cobrowse settings of a configuration version. Returns None if they lack `enabled`."""
    cobrowse = mapping(version, "cobrowse")
    if boolean(cobrowse, "enabled") is None:
        return None
    return {
        "enabled": cobrowse["enabled"],
        "channels": _listed(cobrowse, "channels", 20, 40),
        **{name: boolean(cobrowse, name) for name in SWITCHES},
        **{name: _listed(cobrowse, name, MOST_LISTED, LONGEST_WORD) for name in SELECTORS},
        "pauseCriteria": [
            {
                "urlFragment": text(criterion, "urlFragment", limit=LONGEST_WORD),
                "condition": text(criterion, "condition", limit=40),
            }
            for criterion in mappings(cobrowse, "pauseCriteria")[:MOST_LISTED]
        ],
    }


def _listed(value: Any, name: str, most: int, length: int) -> list[str]:
    """Return the distinct texts of a list, in order."""
    return list(dict.fromkeys(texts(value, name, limit=length)))[:most]


def parse_gateway_provider(ref: str, name: str, enabled: bool | None) -> SyncedProvider | None:
    """Parse a gateway provider. Returns None if its ID is unusable."""
    return SyncedProvider(GATEWAY, ref, name, settings={"enabled": enabled}) if identifier(ref) else None


@dataclass(frozen=True)
class ConfigurationDraft:
    """A configuration's draft and its cobrowse settings, which are None if the response lacks them."""

    configuration: str
    modified: str
    cobrowse: dict[str, Any] | None


def parse_draft(entry: Any) -> ConfigurationDraft | None:
    ref = identifier(entry, "id")
    return (
        ConfigurationDraft(ref, text(entry, "dateModified", limit=40), parse_cobrowse_settings(entry)) if ref else None
    )


def with_draft(provider: SyncedProvider, draft: ConfigurationDraft) -> SyncedProvider:
    """Set whether the draft is newer than the published version: by settings, else by dates, else None."""
    live = {name: provider.settings[name] for name in VERSION_SETTINGS if name in provider.settings}
    shown = draft.cobrowse if not provider.is_hidden and live else None
    different = [
        name
        for name in VERSION_SETTINGS
        if shown is not None and order_independent(shown[name]) != order_independent(live.get(name))
    ]
    later = _is_later(draft.modified, mapping(provider.settings, "configuration").get("published", ""))
    newer = later
    if different:
        newer = True
    elif later is None and shown is not None:
        newer = False
    settings = {**provider.settings, "draft": {"date_modified": draft.modified or None, "different": different}}
    return replace(provider, settings=settings, draft_is_newer=newer)


def _is_later(one: str, other: str) -> bool | None:
    """Return None if one of them isn't a time."""
    first, second = moment(one), moment(other)
    return first > second if first is not None and second is not None else None


def order_independent(value: Any) -> Any:
    """Return a value for comparison that doesn't depend on the order of a list or of an object's fields."""
    return sorted(json.dumps(item, sort_keys=True) for item in value) if isinstance(value, list) else value
