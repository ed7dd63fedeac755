"""What the checks say of themselves is what they do: every request of every scenario was declared."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from diagnostics.checks.base import Check, CheckContext, Result, all_checks, passed
from diagnostics.demo.scenarios import scenarios
from diagnostics.demo.server import Running, start
from diagnostics.engine.check_reference import entries_of, smallest_role
from diagnostics.genesys import client as genesys
from diagnostics.genesys.contract import bundled
from diagnostics.parsing.intent import START_PATH
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


def test_every_read_that_names_a_path_of_the_api_is_published_or_the_gateway_s() -> None:
    reads = [read for entry in entries_of(all_checks(), bundled()) for read in entry.reads]
    unknown = [each.text for each in reads if each.text.startswith("GET ") and each.rule == "unknown"]
    assert set(unknown) <= {"GET /api/v2/*"}
    assert any(each.at_gateway for each in reads)


def test_all_but_the_token_request_and_the_live_start_are_reads() -> None:
    sent = [
        read for check in all_checks() for read in check.reads if read.startswith(("POST", "PUT", "PATCH", "DELETE"))
    ]
    assert sent == ["POST /oauth/token", f"POST {START_PATH}"]


def test_the_smallest_role_is_what_the_reads_need() -> None:
    """Against the list in the official documentation of what such a client needs."""
    role = {each.permission.api: each.checks for each in smallest_role(entries_of(all_checks(), bundled()))}
    assert set(role) == {
        "analytics:conversationDetail:view",
        "authorization:role:view",
        "conversation:communication:view",
        "webDeployments:deployment:view",
    }
    assert "Conversation lookup" in role["conversation:communication:view"]


def report(ctx: CheckContext) -> list[Result]:
    return [passed("fine", "Fine.")]


def test_of_several_sufficient_permissions_the_already_needed_one_is_used() -> None:
    details = "GET /api/v2/analytics/conversations/{conversationId}/details"
    found = entries_of((Check("a.one", "One", report, reads=(details,)),), bundled())
    assert [each.permission.api for each in smallest_role(found)] == ["analytics:conversationDetail:view"]
