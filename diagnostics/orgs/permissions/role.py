"""A role as text that can be copied: in both notations, and as the body of a request that makes it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from diagnostics.engine.fixes import OAUTH_MENU, ROLES_MENU, admin_notation

MENU_PATH = f"{ROLES_MENU}, then {OAUTH_MENU} > the client > Roles"
CREATED_BY = "POST /api/v2/authorization/roles"


@dataclass(frozen=True)
class CopyableRole:
    """`body` is the model `DomainOrganizationRoleCreate`, with one policy for each domain and entity."""

    permissions: tuple[str, ...]
    api: str
    admin: str
    body: str


def copyable_role(name: str, permissions: Iterable[str]) -> CopyableRole:
    wanted = tuple(sorted(dict.fromkeys(permissions)))
    return CopyableRole(
        wanted, "\n".join(wanted), "\n".join(map(admin_notation, wanted)), json.dumps(_body(name, wanted), indent=2)
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
