"""Whether a client has a permission, and if not, which of the documented 403 responses it gets."""

from collections.abc import Iterable
from dataclasses import dataclass

from diagnostics.demo.orgs import DemoClient, DemoOrg
from diagnostics.demo.responses import ApiError


@dataclass(frozen=True)
class DemoCaller:
    """The org that the token belongs to, and the client as it is now."""

    org: DemoOrg
    client: DemoClient

    def divisions_with(self, permission: str) -> set[str]:
        """The divisions in which one of the client's roles grants the permission without a condition."""
        return {
            division
            for role_id, division in self.client.grants
            if any(policy.allows(permission) for policy in self.org.roles[role_id].policies)
        }

    def holds(self, permission: str, division: str | None) -> bool:
        divisions = self.divisions_with(permission)
        if division is None or permission.split(":")[0] in self.org.unaware_of_divisions:
            return bool(divisions)
        return division in divisions

    def require_any(self, permissions: tuple[str, ...], divisions: Iterable[str] = ()) -> None:
        """Requires one of the permissions in one of the divisions.

        The error differs between a permission granted only in other divisions and one not granted at all.
        """
        targets: tuple[str | None, ...] = tuple(divisions) or (None,)
        if any(self.holds(permission, target) for permission in permissions for target in targets):
            return
        in_other_divisions = [permission for permission in permissions if self.divisions_with(permission)]
        code = "missing.division.permission" if in_other_divisions else "missing.any.permissions"
        raise ApiError(code, permissions=", ".join(in_other_divisions or permissions))

    def require_all(self, permissions: tuple[str, ...]) -> None:
        missing = [permission for permission in permissions if not self.holds(permission, None)]
        if missing:
            raise ApiError("missing.permissions", permissions=", ".join(missing))
