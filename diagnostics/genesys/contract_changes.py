"""What changed between two versions of the contract: in counts, and in words for the operations relied on."""

from dataclasses import dataclass

from diagnostics.genesys.contract import Contract
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.used_operations import RELIED_ON, relied_in, shape_of


@dataclass(frozen=True)
class OperationChange:
    """One operation that our checks rely on, and what is different about it, a sentence each."""

    method: str
    path: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Drift:
    """`added` and `removed` in the order of their paths; `changed` counts those that both have, told otherwise."""

    added: tuple[Operation, ...]
    removed: tuple[Operation, ...]
    changed: int
    relied: tuple[OperationChange, ...]

    @property
    def is_none(self) -> bool:
        return not (self.added or self.removed or self.changed or self.relied)


def drift(before: Contract, after: Contract) -> Drift:
    """Parameters' names do not count, and what one of the two sources does not tell is no change."""
    old = {shape_of(each.method, each.path): each for each in before.operations}
    new = {shape_of(each.method, each.path): each for each in after.operations}
    return Drift(
        added=tuple(each for shape, each in new.items() if shape not in old),
        removed=tuple(each for shape, each in old.items() if shape not in new),
        changed=sum(bool(_sentences(old[shape], new[shape])) for shape in old.keys() & new.keys()),
        relied=tuple(_relied(before, after)),
    )


def _relied(before: Contract, after: Contract) -> list[OperationChange]:
    old, new = relied_in(before), relied_in(after)
    changes = []
    for method, path in RELIED_ON:
        one, other = old.get(shape_of(method, path)), new.get(shape_of(method, path))
        if one and other and (sentences := _sentences(one, other)):
            changes.append(OperationChange(method, other.path, sentences))
        elif one and not other:
            changes.append(OperationChange(method, path, ("It is no longer published.",)))
        elif other and not one:
            changes.append(OperationChange(method, path, ("It is published now.",)))
    return changes


def _sentences(one: Operation, other: Operation) -> tuple[str, ...]:
    told = [
        _flag(one.deprecated, other.deprecated, "It is deprecated now.", "It is no longer deprecated."),
        _flag(one.preview, other.preview, "It is a preview now.", "It is no longer a preview."),
        _flag(one.has_body, other.has_body, "It takes a body now.", "It takes no body any more."),
        _flag(one.needs_token, other.needs_token, "It needs a token now.", "It needs no token any more."),
        _permissions(one, other),
        _scopes(one, other),
        ""
        if one.operation_id == other.operation_id
        else f"Its name was {one.operation_id}, and is {other.operation_id}.",
    ]
    return tuple(each for each in told if each)


def _flag(one: bool, other: bool, now: str, no_longer: str) -> str:
    return "" if one == other else now if other else no_longer


def _permissions(one: Operation, other: Operation) -> str:
    if "unknown" in (one.rule, other.rule):
        return ""
    same_rule = one.rule == other.rule or len(one.permissions) == len(other.permissions) == 1
    if set(one.permissions) == set(other.permissions) and same_rule:
        return ""
    return f"It asked for {_rights(one)}, and asks for {_rights(other)}."


def _rights(operation: Operation) -> str:
    names = ", ".join(operation.permissions)
    return f"{operation.rule} of {names}" if len(operation.permissions) > 1 else names or "no permission"


def _scopes(one: Operation, other: Operation) -> str:
    if "unknown" in (one.scopes_status, other.scopes_status) or set(one.scopes) == set(other.scopes):
        return ""
    was = "was taken to fit" if one.scopes_status == "inferred" else "fitted"
    return (
        f"A token's scope {' or '.join(one.scopes) or 'none'} {was}, now it is {' or '.join(other.scopes) or 'none'}."
    )
