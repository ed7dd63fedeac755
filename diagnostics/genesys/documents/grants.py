"""Parses `GET /api/v2/authorization/subjects/me`: the caller's roles, divisions and permission policies."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.fields import field, identifier, items, mapping, text, text_list, texts, word
from diagnostics.genesys.paths import is_uuid
from diagnostics.genesys.response import OrgResponse

EVERY_DIVISION = "*"
UNNAMED = "(unreadable)"
MOST_ROLES_READ = 10


@dataclass(frozen=True)
class Grant:
    """A permission policy of a role in a division. `condition` is true if the policy has a condition."""

    domain: str
    entity: str
    actions: tuple[str, ...]
    division: str
    division_name: str
    role: str
    condition: bool

    def covers(self, permission: str) -> bool:
        """Does the policy grant the permission? Supports wildcards, and ignores case, which varies between sources."""
        domain, entity, action = (*permission.lower().split(":"), "", "")[:3]
        actions = {name.lower() for name in self.actions}
        return (
            self.domain.lower() in (domain, "*")
            and self.entity.lower() in (entity, "*")
            and bool(actions & {action, "*"})
        )

    def reaches(self, divisions: tuple[str, ...]) -> bool:
        """Does the grant apply in one of these divisions? True if no division is known."""
        return not divisions or self.division == EVERY_DIVISION or self.division in divisions


@dataclass(frozen=True)
class Grants:
    """All grants of the client. `unread` are the names of roles whose policies the org didn't return."""

    policies: tuple[Grant, ...]
    unread: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


def read_grants(data: dict[str, Any]) -> Grants:
    """The grants in `subjects/me`. Newer versions of the platform may leave out the policies of a role."""
    granted: list[Grant] = []
    unread: list[str] = []
    roles: list[str] = []
    for entry in items(data, "grants") or ():
        name = _role_of(entry)
        roles += [name] if name else []
        policies = items(entry, "role", "policies")
        if name and policies is not None and all(map(_is_policy, policies)) and _has_division(entry):
            granted.extend(_policies(policies, mapping(entry, "division"), name))
        else:
            unread.append(name or UNNAMED)
    return Grants(tuple(granted), tuple(dict.fromkeys(unread)), tuple(dict.fromkeys(roles)))


def with_role_policies(grants: Grants, data: dict[str, Any], genesys: GenesysClient) -> Grants:
    """Read the roles whose policies were left out, one by one. Those that can't be read stay in `unread`."""
    if not grants.unread:
        return grants
    granted, unread = list(grants.policies), []
    for entry in (items(data, "grants") or ())[:MOST_ROLES_READ]:
        name, id = _role_of(entry), text(entry, "role", "id")
        if (name or UNNAMED) not in grants.unread:
            continue
        response = genesys.get(f"/api/v2/authorization/roles/{id}") if is_uuid(id) else OrgResponse(None)
        listed = items(response.data, "permissionPolicies") if response.ok else None
        if name and listed is not None and all(map(_is_policy, listed)) and _has_division(entry):
            granted.extend(_policies(listed, mapping(entry, "division"), name))
        else:
            unread.append(name or UNNAMED)
    unread += [UNNAMED] if len(items(data, "grants") or ()) > MOST_ROLES_READ else []
    return Grants(tuple(granted), tuple(dict.fromkeys(unread)), grants.roles)


def _is_policy(policy: Any) -> bool:
    """False for an unexpected format. Such a policy could grant anything, so its role counts as unread, not as empty."""
    return text_list(_actions(policy)) is not None and bool(word(policy, "domain") and word(policy, "entityName"))


def _actions(policy: Any) -> list[Any] | None:
    """`actions` in a role's own response, `actionSet` in `subjects/me`."""
    return items(policy, "actions") or items(policy, "actionSet") or items(policy, "actions")


def _has_division(entry: Any) -> bool:
    """False if the division can't be read. A grant without a division applies in every division."""
    return field(entry, "division") is None or bool(identifier(entry, "division", "id"))


def _role_of(entry: Any) -> str:
    return text(entry, "role", "name") or text(entry, "role", "id")


def _policies(listed: list[dict[str, Any]], division: dict[str, Any], role: str) -> Iterator[Grant]:
    for policy in listed:
        yield Grant(
            domain=text(policy, "domain"),
            entity=text(policy, "entityName"),
            actions=tuple(texts(_actions(policy))),
            division=text(division, "id") or EVERY_DIVISION,
            division_name=text(division, "name") or text(division, "id") or "every division",
            role=role,
            condition=bool(policy.get("condition") or policy.get("resourceConditionNode")),
        )
