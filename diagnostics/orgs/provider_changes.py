"""Compares two synced versions of a provider."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from diagnostics.genesys.documents.deployment import DEPLOYMENT_SETTINGS, VERSION_SETTINGS
from diagnostics.genesys.fields import mapping
from diagnostics.orgs.sync.provider_documents import SyncedProvider, order_independent

APPEARED, VANISHED, RETURNED = "appeared", "vanished", "returned"
ENABLED, DISABLED, CHANGED = "enabled", "disabled", "changed"


@dataclass(frozen=True)
class ProviderChange:
    """A change of a provider. `before` and `after` are the values that the org returned."""

    kind: str
    setting: str = ""
    before: Any = None
    after: Any = None


def merged_with_previous(before: SyncedProvider, after: SyncedProvider) -> SyncedProvider:
    """Return the new version of the provider, completed with earlier settings that the org didn't return this time.

    A published version never changes, so earlier settings of the same version of the same configuration are current. Those
    of another version are the last known ones, and the provider stays marked as hidden.
    """
    draft = {"draft": before.settings["draft"]} if "draft" in before.settings else {}
    if not after.is_hidden:
        settings = {**draft, **after.settings}
    else:
        known = {name: before.settings[name] for name in VERSION_SETTINGS if name in before.settings}
        configuration = {
            **mapping(before.settings, "configuration"),
            **mapping(after.settings, "configuration"),
        }
        settings = {**draft, **known, **after.settings, "configuration": configuration}
    return replace(
        after,
        settings=settings,
        is_hidden=after.is_hidden and not _is_same_version(before, after),
        draft_is_newer=before.draft_is_newer,
    )


def _is_same_version(before: SyncedProvider, after: SyncedProvider) -> bool:
    ids = [mapping(provider.settings, "configuration").get("id", "") for provider in (before, after)]
    is_same = bool(ids[0]) and ids[0] == ids[1] and bool(after.version) and before.version == after.version
    return is_same and not before.is_hidden


def provider_changes(before: SyncedProvider, after: SyncedProvider) -> Iterator[ProviderChange]:
    """Compare two versions. Only settings that both have are compared."""
    for name in ("name", "status"):
        if getattr(before, name) != getattr(after, name):
            yield ProviderChange(CHANGED, name, getattr(before, name), getattr(after, name))
    yield from _version_changes(before, after)
    for name in (*VERSION_SETTINGS, *DEPLOYMENT_SETTINGS):
        if name in before.settings and name in after.settings:
            yield from _setting_changes(name, before.settings[name], after.settings[name])


def _version_changes(before: SyncedProvider, after: SyncedProvider) -> Iterator[ProviderChange]:
    one, other = (mapping(provider.settings, "configuration") for provider in (before, after))
    if one.get("id") and other.get("id") and one["id"] != other["id"]:
        yield ProviderChange(CHANGED, "configuration", one.get("name") or one["id"], other.get("name") or other["id"])
    elif before.version and after.version and before.version != after.version:
        yield ProviderChange(CHANGED, "version", before.version, after.version)


def _setting_changes(name: str, before: Any, after: Any) -> Iterator[ProviderChange]:
    if order_independent(before) == order_independent(after) or before is None or after is None:
        return
    if name == "enabled":
        yield ProviderChange(ENABLED if after else DISABLED, name, before, after)
    else:
        yield ProviderChange(CHANGED, name, before, after)


def draft_changes(before: SyncedProvider, after: SyncedProvider) -> Iterator[ProviderChange]:
    """Report a draft that became newer than the published version, or was published."""
    if before.draft_is_newer is not None and after.draft_is_newer is not None:
        yield from _setting_changes("draft", before.draft_is_newer, after.draft_is_newer)
