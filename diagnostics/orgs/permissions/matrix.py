"""Roles across divisions, and what is in each role."""

from dataclasses import dataclass

from diagnostics.orgs.permissions.synced import EVERY_DIVISION, Given, Rights

MOST_DIVISIONS = 24
MOST_ROLES = 60
MOST_POLICIES = 400  # shown of one role


@dataclass(frozen=True)
class RolePolicy:
    """One permission of a role as the org writes it, wildcards included."""

    permission: str
    is_conditional: bool


@dataclass(frozen=True)
class RoleMatrixRow:
    """One role. `cells` say for each division of the matrix whether the role is given there; `policies` is None where
    the org did not show what is in it."""

    role: str
    cells: tuple[bool, ...]
    policies: tuple[RolePolicy, ...] | None
    more: int = 0

    @property
    def conditional(self) -> int:
        return sum(each.is_conditional for each in self.policies or ())


@dataclass(frozen=True)
class RoleMatrix:
    """`more_divisions` and `more_roles` count what did not fit."""

    divisions: tuple[str, ...]
    rows: tuple[RoleMatrixRow, ...]
    more_divisions: int = 0
    more_roles: int = 0


def matrix_of(rights: Rights) -> RoleMatrix:
    grants = rights.grants or ()
    places = sorted({(each.division != EVERY_DIVISION, each.place, each.division) for each in grants})
    roles: dict[str, list[Given]] = {}
    for each in grants:
        roles.setdefault(each.role, []).append(each)
    shown = places[:MOST_DIVISIONS]
    rows = [_row(name, given, [id for _, _, id in shown]) for name, given in sorted(roles.items())[:MOST_ROLES]]
    return RoleMatrix(
        tuple(name for _, name, _ in shown),
        tuple(rows),
        more_divisions=len(places) - len(shown),
        more_roles=len(roles) - len(rows),
    )


def _row(role: str, given: list[Given], divisions: list[str]) -> RoleMatrixRow:
    there = {each.division for each in given}
    told = {policy: False for each in given for policy in each.policies}
    told |= {policy: True for each in given for policy in each.conditional if policy not in told}
    policies = tuple(RolePolicy(name, told[name]) for name in sorted(told))
    return RoleMatrixRow(
        role,
        tuple(each in there for each in divisions),
        policies[:MOST_POLICIES] if all(each.is_shown for each in given) else None,
        more=max(len(policies) - MOST_POLICIES, 0),
    )
