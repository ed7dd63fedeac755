"""Every request of every scenario was declared by the check that made it."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from diagnostics.checks.base import all_checks
from diagnostics.demo.scenarios import scenarios
from diagnostics.demo.server import Running, start
from diagnostics.genesys import client as genesys
from tests.builders.demo_diagnosis import diagnose


@pytest.fixture(scope="module")
def orgs() -> Iterator[Running]:
    running, before = start(), settings.GENESYS_ENDPOINTS
    settings.GENESYS_ENDPOINTS = {**before, **running.endpoints}
    yield running
    settings.GENESYS_ENDPOINTS = before
    running.stop()


@pytest.fixture(scope="module")
def requested(orgs: Running) -> set[tuple[str, str]]:
    """(check, path) of all that the checks asked in all scenarios, also where an earlier check had the answer."""
    found: set[tuple[str, str]] = set()
    once: Callable[..., Any] = genesys.GenesysClient._once

    def remember(self: genesys.GenesysClient, key: str, ask: Callable[[], Any]) -> Any:
        lane = genesys._lane.get()
        if lane is not None and key != "token":
            found.add((lane.check_id, urlsplit(key).path))
        return once(self, key, ask)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(genesys.GenesysClient, "_once", remember)
        for reported in scenarios():
            diagnose(orgs, reported)
    return found


def fits(read: str, path: str) -> bool:
    wanted, given = read.removeprefix("GET ").split("/"), path.split("/")
    if wanted[-1] == "*":
        wanted, given = wanted[:-1], given[: len(wanted) - 1]
    return len(wanted) == len(given) and all(w == g or w.startswith("{") for w, g in zip(wanted, given, strict=True))


def test_no_check_asks_what_it_did_not_declare(requested: set[tuple[str, str]]) -> None:
    declared = {check.id: check.reads for check in all_checks()}
    assert {check for check, _ in requested} > {"oauth.identity", "conversation.exists", "permissions.call"}
    undeclared = {
        (check, path)
        for check, path in requested
        if not any(read.startswith("GET ") and fits(read, path) for read in declared[check])
    }
    assert undeclared == set()
