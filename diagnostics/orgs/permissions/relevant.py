"""The permissions that cobrowse and the checks need, and whether a client holds them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from diagnostics.checks.base import all_checks
from diagnostics.checks.permissions import READS
from diagnostics.engine.check_reference import entries_of, smallest_role
from diagnostics.engine.facts import STARTING
from diagnostics.engine.fixes import admin_notation
from diagnostics.genesys.contract import Contract
from diagnostics.orgs.permissions.synced import ClientPermissions, PermissionState, PermissionStatus

STARTS = {
    STARTING[0]: "starting a cobrowse session in web messaging",
    STARTING[1]: "starting a cobrowse session in a voice call",
}
LICENCES = "Genesys Cloud CX 1 Digital Add-on II, CX 2, CX 2 Digital, CX 3 or CX 3 Digital"


@dataclass(frozen=True)
class RelevantPermission:
    """A permission, what it is for, and the titles of the checks that are skipped without it."""

    status: PermissionStatus
    purpose: str
    checks: tuple[str, ...] = ()
    starts: bool = False

    @property
    def admin(self) -> str:
        return admin_notation(self.status.permission)

    @property
    def is_held(self) -> bool:
        return self.status.state == PermissionState.HELD


def needed_permissions(contract: Contract) -> dict[str, tuple[str, ...]]:
    """Return the permissions of the smallest role for all checks, each with the titles of the checks that need it."""
    return {entry.permission.api: entry.checks for entry in smallest_role(entries_of(all_checks(), contract))}


def relevant_permissions(
    permissions: ClientPermissions, needed: Mapping[str, tuple[str, ...]]
) -> tuple[RelevantPermission, ...]:
    """`needed` maps the permissions of the checks' read requests to the titles of those checks."""
    starting = [
        RelevantPermission(permissions.status_of(name), purpose, starts=True) for name, purpose in STARTS.items()
    ]
    reading = [
        RelevantPermission(permissions.status_of(name), READS.get(name, ""), needed.get(name, ()))
        for name in dict.fromkeys((*READS, *needed))
        if name not in STARTS
    ]
    return (*starting, *reading)


def missing_permissions(permissions: Iterable[RelevantPermission]) -> tuple[RelevantPermission, ...]:
    """Return the permissions of checks that aren't held for certain."""
    return tuple(permission for permission in permissions if not permission.is_held and not permission.starts)
