"""A role as text to copy: permissions in both notations, and the request body that creates the role."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from diagnostics.engine.causes.cause import OAUTH_MENU, ROLES_MENU
from diagnostics.engine.fixes import admin_notation

MENU_PATH = f"{ROLES_MENU}, then {OAUTH_MENU} > the client > Roles"
CREATE_CALL = "POST /api/v2/authorization/roles"


@dataclass(frozen=True)
class CopyableRole:
    """`body` is a `DomainOrganizationRoleCreate` with one policy per domain and entity, as JSON."""

    permissions: tuple[str, ...]
    api: str
    admin: str
    body: str


def copyable_role(name: str, permissions: Iterable[str]) -> CopyableRole:
    names = tuple(sorted(set(permissions)))
    return CopyableRole(
        names, "\n".join(names), "\n".join(map(admin_notation, names)), json.dumps(_body(name, names), indent=2)
    )


def _body(name: str, permissions: tuple[str, ...]) -> dict[str, object]:
    grouped: dict[tuple[str, str], list[str]] = {}
    for permission in permissions:
        domain, entity, action = permission.split(":")
        grouped.setdefault((domain, entity), []).append(action)
    policies = [
        {"domain": domain, "entityName": entity, "actionSet": actions, "allowConditions": False}
        for (domain, entity), actions in grouped.items()
    ]
    return {"name": name, "description": "The least that is needed, nothing else.", "permissionPolicies": policies}
