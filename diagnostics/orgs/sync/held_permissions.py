"""What a client may do in its org, as one value that can be stored: from what the org answered, and how it changed."""

from collections.abc import Iterator
from typing import Any

from diagnostics.genesys.documents.grants import EVERY_DIVISION, Grants
from diagnostics.genesys.fields import items, mapping, mappings, number, text, texts
from diagnostics.genesys.response import OrgResponse
from diagnostics.orgs.provider_changes import APPEARED, CHANGED, VANISHED, ProviderChange

GRANT, CLIENT = "grant", "client"
MOST_POLICIES = 2_000  # of one grant
MOST_SCOPES = 300


def describe(answer: OrgResponse) -> str:
    """ "ok", or what came in its place: "403 missing.permissions", "timeout"."""
    if answer.ok:
        return "ok"
    return " ".join(filter(None, (str(answer.status or ""), answer.code[:60] or answer.error))) or "no answer"


def org_in(me: Any, organization: OrgResponse) -> dict[str, Any]:
    """By organizations/me, else by what the token says."""
    data = organization.data if organization.ok else {}
    token = mapping(me, "organization") or mapping(me, "homeOrganization")
    features = mapping(data, "features")
    return {
        "id": text(data, "id", limit=64) or text(token, "id", limit=64),
        "name": text(data, "name") or text(token, "name"),
        "short_name": text(data, "thirdPartyOrgName", limit=120),
        "state": text(data, "state", limit=40),
        "features": {name[:60]: on for name, on in list(features.items())[:200] if isinstance(on, bool)},
    }


def client_in(me: Any, oauth_client: OrgResponse) -> dict[str, Any]:
    """By oauth/clients/{id} where that may be read, else by what the token says. Its secret is never looked at."""
    told, token = (oauth_client.data if oauth_client.ok else {}), mapping(me, "OAuthClient")
    places = ((me, "authorizedScope"), (told, "scope"), (token, "scope"))
    scopes = next((found for each, name in places if (found := items(each, name)) is not None), None)
    return {
        "name": text(told, "name") or text(token, "name"),
        "state": text(told, "state", limit=40) or text(token, "state", limit=40),
        "grant_type": text(told, "authorizedGrantType", limit=60) or text(token, "authorizedGrantType", limit=60),
        "scopes": sorted(set(texts(scopes, limit=100)))[:MOST_SCOPES] if scopes is not None else None,
        "token_seconds": number(told, "accessTokenValiditySeconds"),
        "created": text(told, "dateCreated", limit=40),
    }


def grant_in(entry: Any, grants: Grants) -> dict[str, Any]:
    """One role in one division. `policies` is None where the org does not show what is in the role."""
    role, division = mapping(entry, "role"), mapping(entry, "division")
    free = sorted(set(policies_of(grants, condition=False)))
    held = sorted(set(policies_of(grants, condition=True)))
    ref = text(division, "id", limit=64) or EVERY_DIVISION
    return {
        "role": text(role, "name") or text(role, "id"),
        "role_id": text(role, "id", limit=64),
        "division": ref,
        "division_name": text(division, "name") or ("every division" if ref == EVERY_DIVISION else ref),
        "policies": None if grants.unread else free[:MOST_POLICIES],
        "conditional": held[:MOST_POLICIES],
    }


def policies_of(grants: Grants, *, condition: bool) -> Iterator[str]:
    for grant in grants.policies:
        for action in grant.actions if grant.condition == condition else ():
            yield f"{grant.domain}:{grant.entity}:{action}".lower()[:200]


def limits_in(answer: OrgResponse) -> dict[str, int]:
    entries = mappings(answer.data, "entities")[:200] if answer.ok else []
    return {text(each, "key", limit=100): value for each in entries if (value := number(each, "value")) is not None}


def rights_changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, str, str, ProviderChange]]:
    """(about, ref, name, change). What either reading could not read has not changed."""
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


def _was_read(name: str, *rights: dict[str, Any]) -> bool:
    return all(each.get("read", {}).get(name) == "ok" for each in rights)


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
    one, other = ({_key(each): each for each in grants} for grants in (before, after))
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
    """What was taken out of the role, and what was put into it; a role that is not shown has not changed."""
    if before["policies"] is None or after["policies"] is None:
        return
    for name in ("policies", "conditional"):
        one, other = set(before[name]), set(after[name])
        if one != other:
            yield ProviderChange(CHANGED, name, sorted(one - other), sorted(other - one))
