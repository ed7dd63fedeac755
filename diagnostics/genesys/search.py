"""Finds operations of a contract by words of their path, id, permissions or summary."""

from diagnostics.genesys.contract import Contract
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.used_operations import RELIED_ON, shape_of

LONGEST = 200  # characters of what is looked for
SHOWN = {
    "": "All operations",
    "relied": "Those our checks rely on",
    "deprecated": "Deprecated ones",
    "preview": "Previews",
    "permissions": "Those with permissions known",
}


def search(contract: Contract, words: str = "", shown: str = "") -> list[Operation]:
    """All that hold every word, in any case, in the order of their paths."""
    wanted = words[:LONGEST].lower().split()
    return [each for each in contract.operations if _is_shown(each, shown) and _has(each, wanted)]


def _has(operation: Operation, wanted: list[str]) -> bool:
    if not wanted:
        return True
    rights = " ".join((*operation.permissions, *operation.scopes))
    told = f"{operation.method} {operation.path} {operation.operation_id} {operation.python_name} {rights} {operation.summary}"
    return all(word in told.lower() for word in wanted)


def _is_shown(operation: Operation, shown: str) -> bool:
    match shown:
        case "relied":
            return shape_of(*operation.key) in RELIED_SHAPES
        case "deprecated":
            return operation.deprecated
        case "preview":
            return operation.preview
        case "permissions":
            return operation.rule in ("any", "all")
    return True


RELIED_SHAPES = frozenset(shape_of(*each) for each in RELIED_ON)
