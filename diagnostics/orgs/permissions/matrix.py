"""A client's roles by division, and the permissions of each role."""

from dataclasses import dataclass

from diagnostics.genesys.documents.grants import EVERY_DIVISION, RoleGrant
from diagnostics.orgs.permissions.synced import ClientPermissions

MAX_DIVISIONS = 24
MAX_ROLES = 60
MAX_POLICIES = 400  # shown of one role


@dataclass(frozen=True)
class RolePolicy:
    """A permission of a role as the org returns it, including wildcards."""

    permission: str
    is_conditional: bool


@dataclass(frozen=True)
class RoleMatrixRow:
    """A role. `cells` has a flag per division of the matrix; `policies` is None if the org doesn't show them."""

    role: str
    cells: tuple[bool, ...]
    policies: tuple[RolePolicy, ...] | None
    more: int = 0

    @property
    def conditional(self) -> int:
        return sum(policy.is_conditional for policy in self.policies or ())


@dataclass(frozen=True)
class RoleMatrix:
    """Roles by division. `more_divisions` and `more_roles` count what was cut."""

    divisions: tuple[str, ...]
    rows: tuple[RoleMatrixRow, ...]
    more_divisions: int = 0
    more_roles: int = 0


def role_matrix(permissions: ClientPermissions) -> RoleMatrix:
    grants = permissions.grants or ()
    divisions = sorted({(grant.division != EVERY_DIVISION, grant.place, grant.division) for grant in grants})
    roles: dict[str, list[RoleGrant]] = {}
    for grant in grants:
        roles.setdefault(grant.role, []).append(grant)
    shown = divisions[:MAX_DIVISIONS]
    rows = [
        _row(name, role_grants, [id for _, _, id in shown]) for name, role_grants in sorted(roles.items())[:MAX_ROLES]
    ]
    return RoleMatrix(
        tuple(name for _, name, _ in shown),
        tuple(rows),
        more_divisions=len(divisions) - len(shown),
        more_roles=len(roles) - len(rows),
    )


def _row(role: str, grants: list[RoleGrant], divisions: list[str]) -> RoleMatrixRow:
    granted = {grant.division for grant in grants}
    is_conditional = {policy: True for grant in grants for policy in grant.conditional}
    is_conditional |= {policy: False for grant in grants for policy in grant.policies}
    policies = tuple(RolePolicy(name, is_conditional[name]) for name in sorted(is_conditional))
    return RoleMatrixRow(
        role,
        tuple(division in granted for division in divisions),
        policies[:MAX_POLICIES] if all(grant.is_shown for grant in grants) else None,
        more=max(len(policies) - MAX_POLICIES, 0),
    )
