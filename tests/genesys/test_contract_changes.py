"""What counts as a change between two contracts, and what does not."""

from dataclasses import replace
from typing import Any

import pytest

from diagnostics.checks.base import all_checks
from diagnostics.genesys.contract import Contract, bundled
from diagnostics.genesys.contract_changes import drift
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.used_operations import USED_OPERATIONS, missing_in

START = "/api/v2/conversations/{conversationId}/cobrowse"


def contract(operations: list[Operation]) -> Contract:
    return Contract(operations, version="x", date="2026-01-01", source="test")


def changed(**values: Any) -> Contract:
    return contract([replace(each, **values) if each.path == START else each for each in bundled().operations])


def test_the_same_contract_has_no_drift() -> None:
    assert drift(bundled(), contract(list(bundled().operations))).is_none


def test_every_published_operation_that_a_check_reads_is_relied_on() -> None:
    reads = {tuple(read.split(" ", 1)) for check in all_checks() for read in check.reads}
    published = {each.key for each in bundled().operations}
    assert reads & published == set(USED_OPERATIONS)


def test_the_bundled_contract_has_all_that_is_relied_on() -> None:
    assert missing_in(bundled()) == []
    assert missing_in(contract([])) == [f"{method} {path}" for method, path in USED_OPERATIONS]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"deprecated": True}, "deprecated"),
        ({"has_body": True}, "body"),
        ({"needs_token": False}, "token"),
        ({"permissions": ("conversation:cobrowse:add",)}, "asks for conversation:cobrowse:add."),
        ({"rule": "all"}, "all of"),
        ({"scopes": ("cobrowse",), "scopes_status": "verified"}, "scope"),
        ({"operation_id": "postOther"}, "postOther"),
    ],
)
def test_a_change_of_what_is_relied_on_is_reported(values: dict[str, Any], word: str) -> None:
    found = drift(bundled(), changed(**values))
    (only,) = found.relied
    assert (only.method, only.path, found.changed) == ("POST", START, 1)
    assert word in only.sentences[0]


@pytest.mark.parametrize(
    "values",
    [
        {"path": START.replace("conversationId", "id")},
        {"summary": "Told otherwise"},
        {"rule": "unknown", "permissions": ()},
        {"scopes_status": "verified"},
        {"scopes_status": "unknown", "scopes": ()},
    ],
)
def test_what_is_only_reported_otherwise_is_no_change(values: dict[str, Any]) -> None:
    assert drift(bundled(), changed(**values)).is_none


def test_operations_that_come_and_go_are_counted_and_named() -> None:
    rest = [each for each in bundled().operations if each.path != START]
    gone, come = drift(bundled(), contract(rest)), drift(contract(rest), bundled())
    assert [each.path for each in gone.removed] == [each.path for each in come.added] == [START]
    assert gone.relied[0].sentences == ("It is no longer published.",)
    assert come.relied[0].sentences == ("It is published now.",)
