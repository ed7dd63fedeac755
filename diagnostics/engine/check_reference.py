"""What each check asks, what it needs, and the smallest role for all of them: told by the checks themselves."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from diagnostics.checks.base import Check
from diagnostics.engine.fixes import admin_notation
from diagnostics.genesys import gateway
from diagnostics.genesys.contract import Contract, Operation

INPUTS = {
    "call": "the call that failed",
    "answer": "the answer it got",
    "conversation": "a conversation id",
    "start": "an admin's confirmation, typed anew for each run",
}
GATEWAY_PATHS = frozenset(each.path for each in gateway.OPERATIONS)


@dataclass(frozen=True)
class Permission:
    """One permission in both notations."""

    api: str

    @property
    def admin(self) -> str:
        return admin_notation(self.api)


@dataclass(frozen=True)
class Read:
    """One thing that a check may ask. `rule` says how its permissions count, "unknown" where the contract does not."""

    words: str
    permissions: tuple[Permission, ...] = ()
    rule: str = "none"
    at_gateway: bool = False

    @property
    def is_request(self) -> bool:
        return self.words.startswith(("GET ", "HEAD ", "POST "))

    @property
    def is_write(self) -> bool:
        return self.is_request and not self.words.startswith(("GET ", "HEAD ", "POST /oauth/"))

    @property
    def is_any(self) -> bool:
        """Which path it is depends on the call."""
        return self.words.endswith("*")


@dataclass(frozen=True)
class Entry:
    """One check as the page tells it. `inputs` and `after` are in the reader's words."""

    id: str
    title: str
    version: int
    inputs: tuple[str, ...]
    after: tuple[str, ...]
    reads: tuple[Read, ...]
    is_last: bool
    if_all_right: bool


@dataclass(frozen=True)
class CheckArea:
    name: str
    question: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Needed:
    """A permission of the smallest role, and the titles of the checks that stay untold without it."""

    permission: Permission
    checks: tuple[str, ...]


def areas(checks: Iterable[Check], contract: Contract) -> tuple[CheckArea, ...]:
    """The checks by their files; the first line of a file is the question that it answers."""
    listed = list(checks)
    titles = {each.id: each.title for each in listed}
    grouped = groupby(listed, key=lambda each: each.id.split(".", 1)[0])
    return tuple(
        CheckArea(name, _question(found[0]), tuple(_entry(each, titles, contract) for each in found))
        for name, group in grouped
        if (found := list(group))
    )


def smallest_role(found: Iterable[CheckArea]) -> tuple[Needed, ...]:
    """As few permissions as let every read through, and nothing that writes: of those of which any is enough, one that is there already."""
    told: dict[str, list[str]] = {}
    entries = [entry for area in found for entry in area.entries]
    reads = [(entry, read) for entry in entries for read in entry.reads if read.permissions and not read.is_write]
    for entry, read in sorted(reads, key=lambda each: each[1].rule == "any" and len(each[1].permissions) > 1):
        for permission in _enough(read, told):
            told.setdefault(permission, []).append(entry.title)
    return tuple(Needed(Permission(each), tuple(dict.fromkeys(told[each]))) for each in sorted(told))


def _enough(read: Read, chosen: Iterable[str]) -> Sequence[str]:
    names = [each.api for each in read.permissions]
    if read.rule != "any":
        return names
    return [next((each for each in names if each in chosen), names[0])]


def _question(check: Check) -> str:
    return (sys.modules[check.run.__module__].__doc__ or "").strip().partition("\n")[0]


def _entry(check: Check, titles: dict[str, str], contract: Contract) -> Entry:
    return Entry(
        id=check.id,
        title=check.title,
        version=check.version,
        inputs=tuple(INPUTS[each] for each in check.needs),
        after=tuple(titles.get(each, each) for each in check.after),
        reads=tuple(_read(each, contract) for each in check.reads),
        is_last=check.last,
        if_all_right=check.if_all_right,
    )


def _read(words: str, contract: Contract) -> Read:
    method, _, path = words.partition(" ")
    if path in GATEWAY_PATHS:
        return Read(words, at_gateway=True)
    operation: Operation | None = contract.operation(method, path)
    if operation is None:
        return Read(words)
    return Read(words, tuple(map(Permission, operation.permissions)), operation.rule)
