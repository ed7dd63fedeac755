"""The rights of a client as its last reading kept them, read with care: any part may be missing or of another shape."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import product
from typing import Any

from diagnostics.genesys.fields import boolean, items, mapping, mappings, number, text, texts

EVERY_DIVISION = "*"
MOST_GRANTS = 2_000
MOST_POLICIES = 2_000  # of one grant
GRANTS_READ = "subjects/me"  # the part of the reading that tells the grants
RATE_NAMESPACE = "platform.api"
RATE_KEYS = ("client.credentials.token.rate.per.minute", "token.rate.per.minute")


class PermissionState(StrEnum):
    """How it stands with one permission. Only the first lets a call through for certain."""

    HELD = "held"
    CONDITION = "condition"  # held under a condition alone, which cannot be decided from outside
    LACKING = "lacking"  # no role of the client holds it
    UNLICENSED = "unlicensed"  # the org's catalogue does not have it, so no role can hold it
    HIDDEN = "hidden"  # it may be in a role whose contents the org did not show
    UNREAD = "unread"  # the grants could not be read at all


@dataclass(frozen=True)
class Given:
    """One role in one division. `conditional` are those of its policies that a condition narrows, `policies` the others.
    One whose contents the org did not show is not `is_shown`."""

    role: str
    division: str = EVERY_DIVISION
    division_name: str = ""
    policies: frozenset[str] = frozenset()
    conditional: frozenset[str] = frozenset()
    is_shown: bool = True

    @property
    def place(self) -> str:
        return "every division" if self.division == EVERY_DIVISION else self.division_name or self.division


@dataclass(frozen=True)
class Holds:
    """How the client stands with one permission, through which roles, and where. `listed` says whether the org's
    catalogue has it, None where that was not read; `by` are the policies that cover it, wildcards as they are written."""

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
        return any("*" in each for each in self.by)


@dataclass(frozen=True)
class Rights:
    """`grants` is None where they were not read. `scopes` is None where the token does not tell. What `taken` covers
    counts as held by no role: so it would be if it were taken away."""

    org: Mapping[str, Any] = field(default_factory=dict)
    client: Mapping[str, Any] = field(default_factory=dict)
    grants: tuple[Given, ...] | None = None
    unread_roles: tuple[str, ...] = ()
    catalogue: Mapping[str, bool] = field(default_factory=dict)
    limits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    rate_left: int | None = None
    divisions: int | None = None
    read: Mapping[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] | None = None
    token_seconds: int | None = None
    taken: str = ""

    @property
    def grant_type(self) -> str:
        return text(self.client, "grant_type")

    @property
    def is_machine(self) -> bool:
        """Client credentials: no user stands behind the token, and scopes play no part. So it is where nothing is told."""
        return not self.grant_type or "client" in self.grant_type.lower()

    @property
    def rate_allowed(self) -> int | None:
        """Requests in a minute, by the first of the limits that bind this kind of client."""
        told = self.limits.get(RATE_NAMESPACE, {})
        return next((told[key] for key in RATE_KEYS if key in told), None)

    @property
    def refused(self) -> tuple[tuple[str, str], ...]:
        """What could not be read, and what the org said."""
        return tuple((part, said) for part, said in self.read.items() if said != "ok")

    @cached_property
    def _held(self) -> dict[str, list[tuple[Given, bool]]]:
        """By policy, in lower case: who gives it, and whether under a condition."""
        found: dict[str, list[tuple[Given, bool]]] = {}
        for given in self.grants or ():
            for policy in given.policies:
                found.setdefault(policy, []).append((given, False))
            for policy in given.conditional:
                found.setdefault(policy, []).append((given, True))
        return found

    def holds(self, permission: str) -> Holds:
        """Wildcards count; case does not, because the org's own texts differ in it."""
        listed = self.catalogue.get(permission.lower())
        policies = () if self.taken and covers(self.taken, permission) else covering(permission)
        found = [(policy, *each) for policy in policies for each in self._held.get(policy, ())]
        firm = [each for each in found if not each[2]]
        counted = firm or found
        return Holds(
            permission,
            self._state(listed, bool(firm), bool(found)),
            roles=_names(given.role for _, given, _ in counted),
            places=_names(given.place for _, given, _ in counted),
            by=_names(policy for policy, _, _ in counted),
            listed=listed,
        )

    def _state(self, listed: bool | None, is_firm: bool, is_found: bool) -> PermissionState:
        if self.grants is None:
            return PermissionState.UNREAD
        if listed is False:
            return PermissionState.UNLICENSED
        if is_found:
            return PermissionState.HELD if is_firm else PermissionState.CONDITION
        return PermissionState.HIDDEN if self.unread_roles else PermissionState.LACKING


def covering(permission: str) -> tuple[str, ...]:
    """Every policy that gives the permission, in lower case: itself, and each form with wildcards in it."""
    parts = [dict.fromkeys((part, "*")) for part in (*permission.lower().split(":"), "", "")[:3]]
    return tuple(":".join(each) for each in product(*parts))


def covers(policy: str, permission: str) -> bool:
    """Whether a policy, perhaps with wildcards, gives the permission."""
    return policy.lower() in covering(permission)


def read_rights(data: object) -> Rights:
    """From `Snapshot.rights`. What is missing or of an odd shape counts as not read."""
    told = mapping(data)
    client = mapping(told, "client")
    read = {key: text(value) for key, value in mapping(told, "read").items()}
    grants = _grants(told) if read.get(GRANTS_READ, "ok") == "ok" else None
    hidden = (each.role for each in grants or () if not each.is_shown)
    return Rights(
        org=mapping(told, "org"),
        client=client,
        grants=grants,
        unread_roles=_names((*texts(told, "unread_roles")[:MOST_POLICIES], *hidden)),
        catalogue={
            key.lower(): value for key, value in mapping(told, "catalogue").items() if boolean(value) is not None
        },
        limits=_limits(told),
        rate_left=count_in(told, "rate_left"),
        divisions=count_in(told, "divisions"),
        read=read,
        scopes=tuple(texts(client, "scopes")[:MOST_POLICIES]) if items(client, "scopes") is not None else None,
        token_seconds=count_in(client, "token_seconds"),
    )


def count_in(value: Any, *names: str) -> int | None:
    found = number(value, *names)
    return found if found is not None and found >= 0 else None


def _grants(told: dict[str, Any]) -> tuple[Given, ...] | None:
    if items(told, "grants") is None:
        return None
    return tuple(_given(each) for each in mappings(told, "grants")[:MOST_GRANTS])


def _given(entry: dict[str, Any]) -> Given:
    return Given(
        role=text(entry, "role") or text(entry, "role_id") or "(no name)",
        division=text(entry, "division") or EVERY_DIVISION,
        division_name=text(entry, "division_name"),
        policies=frozenset(each.lower() for each in texts(entry, "policies")[:MOST_POLICIES]),
        conditional=frozenset(each.lower() for each in texts(entry, "conditional")[:MOST_POLICIES]),
        is_shown=items(entry, "policies") is not None,
    )


def _limits(told: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {
        namespace: {key: count for key, each in mapping(limits).items() if (count := count_in(each)) is not None}
        for namespace, limits in mapping(told, "limits").items()
    }


def _names(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
