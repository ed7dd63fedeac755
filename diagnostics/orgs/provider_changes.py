"""Two readings of one provider in, what became different out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from diagnostics.genesys.fields import mapping
from diagnostics.orgs.sync.provider_documents import OF_DEPLOYMENT, OF_VERSION, SyncedProvider, without_order

APPEARED, VANISHED, RETURNED = "appeared", "vanished", "returned"
ENABLED, DISABLED, CHANGED = "enabled", "disabled", "changed"


@dataclass(frozen=True)
class ProviderChange:
    """What became different. `before` and `after` are as the org said them."""

    kind: str
    setting: str = ""
    before: Any = None
    after: Any = None


def carried_on(before: SyncedProvider, after: SyncedProvider) -> SyncedProvider:
    """What this reading tells, with what it left out and an earlier one had shown.

    A published version never changes, so the settings of the same version of the same configuration are still right.
    Those of another version are kept as the last ones known, and stay marked as hidden.
    """
    draft = {"draft": before.settings["draft"]} if "draft" in before.settings else {}
    if not after.is_hidden:
        settings = {**draft, **after.settings}
    else:
        known = {name: before.settings[name] for name in OF_VERSION if name in before.settings}
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
    ids = [mapping(each.settings, "configuration").get("id", "") for each in (before, after)]
    same = bool(ids[0]) and ids[0] == ids[1] and bool(after.version) and before.version == after.version
    return same and not before.is_hidden


def provider_changes(before: SyncedProvider, after: SyncedProvider) -> Iterator[ProviderChange]:
    """Only what both readings tell is compared: a setting that is not shown has not changed."""
    for name in ("name", "status"):
        if getattr(before, name) != getattr(after, name):
            yield ProviderChange(CHANGED, name, getattr(before, name), getattr(after, name))
    yield from _version_changes(before, after)
    for name in (*OF_VERSION, *OF_DEPLOYMENT):
        if name in before.settings and name in after.settings:
            yield from _setting_changes(name, before.settings[name], after.settings[name])


def _version_changes(before: SyncedProvider, after: SyncedProvider) -> Iterator[ProviderChange]:
    one, other = (mapping(each.settings, "configuration") for each in (before, after))
    if one.get("id") and other.get("id") and one["id"] != other["id"]:
        yield ProviderChange(CHANGED, "configuration", one.get("name") or one["id"], other.get("name") or other["id"])
    elif before.version and after.version and before.version != after.version:
        yield ProviderChange(CHANGED, "version", before.version, after.version)


def _setting_changes(name: str, before: Any, after: Any) -> Iterator[ProviderChange]:
    if without_order(before) == without_order(after) or before is None or after is None:
        return
    if name == "enabled":
        yield ProviderChange(ENABLED if after else DISABLED, name, before, after)
    else:
        yield ProviderChange(CHANGED, name, before, after)


def draft_changes(before: SyncedProvider, after: SyncedProvider) -> Iterator[ProviderChange]:
    """A draft that became newer than what is in use, or whose words are in use now."""
    if before.draft_is_newer is not None and after.draft_is_newer is not None:
        yield from _setting_changes("draft", before.draft_is_newer, after.draft_is_newer)
