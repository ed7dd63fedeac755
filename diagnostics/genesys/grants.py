"""What a caller holds in its org: roles in divisions, policy by policy. Read with care."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diagnostics.genesys.answer import Answer
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.paths import is_uuid

EVERY_DIVISION = "*"


@dataclass(frozen=True)
class Grant:
    """One permission policy of one role in one division. `condition` is true where a condition narrows it."""

    domain: str
    entity: str
    actions: tuple[str, ...]
    division: str
    division_name: str
    role: str
    condition: bool

    def covers(self, permission: str) -> bool:
        """Wildcards count; case does not, because the org's own texts differ in it."""
        domain, entity, action = (*permission.lower().split(":"), "", "")[:3]
        actions = {each.lower() for each in self.actions}
        return (
            self.domain.lower() in (domain, "*")
            and self.entity.lower() in (entity, "*")
            and bool(actions & {action, "*"})
        )

    def reaches(self, divisions: tuple[str, ...]) -> bool:
        """Whether it holds in one of these divisions; where none is known, it may."""
        return not divisions or self.division == EVERY_DIVISION or self.division in divisions


@dataclass(frozen=True)
class Grants:
    """All that the client holds. `unread` names roles whose policies the org did not show."""

    held: tuple[Grant, ...]
    unread: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


def read_grants(data: dict[str, Any]) -> Grants:
    """`subjects/me`, read with care: newer platforms may leave a role's policies out."""
    held: list[Grant] = []
    unread: list[str] = []
    roles: list[str] = []
    for entry in data["grants"]:
        role, division = part(entry, "role"), part(entry, "division")
        name = text_in(role.get("name")) or text_in(role.get("id"))
        roles += [name] if name else []
        policies = role.get("policies")
        if name and isinstance(policies, list) and all(map(_is_policy, policies)):
            held.extend(_policies(policies, division, name))
        else:
            unread.append(name or "(unreadable)")
    return Grants(tuple(held), tuple(dict.fromkeys(unread)), tuple(dict.fromkeys(roles)))


def with_role_policies(grants: Grants, data: dict[str, Any], genesys: GenesysClient) -> Grants:
    """Read, one by one, the few roles whose policies were left out; those that stay hidden stay named."""
    if not grants.unread:
        return grants
    held, unread = list(grants.held), []
    for entry in data["grants"][:10]:
        role, division = part(entry, "role"), part(entry, "division")
        name, id = text_in(role.get("name")) or text_in(role.get("id")), text_in(role.get("id"))
        if name not in grants.unread:
            continue
        answer = genesys.get(f"/api/v2/authorization/roles/{id}") if is_uuid(id) else Answer(None)
        listed = answer.data.get("permissionPolicies") if answer.ok else None
        if isinstance(listed, list) and all(map(_is_policy, listed)):
            held.extend(_policies(listed, division, name))
        else:
            unread.append(name)
    return Grants(tuple(held), tuple(dict.fromkeys(unread)), grants.roles)


def _is_policy(policy: Any) -> bool:
    """A policy of an odd shape could hold anything, so its role counts as unread, never as empty."""
    return isinstance(policy, dict) and isinstance(policy.get("actions", policy.get("actionSet")), list)


def _actions(policy: dict[str, Any]) -> list[Any]:
    return list(policy.get("actions") or policy.get("actionSet") or ())


def _policies(listed: list[dict[str, Any]], division: dict[str, Any], role: str) -> Iterator[Grant]:
    for policy in listed:
        yield Grant(
            domain=text_in(policy.get("domain")),
            entity=text_in(policy.get("entityName")),
            actions=tuple(a for a in _actions(policy) if isinstance(a, str)),
            division=text_in(division.get("id")) or EVERY_DIVISION,
            division_name=text_in(division.get("name")) or text_in(division.get("id")) or "every division",
            role=role,
            condition=bool(policy.get("condition") or policy.get("resourceConditionNode")),
        )


def part(entry: Any, name: str) -> dict[str, Any]:
    """An object of a document, {} where there is none."""
    value = entry.get(name) if isinstance(entry, dict) else None
    return value if isinstance(value, dict) else {}


def text_in(value: object) -> str:
    """A text of a document, at most 200 characters, "" where there is none."""
    return value[:200] if isinstance(value, str) else ""
