"""Reference of the checks, built from their declarations: requests, permissions, inputs, and the smallest role for all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from diagnostics.checks.base import Check
from diagnostics.engine.fixes import admin_notation
from diagnostics.genesys import gateway
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.operation import Operation

INPUTS = {
    "call": "the call that failed",
    "answer": "the response it got",
    "conversation": "a conversation ID",
    "start": "an admin's confirmation for this run",
}
GATEWAY_PATHS = frozenset(operation.path for operation in gateway.OPERATIONS)


@dataclass(frozen=True)
class Permission:
    """A permission in the API's notation and, as `admin`, in that of the admin pages."""

    api: str

    @property
    def admin(self) -> str:
        return admin_notation(self.api)


@dataclass(frozen=True)
class Read:
    """A request that a check may send, or a description of another kind of lookup such as DNS.

    `rule` is "any" if one of the permissions is enough, "unknown" if the contract doesn't say.
    """

    text: str
    permissions: tuple[Permission, ...] = ()
    rule: str = "none"
    at_gateway: bool = False

    @property
    def is_request(self) -> bool:
        return self.text.startswith(("GET ", "HEAD ", "POST "))

    @property
    def is_write(self) -> bool:
        return self.is_request and not self.text.startswith(("GET ", "HEAD ", "POST /oauth/"))

    @property
    def is_any(self) -> bool:
        """The path depends on the call that is diagnosed."""
        return self.text.endswith("*")


@dataclass(frozen=True)
class CheckEntry:
    """One check as the page shows it. `inputs` holds descriptions, `after` the titles of other checks."""

    id: str
    title: str
    node: str
    inputs: tuple[str, ...]
    after: tuple[str, ...]
    reads: tuple[Read, ...]
    is_last: bool
    if_all_right: bool


@dataclass(frozen=True)
class RolePermission:
    """A permission of the smallest role, and the titles of the checks that are inconclusive without it."""

    permission: Permission
    checks: tuple[str, ...]


def entries_of(checks: Iterable[Check], contract: Contract) -> tuple[CheckEntry, ...]:
    checks = list(checks)
    titles = {check.id: check.title for check in checks}
    return tuple(_check_entry(check, titles, contract) for check in checks)


def smallest_role(entries: Iterable[CheckEntry]) -> tuple[RolePermission, ...]:
    """The fewest permissions that allow every read, and no write.

    If any one of several permissions is enough, one that another read needs anyway is preferred.
    """
    titles: dict[str, list[str]] = {}
    reads = [(entry, read) for entry in entries for read in entry.reads if read.permissions and not read.is_write]
    for entry, read in sorted(reads, key=lambda pair: pair[1].rule == "any" and len(pair[1].permissions) > 1):
        for permission in _needed_permissions(read, titles):
            titles.setdefault(permission, []).append(entry.title)
    return tuple(RolePermission(Permission(name), tuple(dict.fromkeys(titles[name]))) for name in sorted(titles))


def _needed_permissions(read: Read, chosen: Iterable[str]) -> Sequence[str]:
    names = [permission.api for permission in read.permissions]
    if read.rule != "any":
        return names
    return [next((name for name in names if name in chosen), names[0])]


def _check_entry(check: Check, titles: dict[str, str], contract: Contract) -> CheckEntry:
    return CheckEntry(
        id=check.id,
        title=check.title,
        node=check.node,
        inputs=tuple(INPUTS[need] for need in check.needs),
        after=tuple(titles.get(check_id, check_id) for check_id in check.after),
        reads=tuple(_read(read, contract) for read in check.reads),
        is_last=check.last,
        if_all_right=check.if_all_right,
    )


def _read(text: str, contract: Contract) -> Read:
    method, _, path = text.partition(" ")
    if path in GATEWAY_PATHS:
        return Read(text, at_gateway=True)
    operation: Operation | None = contract.operation(method, path)
    if operation is None:
        return Read(text)
    return Read(text, tuple(map(Permission, operation.permissions)), operation.rule)
