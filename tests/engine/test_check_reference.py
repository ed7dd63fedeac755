"""The reference of the checks: the requests they declare, and the smallest role for them."""

from diagnostics.checks.base import Check, CheckContext, Result, all_checks, passed
from diagnostics.engine.check_reference import entries_of, smallest_role
from diagnostics.genesys.contract import bundled
from diagnostics.parsing.intent import START_PATH


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
