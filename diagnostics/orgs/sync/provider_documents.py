"""The stored form of providers: of a gateway, and of web deployments with their published cobrowse settings."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from diagnostics.genesys.documents.deployment import (
    VERSION_SETTINGS,
    Deployment,
    cobrowse_settings,
    parse_cobrowse_settings,
)
from diagnostics.genesys.documents.gateway_providers import GatewayProvider
from diagnostics.genesys.fields import boolean, identifier, mapping, moment, text

GATEWAY, DEPLOYMENT = "gateway", "deployment"
ON, OFF, INACTIVE, UNKNOWN = "on", "off", "inactive", "unknown"


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


def from_deployment(deployment: Deployment) -> SyncedProvider:
    settings: dict[str, Any] = {
        "allowAllDomains": deployment.allows_all_domains,
        "allowedDomains": list(deployment.allowed_domains),
        "configuration": {"id": deployment.configuration_id, "name": deployment.configuration_name},
    }
    if deployment.cobrowse is not None:
        settings |= cobrowse_settings(deployment.cobrowse)
        settings["configuration"]["published"] = deployment.published
    return SyncedProvider(
        DEPLOYMENT,
        deployment.id,
        deployment.name,
        deployment.status,
        deployment.version,
        settings,
        is_hidden=deployment.cobrowse is None,
    )


def with_version(provider: SyncedProvider, version: Any) -> SyncedProvider:
    """Add the cobrowse settings of the published configuration version, if the response has them."""
    deployment = Deployment(provider.ref, provider.name, provider.status, version=provider.version).with_version(
        version
    )
    if deployment.cobrowse is None:
        return provider
    configuration = {**mapping(provider.settings, "configuration"), "published": deployment.published}
    settings = {**provider.settings, **cobrowse_settings(deployment.cobrowse), "configuration": configuration}
    return replace(provider, settings=settings, version=deployment.version, is_hidden=False)


def from_gateway_provider(provider: GatewayProvider) -> SyncedProvider:
    return SyncedProvider(GATEWAY, provider.id, provider.name, settings={"enabled": provider.enabled})


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
