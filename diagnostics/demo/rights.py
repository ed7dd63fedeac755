"""Does a client hold a permission, and if not, which of the documented 403 answers does it get?"""

from collections.abc import Iterable
from dataclasses import dataclass

from diagnostics.demo.answers import ApiError
from diagnostics.demo.orgs import DemoClient, DemoOrg


@dataclass(frozen=True)
class DemoCaller:
    """Who sent the request: the org the token belongs to, and the client as it is now."""

    org: DemoOrg
    client: DemoClient

    def divisions_with(self, permission: str) -> set[str]:
        """The divisions in which one of the client's roles holds the permission without a condition."""
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
        """At least one of them, in one of the divisions. Held, but elsewhere, is told apart from not held at all."""
        places: tuple[str | None, ...] = tuple(divisions) or (None,)
        if any(self.holds(permission, place) for permission in permissions for place in places):
            return
        elsewhere = [permission for permission in permissions if self.divisions_with(permission)]
        code = "missing.division.permission" if elsewhere else "missing.any.permissions"
        raise ApiError(code, permissions=", ".join(elsewhere or permissions))

    def require_all(self, permissions: tuple[str, ...]) -> None:
        missing = [permission for permission in permissions if not self.holds(permission, None)]
        if missing:
            raise ApiError("missing.permissions", permissions=", ".join(missing))
