"""Converts API responses about a client's permissions to JSON for storage, and compares two syncs."""

from collections.abc import Iterator
from typing import Any

from diagnostics.genesys.documents.grants import RoleGrant
from diagnostics.genesys.documents.token_info import TokenInfo
from diagnostics.genesys.fields import mapping, number, text, text_list
from diagnostics.genesys.response import OrgResponse
from diagnostics.orgs.provider_changes import APPEARED, CHANGED, VANISHED, ProviderChange

GRANT, CLIENT = "grant", "client"
MAX_POLICIES = 2_000  # per grant
MAX_SCOPES = 300


def describe_response(response: OrgResponse) -> str:
    """Return "ok", or the failure, such as "403 missing.permissions"."""
    return "ok" if response.ok else response.summary[:70]


def org_to_json(me: TokenInfo, organization: OrgResponse) -> dict[str, Any]:
    """Return the org from organizations/me, or from tokens/me if that failed."""
    data = organization.data if organization.ok else {}
    features = mapping(data, "features")
    return {
        "id": text(data, "id", limit=64) or me.org_id,
        "name": text(data, "name") or me.org_name,
        "short_name": text(data, "thirdPartyOrgName", limit=120),
        "state": text(data, "state", limit=40),
        "features": {name[:60]: on for name, on in list(features.items())[:200] if isinstance(on, bool)},
    }


def client_to_json(me: TokenInfo, oauth_client: OrgResponse) -> dict[str, Any]:
    """Return the client from oauth/clients/{id}, or from tokens/me if that failed. Its secret is never read."""
    details = oauth_client.data if oauth_client.ok else {}
    scopes = me.scopes if me.scopes is not None else text_list(details, "scope")
    return {
        "name": text(details, "name") or me.client_name,
        "state": text(details, "state", limit=40) or me.client_state,
        "grant_type": text(details, "authorizedGrantType", limit=60) or me.grant_type[:60],
        "scopes": sorted({scope[:100] for scope in scopes})[:MAX_SCOPES] if scopes is not None else None,
        "token_seconds": number(details, "accessTokenValiditySeconds"),
        "created": text(details, "dateCreated", limit=40),
    }


def grant_to_json(grant: RoleGrant) -> dict[str, Any]:
    """Convert a role in a division. `policies` is None if the org doesn't show the role's contents."""
    return {
        "role": grant.role,
        "role_id": grant.role_id,
        "division": grant.division,
        "division_name": grant.place,
        "policies": sorted(grant.policies)[:MAX_POLICIES] if grant.is_shown else None,
        "conditional": sorted(grant.conditional)[:MAX_POLICIES],
    }


def permission_changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, str, str, ProviderChange]]:
    """Yield (about, ref, name, change). Only parts that both syncs read are compared."""
    yield from _client_changes(before, after)
    if _was_read("subjects/me", before, after):
        yield from _grant_changes(before.get("grants", []), after.get("grants", []))
    known, now = before.get("catalogue", {}), after.get("catalogue", {})
    for permission in sorted(known.keys() & now.keys()):
        if None not in (known[permission], now[permission]) and known[permission] != now[permission]:
            yield (
                CLIENT,
                permission,
                permission,
                ProviderChange(CHANGED, "catalogue", known[permission], now[permission]),
            )


def _was_read(name: str, *syncs: dict[str, Any]) -> bool:
    return all(permissions.get("read", {}).get(name) == "ok" for permissions in syncs)


def _client_changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, str, str, ProviderChange]]:
    one, other = before.get("client", {}), after.get("client", {})
    for name in ("name", "state", "grant_type", "scopes", "token_seconds"):
        if one.get(name) not in (None, "") and other.get(name) not in (None, "") and one[name] != other[name]:
            yield CLIENT, "", other.get("name", ""), ProviderChange(CHANGED, name, one[name], other[name])
    one, other = before.get("org", {}), after.get("org", {})
    for name in ("id", "name", "state"):
        if one.get(name) and other.get(name) and one[name] != other[name]:
            yield (
                CLIENT,
                other.get("id", ""),
                other.get("name", ""),
                ProviderChange(CHANGED, f"org.{name}", one[name], other[name]),
            )


def _grant_changes(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> Iterator[tuple[str, str, str, ProviderChange]]:
    one, other = ({_key(grant): grant for grant in grants} for grants in (before, after))
    for key in sorted(one.keys() | other.keys()):
        grant = other.get(key) or one[key]
        about = (GRANT, grant["role_id"], grant["role"])
        if key not in other:
            yield *about, ProviderChange(VANISHED, "division", grant["division_name"], None)
        elif key not in one:
            yield *about, ProviderChange(APPEARED, "division", None, grant["division_name"])
        else:
            for change in _policy_changes(one[key], other[key]):
                yield *about, change


def _key(grant: dict[str, Any]) -> tuple[str, str]:
    return grant["role_id"] or grant["role"], grant["division"]


def _policy_changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[ProviderChange]:
    """Yield the removed (`before`) and added (`after`) permissions, unless the org doesn't show the role."""
    if before["policies"] is None or after["policies"] is None:
        return
    for name in ("policies", "conditional"):
        one, other = set(before[name]), set(after[name])
        if one != other:
            yield ProviderChange(CHANGED, name, sorted(one - other), sorted(other - one))
