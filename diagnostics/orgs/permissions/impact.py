"""What depends on a permission: checks, API calls, and what a client would lose without it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from diagnostics.engine.check_reference import CheckEntry
from diagnostics.engine.facts import MEDIA, STARTING
from diagnostics.genesys.documents.grants import covers
from diagnostics.genesys.operation import Operation
from diagnostics.orgs.permissions.calls import Access, evaluate_calls
from diagnostics.orgs.permissions.synced import ClientPermissions, PermissionState

MAX_LENGTH = 200
PARTS = re.compile(r"(?:[\w*]+:){2}[\w*]+", re.ASCII)


@dataclass(frozen=True)
class DependentCheck:
    """A check that needs the permission. Any of `others` also suffices."""

    title: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class DependentCall:
    """An operation that needs the permission. Any of `others` also suffices; empty if there is no alternative."""

    operation: Operation
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class RemovalImpact:
    """What a client would lose without the permission.

    `lost` operations fail, `unaffected` ones are still allowed by `alternatives`, and `uncertain` ones depend on a
    condition. `media` are the kinds of session that couldn't be started any more.
    """

    lost: tuple[Operation, ...]
    unaffected: tuple[Operation, ...]
    uncertain: tuple[Operation, ...]
    alternatives: tuple[str, ...]
    media: tuple[str, ...] = ()


def parse_permission(text: str) -> str:
    """Parse a permission in API or menu notation. Returns "" if the text isn't a permission."""
    joined = re.sub(r"\s*[>:]\s*", ":", text.strip()[:MAX_LENGTH])
    return joined if PARTS.fullmatch(joined) else ""


def canonical_name(permission: str, known: Iterable[str]) -> str:
    """Return the platform's spelling if it is known. Syncs store permissions in lower case."""
    return next((name for name in known if name.lower() == permission.lower()), permission)


def dependent_checks(permission: str, entries: Iterable[CheckEntry]) -> tuple[DependentCheck, ...]:
    """Return the checks that make a read request that needs the permission, with its alternatives."""
    found: dict[str, set[str]] = {}
    for entry in entries:
        for read in entry.reads:
            names = {needed.api for needed in read.permissions}
            others = {name for name in names if not covers(permission, name)}
            if read.is_write or names == others:
                continue
            alternatives = others if read.rule == "any" else set()
            found[entry.title] = found.get(entry.title, alternatives) & alternatives
    return tuple(DependentCheck(title, tuple(sorted(others))) for title, others in found.items())


def dependent_calls(permission: str, operations: Iterable[Operation]) -> tuple[DependentCall, ...]:
    """Return the operations that need the permission, in order."""
    found = []
    for operation in operations:
        others = tuple(name for name in operation.permissions if not covers(permission, name))
        if len(others) < len(operation.permissions):
            found.append(DependentCall(operation, others if operation.rule == "any" else ()))
    return tuple(found)


def removal_impact(permission: str, permissions: ClientPermissions, calls: Iterable[DependentCall]) -> RemovalImpact:
    """Compute what is lost without exactly this permission. Other permissions of the same wildcard stay."""
    operations = [call.operation for call in calls]
    reduced = replace(permissions, removed=permission)
    before = evaluate_calls(operations, permissions)
    after = evaluate_calls(operations, reduced)
    affected = [new for old, new in zip(before, after, strict=True) if old.access != Access.NO]
    unaffected = [call for call in affected if call.access == Access.YES]
    return RemovalImpact(
        lost=tuple(call.operation for call in affected if call.access == Access.NO),
        unaffected=tuple(call.operation for call in unaffected),
        uncertain=tuple(call.operation for call in affected if call.access in (Access.CONDITION, Access.UNKNOWN)),
        alternatives=tuple(
            dict.fromkeys(
                need.permission for call in unaffected for need in call.needs if need.state == PermissionState.HELD
            )
        ),
        media=_media_lost(permissions, reduced),
    )


def _media_lost(before: ClientPermissions, after: ClientPermissions) -> tuple[str, ...]:
    allowed = (PermissionState.HELD, PermissionState.CONDITION)
    return tuple(
        medium
        for name, medium in zip(STARTING, MEDIA, strict=True)
        if before.status_of(name).state in allowed and after.status_of(name).state not in allowed
    )
