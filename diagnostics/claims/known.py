"""Facts that the contract doesn't contain: scopes, permissions, headers, hosts, SDK names and states."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from diagnostics.genesys.contract import Contract

DATA = Path(__file__).with_name("known.json")
READONLY = ":readonly"


@cache
def known(subject: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))[subject]
    return facts


@cache
def scopes() -> frozenset[str]:
    """The scopes that an official source lists."""
    listed = known("scopes")
    return frozenset([*listed["alone"], *(name for scope in listed["both"] for name in (scope, scope + READONLY))])


def scopes_in(contract: Contract) -> frozenset[str]:
    """The scopes that the contract lists for its operations, if its source documents them."""
    return frozenset(scope for op in contract.operations if op.scopes_status == "verified" for scope in op.scopes)


def permissions_in(contract: Contract) -> frozenset[str]:
    """The permissions in the contract and in the help pages, as domain:entity:action."""
    named = {permission for operation in contract.operations for permission in operation.permissions}
    return frozenset(named | set(known("permissions")["names"]))


def source_of(contract: Contract) -> str:
    return f"published contract, {contract.version} of {contract.date}"
