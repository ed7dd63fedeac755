"""A client's permissions as stored by a sync. Any part of the stored JSON may be missing or malformed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from diagnostics.genesys.documents.grants import EVERY_DIVISION, RoleGrant, covering, covers
from diagnostics.genesys.fields import boolean, items, mapping, mappings, number, text, texts

MAX_GRANTS = 2_000
MAX_POLICIES = 2_000  # per grant
GRANTS_PART = "subjects/me"  # the request that returns the grants
RATE_NAMESPACE = "platform.api"
RATE_KEYS = ("client.credentials.token.rate.per.minute", "token.rate.per.minute")


class PermissionState(StrEnum):
    """Whether a client holds a permission. Only HELD is certain to allow a call."""

    HELD = "held"
    CONDITION = "condition"  # held only under a condition, which we can't evaluate
    LACKING = "lacking"  # no role of the client holds it
    UNLICENSED = "unlicensed"  # not in the org's permission catalogue, so no role can hold it
    HIDDEN = "hidden"  # may be in a role whose contents the org doesn't show
    UNREAD = "unread"  # the grants couldn't be read


@dataclass(frozen=True)
class PermissionStatus:
    """Whether the client holds a permission, through which roles and in which divisions (`places`).

    `by` are the policies that cover it, including wildcards. `listed` is whether the org's permission catalogue has it
    (None = not read).
    """

    permission: str
    state: PermissionState
    roles: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    listed: bool | None = None

    @property
    def is_everywhere(self) -> bool:
        return "every division" in self.places

    @property
    def is_by_wildcard(self) -> bool:
        return any("*" in policy for policy in self.by)


@dataclass(frozen=True)
class ClientPermissions:
    """Everything a sync stored about a client's permissions, token and rate limits.

    `grants` and `scopes` are None if they weren't read. Permissions that `removed` covers count as not held.
    """

    org: Mapping[str, Any] = field(default_factory=dict)
    client: Mapping[str, Any] = field(default_factory=dict)
    grants: tuple[RoleGrant, ...] | None = None
    unread_roles: tuple[str, ...] = ()
    catalogue: Mapping[str, bool] = field(default_factory=dict)
    limits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    rate_left: int | None = None
    divisions: int | None = None
    read: Mapping[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] | None = None
    token_seconds: int | None = None
    removed: str = ""

    @property
    def grant_type(self) -> str:
        return text(self.client, "grant_type")

    @property
    def is_machine(self) -> bool:
        """Whether the client uses client credentials: the token has no user, and scopes don't apply. The default."""
        return not self.grant_type or "client" in self.grant_type.lower()

    @property
    def rate_allowed(self) -> int | None:
        """Requests per minute, from the first known limit that applies to the client."""
        limits = self.limits.get(RATE_NAMESPACE, {})
        return next((limits[key] for key in RATE_KEYS if key in limits), None)

    @property
    def refused(self) -> tuple[tuple[str, str], ...]:
        """The requests that failed, each with the org's response."""
        return tuple((part, result) for part, result in self.read.items() if result != "ok")

    @cached_property
    def _grants_by_policy(self) -> dict[str, list[tuple[RoleGrant, bool]]]:
        """The grants of each lower-case policy, each with whether it is under a condition."""
        found: dict[str, list[tuple[RoleGrant, bool]]] = {}
        for grant in self.grants or ():
            for policy in grant.policies:
                found.setdefault(policy, []).append((grant, False))
            for policy in grant.conditional:
                found.setdefault(policy, []).append((grant, True))
        return found

    def status_of(self, permission: str) -> PermissionStatus:
        """Return the status of a permission, including wildcards. Case is ignored: the org's own documents differ in it."""
        listed = self.catalogue.get(permission.lower())
        policies = () if self.removed and covers(self.removed, permission) else covering(permission)
        found = [(policy, *entry) for policy in policies for entry in self._grants_by_policy.get(policy, ())]
        unconditional = [entry for entry in found if not entry[2]]
        counted = unconditional or found
        return PermissionStatus(
            permission,
            self._state(listed, bool(unconditional), bool(found)),
            roles=_unique(grant.role for _, grant, _ in counted),
            places=_unique(grant.place for _, grant, _ in counted),
            by=_unique(policy for policy, _, _ in counted),
            listed=listed,
        )

    def _state(self, listed: bool | None, is_unconditional: bool, is_found: bool) -> PermissionState:
        if self.grants is None:
            return PermissionState.UNREAD
        if listed is False:
            return PermissionState.UNLICENSED
        if is_found:
            return PermissionState.HELD if is_unconditional else PermissionState.CONDITION
        return PermissionState.HIDDEN if self.unread_roles else PermissionState.LACKING


def parse_client_permissions(data: object) -> ClientPermissions:
    """Parse `ConfigurationSync.permissions`. Missing or malformed parts count as not read."""
    stored = mapping(data)
    client = mapping(stored, "client")
    read = {key: text(value) for key, value in mapping(stored, "read").items()}
    grants = _grants(stored) if read.get(GRANTS_PART, "ok") == "ok" else None
    hidden = (grant.role for grant in grants or () if not grant.is_shown)
    return ClientPermissions(
        org=mapping(stored, "org"),
        client=client,
        grants=grants,
        unread_roles=_unique((*texts(stored, "unread_roles")[:MAX_POLICIES], *hidden)),
        catalogue={
            key.lower(): value for key, value in mapping(stored, "catalogue").items() if boolean(value) is not None
        },
        limits=_limits(stored),
        rate_left=count_at(stored, "rate_left"),
        divisions=count_at(stored, "divisions"),
        read=read,
        scopes=tuple(texts(client, "scopes")[:MAX_POLICIES]) if items(client, "scopes") is not None else None,
        token_seconds=count_at(client, "token_seconds"),
    )


def count_at(value: Any, *names: str) -> int | None:
    found = number(value, *names)
    return found if found is not None and found >= 0 else None


def _grants(stored: dict[str, Any]) -> tuple[RoleGrant, ...] | None:
    if items(stored, "grants") is None:
        return None
    return tuple(_grant(entry) for entry in mappings(stored, "grants")[:MAX_GRANTS])


def _grant(entry: dict[str, Any]) -> RoleGrant:
    return RoleGrant(
        role=text(entry, "role") or text(entry, "role_id") or "(no name)",
        division=text(entry, "division") or EVERY_DIVISION,
        division_name=text(entry, "division_name"),
        policies=frozenset(policy.lower() for policy in texts(entry, "policies")[:MAX_POLICIES]),
        conditional=frozenset(policy.lower() for policy in texts(entry, "conditional")[:MAX_POLICIES]),
        is_shown=items(entry, "policies") is not None,
        role_id=text(entry, "role_id"),
    )


def _limits(stored: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {
        namespace: {key: count for key, value in mapping(limits).items() if (count := count_at(value)) is not None}
        for namespace, limits in mapping(stored, "limits").items()
    }


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
