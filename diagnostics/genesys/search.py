"""Searches the operations of a contract by words of their path, ID, permissions or summary."""

from diagnostics.genesys.contract import Contract
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.used_operations import USED_OPERATIONS, shape_of

LONGEST = 200  # characters of a query
SHOWN = {
    "": "All operations",
    "relied": "Those our checks rely on",
    "deprecated": "Deprecated ones",
    "preview": "Previews",
    "permissions": "Those with permissions known",
}


def search(contract: Contract, words: str = "", shown: str = "") -> list[Operation]:
    """The operations that contain every word, ignoring case, in the order of the contract. `shown` is a key of SHOWN."""
    query = words[:LONGEST].lower().split()
    return [operation for operation in contract.operations if _is_shown(operation, shown) and _has(operation, query)]


def _has(operation: Operation, words: list[str]) -> bool:
    if not words:
        return True
    parts = (
        operation.method,
        operation.path,
        operation.operation_id,
        operation.python_name,
        *operation.permissions,
        *operation.scopes,
        operation.summary,
    )
    text = " ".join(parts).lower()
    return all(word in text for word in words)


def _is_shown(operation: Operation, shown: str) -> bool:
    match shown:
        case "relied":
            return shape_of(*operation.key) in USED_SHAPES
        case "deprecated":
            return operation.deprecated
        case "preview":
            return operation.preview
        case "permissions":
            return operation.rule in ("any", "all")
    return True


USED_SHAPES = frozenset(shape_of(method, path) for method, path in USED_OPERATIONS)
