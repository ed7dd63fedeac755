"""What a caller holds in its org: roles in divisions, policy by policy. Read with care."""

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
    for entry in items(data, "grants") or ():
        name = _role_of(entry)
        roles += [name] if name else []
        policies = items(entry, "role", "policies")
        if name and policies is not None and all(map(_is_policy, policies)) and _has_division(entry):
            held.extend(_policies(policies, mapping(entry, "division"), name))
        else:
            unread.append(name or UNNAMED)
    return Grants(tuple(held), tuple(dict.fromkeys(unread)), tuple(dict.fromkeys(roles)))


def with_role_policies(grants: Grants, data: dict[str, Any], genesys: GenesysClient) -> Grants:
    """Read, one by one, the few roles whose policies were left out; those that stay hidden stay named."""
    if not grants.unread:
        return grants
    held, unread = list(grants.held), []
    for entry in (items(data, "grants") or ())[:MOST_ROLES_READ]:
        name, id = _role_of(entry), text(entry, "role", "id")
        if (name or UNNAMED) not in grants.unread:
            continue
        answer = genesys.get(f"/api/v2/authorization/roles/{id}") if is_uuid(id) else OrgResponse(None)
        listed = items(answer.data, "permissionPolicies") if answer.ok else None
        if name and listed is not None and all(map(_is_policy, listed)) and _has_division(entry):
            held.extend(_policies(listed, mapping(entry, "division"), name))
        else:
            unread.append(name or UNNAMED)
    unread += [UNNAMED] if len(items(data, "grants") or ()) > MOST_ROLES_READ else []
    return Grants(tuple(held), tuple(dict.fromkeys(unread)), grants.roles)


def _is_policy(policy: Any) -> bool:
    """A policy of an odd shape could hold anything, so its role counts as unread, never as empty."""
    return text_list(_actions(policy)) is not None and bool(word(policy, "domain") and word(policy, "entityName"))


def _actions(policy: Any) -> list[Any] | None:
    """`actions` of a role that is read alone, `actionSet` of one within the grants."""
    return items(policy, "actions") or items(policy, "actionSet") or items(policy, "actions")


def _has_division(entry: Any) -> bool:
    """Without a division a grant holds in every one; a division that can't be read could be any."""
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
