"""Compares two syncs: what changed in a provider, and in a client's permissions."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from diagnostics.engine.facts import Change
from diagnostics.genesys.documents.deployment import DEPLOYMENT_SETTINGS, VERSION_SETTINGS
from diagnostics.genesys.fields import mapping
from diagnostics.orgs.sync.provider_documents import SyncedProvider, order_independent

APPEARED, VANISHED, RETURNED = "appeared", "vanished", "returned"
ENABLED, DISABLED, CHANGED = "enabled", "disabled", "changed"
GRANT, CLIENT = "grant", "client"


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


def provider_changes(before: SyncedProvider, after: SyncedProvider) -> Iterator[Change]:
    """Compare two versions. Only settings that both have are compared."""
    for name in ("name", "status"):
        if getattr(before, name) != getattr(after, name):
            yield Change(CHANGED, name, getattr(before, name), getattr(after, name))
    yield from _version_changes(before, after)
    for name in (*VERSION_SETTINGS, *DEPLOYMENT_SETTINGS):
        if name in before.settings and name in after.settings:
            yield from _setting_changes(name, before.settings[name], after.settings[name])


def _version_changes(before: SyncedProvider, after: SyncedProvider) -> Iterator[Change]:
    one, other = (mapping(provider.settings, "configuration") for provider in (before, after))
    if one.get("id") and other.get("id") and one["id"] != other["id"]:
        yield Change(CHANGED, "configuration", one.get("name") or one["id"], other.get("name") or other["id"])
    elif before.version and after.version and before.version != after.version:
        yield Change(CHANGED, "version", before.version, after.version)


def _setting_changes(name: str, before: Any, after: Any) -> Iterator[Change]:
    if order_independent(before) == order_independent(after) or before is None or after is None:
        return
    if name == "enabled":
        yield Change(ENABLED if after else DISABLED, name, before, after)
    else:
        yield Change(CHANGED, name, before, after)


def draft_changes(before: SyncedProvider, after: SyncedProvider) -> Iterator[Change]:
    """Report a draft that became newer than the published version, or was published."""
    if before.draft_is_newer is not None and after.draft_is_newer is not None:
        yield from _setting_changes("draft", before.draft_is_newer, after.draft_is_newer)


def permission_changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    """Compare what two syncs stored about a client's permissions. Only parts that both read are compared."""
    yield from _client_changes(before, after)
    if all(permissions.get("read", {}).get("subjects/me") == "ok" for permissions in (before, after)):
        yield from _grant_changes(before.get("grants", []), after.get("grants", []))
    known, now = before.get("catalogue", {}), after.get("catalogue", {})
    for permission in sorted(known.keys() & now.keys()):
        if None not in (known[permission], now[permission]) and known[permission] != now[permission]:
            values = known[permission], now[permission]
            yield Change(CHANGED, "catalogue", *values, CLIENT, permission, permission)


def _client_changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    one, other = before.get("client", {}), after.get("client", {})
    for name in ("name", "state", "grant_type", "scopes", "token_seconds"):
        if one.get(name) not in (None, "") and other.get(name) not in (None, "") and one[name] != other[name]:
            yield Change(CHANGED, name, one[name], other[name], CLIENT, name=other.get("name", ""))
    one, other = before.get("org", {}), after.get("org", {})
    for name in ("id", "name", "state"):
        if one.get(name) and other.get(name) and one[name] != other[name]:
            about = (CLIENT, other.get("id", ""), other.get("name", ""))
            yield Change(CHANGED, f"org.{name}", one[name], other[name], *about)


def _grant_changes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[Change]:
    one, other = ({_key(grant): grant for grant in grants} for grants in (before, after))
    for key in sorted(one.keys() | other.keys()):
        grant = other.get(key) or one[key]
        about = (GRANT, grant["role_id"], grant["role"])
        if key not in other:
            yield Change(VANISHED, "division", grant["division_name"], None, *about)
        elif key not in one:
            yield Change(APPEARED, "division", None, grant["division_name"], *about)
        else:
            yield from _policy_changes(one[key], other[key], about)


def _key(grant: dict[str, Any]) -> tuple[str, str]:
    return grant["role_id"] or grant["role"], grant["division"]


def _policy_changes(before: dict[str, Any], after: dict[str, Any], about: tuple[str, str, str]) -> Iterator[Change]:
    """Yield the removed (`before`) and added (`after`) permissions, unless the org doesn't show the role."""
    if before["policies"] is None or after["policies"] is None:
        return
    for name in ("policies", "conditional"):
        one, other = set(before[name]), set(after[name])
        if one != other:
            yield Change(CHANGED, name, sorted(one - other), sorted(other - one), *about)
