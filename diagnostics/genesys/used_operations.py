"""The operations that our checks send, or judge a call by; what is published of them must not change unseen."""

import re
from dataclasses import replace

from diagnostics.genesys.contract import Contract
from diagnostics.genesys.operation import Operation

RELIED_ON = (
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
    """The same for two paths that differ only in what their parameters are called."""
    return method, re.sub(r"\{[^{}]*\}", "{}", path)


OUR_PATHS = {shape_of(method, path): path for method, path in RELIED_ON}


def with_our_names(operation: Operation) -> Operation:
    """The same with its parameters called as we call them, since our checks look these up by their path."""
    ours = OUR_PATHS.get(shape_of(*operation.key))
    return replace(operation, path=ours) if ours else operation


def relied_in(contract: Contract) -> dict[tuple[str, str], Operation]:
    """By shape, those of the operations relied on that the contract has."""
    wanted = {shape_of(*each) for each in RELIED_ON}
    found = {shape_of(each.method, each.path): each for each in contract.operations}
    return {shape: found[shape] for shape in wanted if shape in found}


def missing_in(contract: Contract) -> list[str]:
    """Method and path of those that the contract lacks, in our order."""
    there = relied_in(contract)
    return [f"{method} {path}" for method, path in RELIED_ON if shape_of(method, path) not in there]
