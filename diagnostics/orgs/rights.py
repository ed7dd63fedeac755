"""What a client may do in its org, as one value that can be stored: from what the org answered, and how it changed."""

from collections.abc import Iterable, Iterator
from typing import Any

from diagnostics.genesys.answer import Answer
from diagnostics.genesys.grants import EVERY_DIVISION, Grants
from diagnostics.orgs.changes import APPEARED, CHANGED, VANISHED, Change
from diagnostics.orgs.words import listed, part_of, words

GRANT, CLIENT = "grant", "client"
MOST_POLICIES = 2_000  # of one grant
MOST_SCOPES = 300


def said(answer: Answer) -> str:
    """ "ok", or what came in its place: "403 missing.permissions", "timeout"."""
    if answer.ok:
        return "ok"
    return " ".join(filter(None, (str(answer.status or ""), words(answer.code, 60) or answer.trouble))) or "no answer"


def org_in(me: Any, organization: Answer) -> dict[str, Any]:
    """By organizations/me, else by what the token says."""
    data = organization.data if organization.ok else {}
    token = part_of(me, "organization") or part_of(me, "homeOrganization")
    features = part_of(data, "features")
    return {
        "id": words(data.get("id") or token.get("id"), 64),
        "name": words(data.get("name") or token.get("name")),
        "short_name": words(data.get("thirdPartyOrgName"), 120),
        "state": words(data.get("state"), 40),
        "features": {words(name, 60): on for name, on in list(features.items())[:200] if isinstance(on, bool)},
    }


def client_in(me: Any, oauth_client: Answer) -> dict[str, Any]:
    """By oauth/clients/{id} where that may be read, else by what the token says. Its secret is never looked at."""
    told, token = (oauth_client.data if oauth_client.ok else {}), part_of(me, "OAuthClient")
    scopes = me.get("authorizedScope") if isinstance(me, dict) else None
    scopes = scopes if isinstance(scopes, list) else told.get("scope", token.get("scope"))
    seconds = told.get("accessTokenValiditySeconds")
    return {
        "name": words(told.get("name") or token.get("name")),
        "state": words(told.get("state") or token.get("state"), 40),
        "grant_type": words(told.get("authorizedGrantType") or token.get("authorizedGrantType"), 60),
        "scopes": sorted(listed(scopes, MOST_SCOPES, 100)) if isinstance(scopes, list) else None,
        "token_seconds": seconds if isinstance(seconds, int) and not isinstance(seconds, bool) else None,
        "created": words(told.get("dateCreated"), 40),
    }


def grant_in(entry: Any, grants: Grants) -> dict[str, Any]:
    """One role in one division. `policies` is None where the org does not show what is in the role."""
    role, division = part_of(entry, "role"), part_of(entry, "division")
    free = sorted(set(policies_of(grants, condition=False)))
    held = sorted(set(policies_of(grants, condition=True)))
    ref = words(division.get("id"), 64) or EVERY_DIVISION
    return {
        "role": words(role.get("name")) or words(role.get("id")),
        "role_id": words(role.get("id"), 64),
        "division": ref,
        "division_name": words(division.get("name")) or ("every division" if ref == EVERY_DIVISION else ref),
        "policies": None if grants.unread else free[:MOST_POLICIES],
        "conditional": held[:MOST_POLICIES],
    }


def policies_of(grants: Grants, *, condition: bool) -> Iterator[str]:
    for grant in grants.held:
        for action in grant.actions if grant.condition == condition else ():
            yield words(f"{grant.domain}:{grant.entity}:{action}".lower())


def catalogue_in(pages: Iterable[Answer]) -> set[str]:
    """The permissions that the org's catalogue knows, in lower case."""
    found = set()
    for page in pages:
        entries = page.data.get("entities") if page.ok else None
        for entry in entries if isinstance(entries, list) else []:
            for permissions in part_of(entry, "permissionMap").values():
                for each in permissions if isinstance(permissions, list) else []:
                    if isinstance(each, dict):
                        parts = (words(each.get(name)) for name in ("domain", "entityType", "action"))
                        found.add(":".join(parts).lower())
    return found


def is_last_page(page: Answer) -> bool:
    count, number = page.data.get("pageCount"), page.data.get("pageNumber")
    more = isinstance(count, int) and isinstance(number, int) and number < count
    return not page.data.get("nextUri") and not more


def limits_in(answer: Answer) -> dict[str, int]:
    entries = answer.data.get("entities") if answer.ok else None
    found = [each for each in entries[:200] if isinstance(each, dict)] if isinstance(entries, list) else []
    return {
        words(each.get("key"), 100): each["value"]
        for each in found
        if isinstance(each.get("value"), int) and not isinstance(each["value"], bool)
    }


def rights_changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, str, str, Change]]:
    """(about, ref, name, change). What either reading could not read has not changed."""
    yield from _client_changes(before, after)
    if _was_read("subjects/me", before, after):
        yield from _grant_changes(before.get("grants", []), after.get("grants", []))
    known, now = before.get("catalogue", {}), after.get("catalogue", {})
    for permission in sorted(known.keys() & now.keys()):
        if None not in (known[permission], now[permission]) and known[permission] != now[permission]:
            yield CLIENT, permission, permission, Change(CHANGED, "catalogue", known[permission], now[permission])


def _was_read(name: str, *rights: dict[str, Any]) -> bool:
    return all(each.get("read", {}).get(name) == "ok" for each in rights)


def _client_changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, str, str, Change]]:
    one, other = before.get("client", {}), after.get("client", {})
    for name in ("name", "state", "grant_type", "scopes", "token_seconds"):
        if one.get(name) not in (None, "") and other.get(name) not in (None, "") and one[name] != other[name]:
            yield CLIENT, "", other.get("name", ""), Change(CHANGED, name, one[name], other[name])
    one, other = before.get("org", {}), after.get("org", {})
    for name in ("id", "name", "state"):
        if one.get(name) and other.get(name) and one[name] != other[name]:
            yield (
                CLIENT,
                other.get("id", ""),
                other.get("name", ""),
                Change(CHANGED, f"org.{name}", one[name], other[name]),
            )


def _grant_changes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[tuple[str, str, str, Change]]:
    one, other = ({_key(each): each for each in grants} for grants in (before, after))
    for key in sorted(one.keys() | other.keys()):
        grant = other.get(key) or one[key]
        about = (GRANT, grant["role_id"], grant["role"])
        if key not in other:
            yield *about, Change(VANISHED, "division", grant["division_name"], None)
        elif key not in one:
            yield *about, Change(APPEARED, "division", None, grant["division_name"])
        else:
            for change in _policy_changes(one[key], other[key]):
                yield *about, change


def _key(grant: dict[str, Any]) -> tuple[str, str]:
    return grant["role_id"] or grant["role"], grant["division"]


def _policy_changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    """What was taken out of the role, and what was put into it; a role that is not shown has not changed."""
    if before["policies"] is None or after["policies"] is None:
        return
    for name in ("policies", "conditional"):
        one, other = set(before[name]), set(after[name])
        if one != other:
            yield Change(CHANGED, name, sorted(one - other), sorted(other - one))
