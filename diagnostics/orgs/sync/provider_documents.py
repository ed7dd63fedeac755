"""Providers as an org tells them: a gateway's list, and web deployments with the settings of the version in use."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from diagnostics.genesys.fields import boolean, identifier, mapping, mappings, moment, text, texts

GATEWAY, DEPLOYMENT = "gateway", "deployment"
ON, OFF, INACTIVE, UNKNOWN = "on", "off", "inactive", "unknown"
SWITCHES = ("allowAgentControl", "allowAgentNavigation", "allowDraw")
SELECTORS = ("maskSelectors", "readonlySelectors")
# What a configuration's version says of cobrowse, by the names of the API.
OF_VERSION = ("enabled", "channels", *SWITCHES, *SELECTORS, "pauseCriteria")
OF_DEPLOYMENT = ("allowAllDomains", "allowedDomains")
MOST_LISTED, LONGEST_WORD = 100, 300


@dataclass(frozen=True)
class SyncedProvider:
    """One provider as one reading tells it. `is_hidden` where the answer left its cobrowse settings out."""

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
        """An inactive deployment offers nothing, whatever its settings say."""
        if self.source == DEPLOYMENT and self.status and self.status.lower() != "active":
            return INACTIVE
        enabled = self.settings.get("enabled")
        return UNKNOWN if self.is_hidden or boolean(enabled) is None else ON if enabled else OFF

    @property
    def channels(self) -> list[str]:
        return list(self.settings.get("channels", []))

    def redacted(self, clean: Callable[[str], str]) -> "SyncedProvider":
        """As it may be stored: each text has passed `clean`; the names of the settings are ours."""
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
    """None for what is no deployment, or has no id that could be kept."""
    ref = identifier(entry, "id")
    if not ref:
        return None
    configuration = mapping(entry, "configuration")
    told = SyncedProvider(
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
    return with_version(told, configuration)


def with_version(told: SyncedProvider, version: Any) -> SyncedProvider:
    """With the settings of the configuration's version in use; unchanged where that does not show them."""
    shown = cobrowse_in(version)
    if shown is None:
        return told
    published = text(version, "datePublished", limit=40)
    configuration = {**mapping(told.settings, "configuration"), "published": published}
    number = text(version, "version", limit=40) or told.version
    settings = {**told.settings, **shown, "configuration": configuration}
    return replace(told, settings=settings, version=number, is_hidden=False)


def cobrowse_in(version: Any) -> dict[str, Any] | None:
    """The cobrowse settings of a configuration's version; None where it does not tell whether cobrowse is on."""
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
                "urlFragment": text(each, "urlFragment", limit=LONGEST_WORD),
                "condition": text(each, "condition", limit=40),
            }
            for each in mappings(cobrowse, "pauseCriteria")[:MOST_LISTED]
        ],
    }


def _listed(value: Any, name: str, most: int, length: int) -> list[str]:
    """The texts of a list, in its order, each once."""
    return list(dict.fromkeys(texts(value, name, limit=length)))[:most]


def parse_gateway_provider(ref: str, name: str, enabled: bool | None) -> SyncedProvider | None:
    """None where the id could not be kept as it is."""
    return SyncedProvider(GATEWAY, ref, name, settings={"enabled": enabled}) if identifier(ref) else None


@dataclass(frozen=True)
class ConfigurationDraft:
    """A configuration's draft: what it would say of cobrowse once published. `cobrowse` is None where it is not shown."""

    configuration: str
    modified: str
    cobrowse: dict[str, Any] | None


def parse_draft(entry: Any) -> ConfigurationDraft | None:
    ref = identifier(entry, "id")
    return ConfigurationDraft(ref, text(entry, "dateModified", limit=40), cobrowse_in(entry)) if ref else None


def with_draft(told: SyncedProvider, draft: ConfigurationDraft) -> SyncedProvider:
    """Whether the draft says something that is not in use: by its settings, else by the dates; None if neither tells."""
    live = {name: told.settings[name] for name in OF_VERSION if name in told.settings}
    shown = draft.cobrowse if draft.cobrowse is not None and not told.is_hidden and live else None
    different = [
        name for name in OF_VERSION if shown is not None and without_order(shown[name]) != without_order(live.get(name))
    ]
    later = _is_later(draft.modified, mapping(told.settings, "configuration").get("published", ""))
    newer = True if different else later if later is not None else False if shown is not None else None
    settings = {**told.settings, "draft": {"date_modified": draft.modified or None, "different": different}}
    return replace(told, settings=settings, draft_is_newer=newer)


def _is_later(one: str, other: str) -> bool | None:
    """None where one of them is no time."""
    first, second = moment(one), moment(other)
    return first > second if first is not None and second is not None else None


def without_order(value: Any) -> Any:
    """A value by which two settings are compared: the order of a list, and of an object's fields, means nothing."""
    return sorted(json.dumps(each, sort_keys=True) for each in value) if isinstance(value, list) else value
