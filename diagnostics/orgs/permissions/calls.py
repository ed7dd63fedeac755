"""Evaluates which API operations a client can call with its permissions."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from diagnostics.genesys.operation import Operation
from diagnostics.orgs.permissions.synced import ClientPermissions, PermissionState, PermissionStatus


class Access(StrEnum):
    YES = "may"
    CONDITION = "condition"
    NO = "may_not"
    UNKNOWN = "unknown"


REASON_TEXTS = {
    Access.YES: "Allowed",
    Access.CONDITION: "Allowed under a condition",
    Access.NO: "Denied",
    Access.UNKNOWN: "Unknown",
}


@dataclass(frozen=True)
class CallAccess:
    """An operation and whether the client can call it.

    `code` is a key of REASONS. `places` are the divisions that the call is limited to; empty means no limit.
    """

    operation: Operation
    access: Access
    code: str
    needs: tuple[PermissionStatus, ...] = ()
    places: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        return REASONS[self.code]


REASONS = {
    "no_token": "No token needed.",
    "none_needed": "No permission needed.",
    "held": "The client has the permission.",
    "apart": "The client has the permissions, but not together in one division.",
    "conditional": "The client has the permission only under a condition, which we can't evaluate.",
    "user_needed": "The call needs a user's token, and this client has none.",
    "scope_missing": "The token has none of the required scopes.",
    "lacking": "No role of the client includes the permission.",
    "unlicensed": "The org's catalog doesn't have the permission: it's a matter of license, not of roles.",
    "hidden": "The permission may be in a role whose contents the org doesn't show.",
    "unread": "The client's permissions couldn't be read.",
    "not_told": "This version of the API reference doesn't say which permission the call needs.",
}


def evaluate_calls(operations: Iterable[Operation], permissions: ClientPermissions) -> list[CallAccess]:
    """Evaluate the operations in order. The status of each permission is computed once."""
    status_of = cache(permissions.status_of)
    return [_evaluate(operation, permissions, tuple(map(status_of, operation.permissions))) for operation in operations]


def count_by_access(calls: Iterable[CallAccess]) -> dict[Access, int]:
    found = Counter(call.access for call in calls)
    return {access: found[access] for access in Access}


def _evaluate(operation: Operation, permissions: ClientPermissions, needs: tuple[PermissionStatus, ...]) -> CallAccess:
    if not operation.needs_token:
        return CallAccess(operation, Access.YES, "no_token")
    if permissions.is_machine and (operation.user_only or "logged in user" in operation.summary.lower()):
        return CallAccess(operation, Access.NO, "user_needed", needs)
    if _lacks_scope(operation, permissions):
        return CallAccess(operation, Access.NO, "scope_missing", needs)
    if operation.rule == "unknown":
        return CallAccess(operation, Access.UNKNOWN, "not_told")
    if not needs:
        return CallAccess(operation, Access.YES, "none_needed")
    return _any_of(operation, needs) if operation.rule == "any" else _all_of(operation, needs)


def _any_of(operation: Operation, needs: tuple[PermissionStatus, ...]) -> CallAccess:
    states = {need.state for need in needs}
    if PermissionState.HELD in states:
        held = [need for need in needs if need.state == PermissionState.HELD]
        is_everywhere = any(need.is_everywhere for need in held)
        places = () if is_everywhere else tuple(dict.fromkeys(place for need in held for place in need.places))
        return CallAccess(operation, Access.YES, "held", needs, places)
    for state, access, code in (
        (PermissionState.UNREAD, Access.UNKNOWN, "unread"),
        (PermissionState.HIDDEN, Access.UNKNOWN, "hidden"),
        (PermissionState.CONDITION, Access.CONDITION, "conditional"),
    ):
        if state in states:
            return CallAccess(operation, access, code, needs, _divisions(needs))
    return CallAccess(
        operation, Access.NO, "unlicensed" if states == {PermissionState.UNLICENSED} else "lacking", needs
    )


def _all_of(operation: Operation, needs: tuple[PermissionStatus, ...]) -> CallAccess:
    states = {need.state for need in needs}
    for state, access, code in (
        (PermissionState.UNREAD, Access.UNKNOWN, "unread"),
        (PermissionState.UNLICENSED, Access.NO, "unlicensed"),
        (PermissionState.LACKING, Access.NO, "lacking"),
        (PermissionState.HIDDEN, Access.UNKNOWN, "hidden"),
        (PermissionState.CONDITION, Access.CONDITION, "conditional"),
    ):
        if state in states:
            return CallAccess(operation, access, code, needs, _divisions(needs))
    limited = [need.places for need in needs if not need.is_everywhere]
    places = tuple(place for place in limited[0] if all(place in others for others in limited)) if limited else ()
    if limited and not places:
        return CallAccess(operation, Access.CONDITION, "apart", needs)
    return CallAccess(operation, Access.YES, "held", needs, places)


def _divisions(needs: tuple[PermissionStatus, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(place for need in needs for place in need.places if not need.is_everywhere))


def _lacks_scope(operation: Operation, permissions: ClientPermissions) -> bool:
    """Return whether the token lacks a verified scope. Scopes don't apply to client credentials."""
    if (
        permissions.is_machine
        or permissions.scopes is None
        or operation.scopes_status != "verified"
        or not operation.scopes
    ):
        return False
    return not set(operation.scopes) & set(permissions.scopes)
