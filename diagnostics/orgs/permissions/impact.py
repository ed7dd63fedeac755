"""What hangs on one permission: the checks that read with it, the calls that ask for it, and who could do without."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from diagnostics.engine.check_reference import CheckArea
from diagnostics.engine.environment import MEDIA, STARTING
from diagnostics.genesys.operation import Operation
from diagnostics.orgs.permissions.calls import May, judge_calls
from diagnostics.orgs.permissions.synced import PermissionState, Rights, covers

LONGEST = 200
PARTS = re.compile(r"(?:[\w*]+:){2}[\w*]+", re.ASCII)


@dataclass(frozen=True)
class DependentCheck:
    """A check that reads with the permission. `others` would each do instead."""

    title: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asker:
    """An operation that asks for the permission. `others` would each do instead, () where it cannot do without."""

    operation: Operation
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Without:
    """What a client could no longer do if it held the permission no more: `lost` for certain, `kept` by another
    permission, and `unsure` where it depends on a condition. `media` are those by which no session could be started any
    more, whatever other call is kept: each of the two permissions serves one of them."""

    lost: tuple[Operation, ...]
    kept: tuple[Operation, ...]
    unsure: tuple[Operation, ...]
    kept_by: tuple[str, ...]
    media: tuple[str, ...] = ()


def permission_in(text: str) -> str:
    """The permission that a text names, in either notation; "" where it is none."""
    joined = re.sub(r"\s*[>:]\s*", ":", text.strip()[:LONGEST])
    return joined if PARTS.fullmatch(joined) else ""


def spelled(permission: str, known: Iterable[str]) -> str:
    """As the platform itself writes it, where that is known: readings keep permissions in lower case."""
    return next((each for each in known if each.lower() == permission.lower()), permission)


def readers_of(permission: str, areas: Iterable[CheckArea]) -> tuple[DependentCheck, ...]:
    """The checks with a read that asks for it. Where one of several is enough, the others are named."""
    found: dict[str, set[str]] = {}
    for entry in (entry for area in areas for entry in area.entries):
        for read in entry.reads:
            names = {each.api for each in read.permissions}
            others = {each for each in names if not covers(permission, each)}
            if read.is_write or names == others:
                continue
            enough = others if read.rule == "any" else set()
            found[entry.title] = found.get(entry.title, enough) & enough
    return tuple(DependentCheck(title, tuple(sorted(others))) for title, others in found.items())


def askers_of(permission: str, operations: Iterable[Operation]) -> tuple[Asker, ...]:
    """In the order given."""
    found = []
    for each in operations:
        others = tuple(name for name in each.permissions if not covers(permission, name))
        if len(others) < len(each.permissions):
            found.append(Asker(each, others if each.rule == "any" else ()))
    return tuple(found)


def without(permission: str, rights: Rights, askers: Iterable[Asker]) -> Without:
    """Only this permission is taken away: what a wildcard gives beside it stays."""
    operations = [each.operation for each in askers]
    before = judge_calls(operations, rights)
    after = judge_calls(operations, replace(rights, taken=permission))
    left = [other for one, other in zip(before, after, strict=True) if one.may != May.NO]
    kept = [each for each in left if each.may == May.YES]
    by = dict.fromkeys(need.permission for call in kept for need in call.needs if need.state == PermissionState.HELD)
    return Without(
        lost=tuple(each.operation for each in left if each.may == May.NO),
        kept=tuple(each.operation for each in kept),
        unsure=tuple(each.operation for each in left if each.may in (May.CONDITION, May.UNKNOWN)),
        kept_by=tuple(by),
        media=_media_lost(rights, replace(rights, taken=permission)),
    )


def _media_lost(before: Rights, after: Rights) -> tuple[str, ...]:
    firm = (PermissionState.HELD, PermissionState.CONDITION)
    return tuple(
        medium
        for name, medium in zip(STARTING, MEDIA, strict=True)
        if before.holds(name).state in firm and after.holds(name).state not in firm
    )
