"""The changes between two versions of the contract, described in detail for the operations that our checks use."""

from dataclasses import dataclass

from diagnostics.genesys.contract import Contract
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.used_operations import USED_OPERATIONS, shape_of, used_in


@dataclass(frozen=True)
class OperationChange:
    """The changes of one operation that our checks use, one sentence each."""

    method: str
    path: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Drift:
    """The changes of a contract. `changed` counts the operations that are in both versions and differ.

    `relied` has the changes of the operations that our checks use.
    """

    added: tuple[Operation, ...]
    removed: tuple[Operation, ...]
    changed: int
    relied: tuple[OperationChange, ...]

    @property
    def is_none(self) -> bool:
        return not (self.added or self.removed or self.changed or self.relied)


def drift(before: Contract, after: Contract) -> Drift:
    """Compare two versions. Parameter names are ignored, and so is a field that is unknown in either version."""
    old = {shape_of(*operation.key): operation for operation in before.operations}
    new = {shape_of(*operation.key): operation for operation in after.operations}
    return Drift(
        added=tuple(operation for shape, operation in new.items() if shape not in old),
        removed=tuple(operation for shape, operation in old.items() if shape not in new),
        changed=sum(bool(_sentences(old[shape], new[shape])) for shape in old.keys() & new.keys()),
        relied=tuple(_relied(before, after)),
    )


def _relied(before: Contract, after: Contract) -> list[OperationChange]:
    old, new = used_in(before), used_in(after)
    changes = []
    for method, path in USED_OPERATIONS:
        shape = shape_of(method, path)
        if shape in old and shape in new:
            if sentences := _sentences(old[shape], new[shape]):
                changes.append(OperationChange(method, new[shape].path, sentences))
        elif shape in old:
            changes.append(OperationChange(method, path, ("It is no longer published.",)))
        elif shape in new:
            changes.append(OperationChange(method, path, ("It is published now.",)))
    return changes


def _sentences(old: Operation, new: Operation) -> tuple[str, ...]:
    sentences = [
        _flag(old.deprecated, new.deprecated, "It is deprecated now.", "It is no longer deprecated."),
        _flag(old.preview, new.preview, "It is a preview now.", "It is no longer a preview."),
        _flag(old.has_body, new.has_body, "It takes a body now.", "It takes no body any more."),
        _flag(old.needs_token, new.needs_token, "It needs a token now.", "It needs no token any more."),
        _permissions(old, new),
        _scopes(old, new),
    ]
    if old.operation_id != new.operation_id:
        sentences.append(f"Its name was {old.operation_id}, and is {new.operation_id}.")
    return tuple(filter(None, sentences))


def _flag(old: bool, new: bool, now: str, no_longer: str) -> str:
    if old == new:
        return ""
    return now if new else no_longer


def _permissions(old: Operation, new: Operation) -> str:
    if "unknown" in (old.rule, new.rule):
        return ""
    is_same_rule = old.rule == new.rule or len(old.permissions) == len(new.permissions) == 1
    if set(old.permissions) == set(new.permissions) and is_same_rule:
        return ""
    return f"It asked for {_permission_names(old)}, and asks for {_permission_names(new)}."


def _permission_names(operation: Operation) -> str:
    names = ", ".join(operation.permissions)
    return f"{operation.rule} of {names}" if len(operation.permissions) > 1 else names or "no permission"


def _scopes(old: Operation, new: Operation) -> str:
    if "unknown" in (old.scopes_status, new.scopes_status) or set(old.scopes) == set(new.scopes):
        return ""
    was = "was taken to fit" if old.scopes_status == "inferred" else "fitted"
    return f"A token's scope {' or '.join(old.scopes) or 'none'} {was}, now it is {' or '.join(new.scopes) or 'none'}."
