"""The operations that our checks call or compare a call with. We watch the contract for changes to them."""

import re
from dataclasses import replace

from diagnostics.genesys.contract import Contract
from diagnostics.genesys.operation import Operation

USED_OPERATIONS = (
    ("POST", "/api/v2/conversations/{conversationId}/cobrowse"),
    ("GET", "/api/v2/conversations/{conversationId}"),
    ("GET", "/api/v2/analytics/conversations/{conversationId}/details"),
    ("GET", "/api/v2/tokens/me"),
    ("GET", "/api/v2/authorization/subjects/me"),
    ("GET", "/api/v2/authorization/roles/{roleId}"),
    ("GET", "/api/v2/authorization/permissions"),
    ("GET", "/api/v2/webdeployments/deployments"),
    ("GET", "/api/v2/webdeployments/deployments/{deploymentId}/configurations"),
)


def shape_of(method: str, path: str) -> tuple[str, str]:
    """The method and path without parameter names."""
    return method, re.sub(r"\{[^{}]*\}", "{}", path)


OUR_PATHS = {shape_of(method, path): path for method, path in USED_OPERATIONS}


def with_our_names(operation: Operation) -> Operation:
    """The operation with our parameter names, because our checks look it up by its path."""
    path = OUR_PATHS.get(shape_of(*operation.key))
    return replace(operation, path=path) if path else operation


def used_in(contract: Contract) -> dict[tuple[str, str], Operation]:
    """The used operations that the contract has, by shape."""
    operations = {shape_of(*operation.key): operation for operation in contract.operations}
    return {shape: operations[shape] for shape in OUR_PATHS if shape in operations}


def missing_in(contract: Contract) -> list[str]:
    """The method and path of each used operation that the contract doesn't have."""
    present = used_in(contract)
    return [f"{method} {path}" for method, path in USED_OPERATIONS if shape_of(method, path) not in present]
