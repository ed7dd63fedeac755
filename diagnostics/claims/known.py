"""What is known beside the contract's operations: scopes, permissions, headers, hosts, names and states, as data."""

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
    """The scope names that an official source names."""
    listed = known("scopes")
    return frozenset([*listed["alone"], *(name for each in listed["both"] for name in (each, each + READONLY))])


def scopes_in(contract: Contract) -> frozenset[str]:
    """Those that the contract itself attaches to an operation, where its source told."""
    return frozenset(s for each in contract.operations if each.scopes_status == "verified" for s in each.scopes)


def permissions_in(contract: Contract) -> frozenset[str]:
    """In the API's notation, out of the contract and of the help pages."""
    named = {permission for each in contract.operations for permission in each.permissions}
    return frozenset(named | set(known("permissions")["names"]))


def source_of(contract: Contract) -> str:
    return f"published contract, {contract.version} of {contract.date}"
