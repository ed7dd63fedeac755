"""`GET /api/v2/authorization/subjects/me`: the caller's roles, their divisions, and the permissions in them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Self

from diagnostics.genesys.fields import field, identifier, items, text, text_list, texts, word
from diagnostics.genesys.paths import is_uuid
from diagnostics.genesys.response import OrgResponse, UnreadableResponse

PATH = "/api/v2/authorization/subjects/me"
QUERY: dict[str, str | int] = {"includeFullRoles": "true"}
EVERY_DIVISION = "*"
EVERYWHERE = "every division"  # the place of a grant in all divisions
UNNAMED = "(unreadable)"
MOST_ROLES_READ = 10


@dataclass(frozen=True)
class RoleGrant:
    """A role in a division. `conditional` are the permissions under a condition, `policies` the others, in lower case.

    `is_shown` is false if the org doesn't show the role's contents, or not as documented.
    """

    role: str
    division: str = EVERY_DIVISION
    division_name: str = ""
    policies: frozenset[str] = frozenset()
    conditional: frozenset[str] = frozenset()
    is_shown: bool = True
    role_id: str = ""
    has_readable_division: bool = True

    @property
    def place(self) -> str:
        return EVERYWHERE if self.division == EVERY_DIVISION else self.division_name or self.division

    def reaches(self, divisions: tuple[str, ...]) -> bool:
        """Does the grant apply in one of these divisions? True if no division is known."""
        return not divisions or self.division == EVERY_DIVISION or self.division in divisions

    def holds(self, permission: str) -> bool:
        """Does the role grant the permission without a condition?"""
        return not self.policies.isdisjoint(covering(permission))

    def holds_conditionally(self, permission: str) -> bool:
        return not self.conditional.isdisjoint(covering(permission))

    def with_policies(self, policies: list[Any] | None) -> Self:
        """Add the policies of the role. If one isn't as documented, it could grant anything, so the role stays unread."""
        if not self.role or not self.has_readable_division or policies is None or not all(map(_is_policy, policies)):
            return self
        names = list(map(_names_of, policies))
        is_conditional = [bool(policy.get("condition") or policy.get("resourceConditionNode")) for policy in policies]
        pairs = list(zip(names, is_conditional, strict=True))
        return replace(
            self,
            policies=frozenset(name for listed, conditional in pairs if not conditional for name in listed),
            conditional=frozenset(name for listed, conditional in pairs if conditional for name in listed),
            is_shown=True,
        )


@dataclass(frozen=True)
class Grants:
    """All roles of the client, each in each of its divisions."""

    entries: tuple[RoleGrant, ...] = ()

    @classmethod
    def parse(cls, response: OrgResponse) -> Self | UnreadableResponse:
        """Newer versions of the platform may leave out the policies of a role."""
        listed = items(response.data, "grants") if response.ok else None
        return UnreadableResponse(response) if listed is None else cls(tuple(map(_entry, listed)))

    @property
    def unread(self) -> tuple[str, ...]:
        """The names of roles whose policies the org didn't return."""
        return tuple(dict.fromkeys(entry.role or UNNAMED for entry in self.entries if not entry.is_shown))

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(entry.role for entry in self.entries if entry.role))

    def that_may_hold(self, permission: str) -> list[RoleGrant]:
        return [e for e in self.entries if e.holds(permission) or e.holds_conditionally(permission)]

    def with_hidden_roles(self, get: Callable[[str], OrgResponse], most: int = MOST_ROLES_READ) -> Self:
        """Read up to `most` roles whose policies were left out, one by one. Those that can't be read stay in `unread`."""
        hidden = dict.fromkeys(entry.role_id for entry in self.entries if not entry.is_shown and is_uuid(entry.role_id))
        found = {id: get(f"/api/v2/authorization/roles/{id}") for id in list(hidden)[:most]}
        policies = {id: items(role.data, "permissionPolicies") for id, role in found.items() if role.ok}
        return replace(
            self,
            entries=tuple(
                entry if entry.is_shown else entry.with_policies(policies.get(entry.role_id)) for entry in self.entries
            ),
        )


def covering(permission: str) -> tuple[str, ...]:
    """Every lower-case policy that covers the permission: itself and all its wildcard forms.

    Case is ignored, because it varies between the org's own documents.
    """
    parts = [dict.fromkeys((part, "*")) for part in (*permission.lower().split(":"), "", "")[:3]]
    return tuple(":".join(combination) for combination in product(*parts))


def covers(policy: str, permission: str) -> bool:
    """Does the policy, which may contain wildcards, include the permission?"""
    return policy.lower() in covering(permission)


def _entry(entry: Any) -> RoleGrant:
    """A grant without a division applies in every division. A division that can't be read leaves the role unread."""
    grant = RoleGrant(
        role=text(entry, "role", "name") or text(entry, "role", "id"),
        role_id=text(entry, "role", "id", limit=64),
        division=text(entry, "division", "id", limit=64) or EVERY_DIVISION,
        division_name=text(entry, "division", "name"),
        has_readable_division=field(entry, "division") is None or bool(identifier(entry, "division", "id")),
        is_shown=False,
    )
    return grant.with_policies(items(entry, "role", "policies"))


def _is_policy(policy: Any) -> bool:
    return text_list(_actions(policy)) is not None and bool(word(policy, "domain") and word(policy, "entityName"))


def _actions(policy: Any) -> list[Any] | None:
    """`actions` in a role's own response, `actionSet` in `subjects/me`."""
    return items(policy, "actions") or items(policy, "actionSet") or items(policy, "actions")


def _names_of(policy: dict[str, Any]) -> Iterator[str]:
    for action in texts(_actions(policy)):
        yield f"{text(policy, 'domain')}:{text(policy, 'entityName')}:{action}".lower()[:200]
