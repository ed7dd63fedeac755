"""Which calls count as failing, by the counts of a client and the API reference alone."""

from datetime import date
from typing import Any

import pytest

from diagnostics.engine.usage_review import MIN_REQUESTS, REJECTED, CallProblem, review_usage
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.documents.usage import UsageRow

START = "/api/v2/conversations/{conversationId}/cobrowse"
GATEWAY_PATH = "/api/v2/conversations/chat/{conversationId}/cobrowse/sessions"


def row(call: str, *, succeeded: int = 0, rejected: int = 0, rate_limited: int = 0, **values: Any) -> UsageRow:
    method, template = call.split(" ")
    server_errors = values.pop("server_errors", 0)
    requests = succeeded + rejected + rate_limited + server_errors
    return UsageRow("", method, template, succeeded, rejected, rate_limited, server_errors, requests, **values)


def review(*rows: UsageRow, has_gateway: bool | None = False) -> list[CallProblem]:
    return list(review_usage(rows, bundled(), has_gateway=has_gateway))


def causes_of(*rows: UsageRow, has_gateway: bool | None = False) -> list[str]:
    return [problem.cause for problem in review(*rows, has_gateway=has_gateway)]


@pytest.mark.parametrize(
    ("call", "cause"),
    [
        ("POST /api/v2/conversations/chat/{conversationId}/cobrowse", "path.not_in_api"),
        (f"GET {START}", "path.wrong_method"),
        (f"POST {START}/", "path.trailing_slash"),
        ("GET /api/v2/webchat/deployments", "path.legacy_resource"),
        ("POST /api/v2/conversations/cobrowse", "path.id_missing"),
        ("GET /api/v2/api/v2/users/{userId}", "path.base_duplicated"),
        ("GET /api/v2/users/me", "authz.user_context_required"),
    ],
)
def test_one_rejected_request_is_enough_if_the_reference_proves_the_cause(call: str, cause: str) -> None:
    assert causes_of(row(call, rejected=1)) == [cause]


def test_path_that_works_at_times_is_not_accused() -> None:
    assert causes_of(row("POST /api/v2/preview/cobrowse", succeeded=1, rejected=90)) == []


def test_path_whose_requests_were_not_rejected_is_not_accused() -> None:
    call = "POST /api/v2/conversations/chat/{conversationId}/cobrowse"
    assert causes_of(row(call, server_errors=40), row(call, rate_limited=40)) == []


@pytest.mark.parametrize(("has_gateway", "expected"), [(True, []), (None, []), (False, ["path.not_in_api"])])
def test_paths_of_a_gateway_are_accused_only_in_orgs_without_one(has_gateway: bool | None, expected: list[str]) -> None:
    assert causes_of(row(f"POST {GATEWAY_PATH}", rejected=50), has_gateway=has_gateway) == expected


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"succeeded": 10, "rejected": 10}, [REJECTED]),
        ({"succeeded": 11, "rejected": 9}, []),
        ({"succeeded": 0, "rejected": MIN_REQUESTS - 1}, []),
        ({"succeeded": 95, "rate_limited": 5}, ["env.rate_limited"]),
        ({"succeeded": 96, "rate_limited": 4}, []),
        ({"rejected": 60, "rate_limited": 40}, [REJECTED, "env.rate_limited"]),
        ({"server_errors": 100}, []),
    ],
)
def test_published_call_fails_by_its_share_of_enough_requests(counts: dict[str, int], expected: list[str]) -> None:
    assert causes_of(row(f"POST {START}", **counts)) == expected


def test_days_of_one_call_and_its_ids_count_together() -> None:
    path = "/api/v2/conversations/chat/{}/cobrowse"
    (problem,) = review(
        row(f"POST {path.format('5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11')}", rejected=3, day=date(2026, 11, 20)),
        row(f"POST {path.format('d2eb236c-6a81-49b6-b2f1-f74338655435')}", rejected=4, day=date(2026, 11, 22)),
    )
    assert (problem.template, problem.failed, problem.requests) == (path.format("{id}"), 7, 7)
    assert (problem.first_day, problem.last_day) == (date(2026, 11, 20), date(2026, 11, 22))
    assert "{id}" in problem.sentence
