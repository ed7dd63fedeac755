"""The two documents of a client's API usage, as documented and in odd shapes."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from diagnostics.genesys.documents.usage import Usage, results_path
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.response import UnreadableResponse, response_from

EXECUTION = "5d3b4c1e-1111-4222-8333-944455556666"
COUNTED = {
    "clientId": "c",
    "templateUri": "/api/v2/users/{userId}",
    "httpMethod": "GET",
    "status200": 8,
    "status300": 1,
    "status400": 3,
    "status429": 2,
    "status500": 1,
    "requests": 15,
    "date": "2026-11-27T00:00:00.000Z",
}


def parsed(data: Any, status: int = 200) -> Usage | UnreadableResponse:
    headers = (("Content-Type", "application/json"),)
    body = data if isinstance(data, str) else json.dumps(data)
    exchange = HttpExchange(
        "GET", "https://api.test/x", datetime.now(UTC), 1.0, status, response_headers=headers, body=body
    )
    return Usage.parse(response_from(exchange))


def rows_of(*entries: Any, **document: Any) -> list[tuple[str, str, int, int]]:
    usage = parsed({"queryStatus": "Complete", "results": list(entries), **document})
    assert isinstance(usage, Usage)
    assert usage.rows is not None
    return [(row.method, row.template, row.rejected, row.requests) for row in usage.rows]


def test_summary_names_an_execution() -> None:
    assert parsed({"executionId": EXECUTION, "resultsUri": "/x"}) == Usage(EXECUTION)
    assert parsed({"resultsUri": f"/api/v2/oauth/clients/c/usage/query/results/{EXECUTION}?a=b"}) == Usage(EXECUTION)


def test_results_are_counts_by_method_and_path() -> None:
    usage = parsed({"queryStatus": "Complete", "results": [COUNTED]})
    assert isinstance(usage, Usage)
    assert usage.rows is not None
    (row,) = usage.rows
    assert (row.succeeded, row.rejected, row.rate_limited, row.server_errors, row.requests) == (9, 3, 2, 1, 15)
    assert (row.client_id, row.method, row.template, row.day) == (
        "c",
        "GET",
        "/api/v2/users/{userId}",
        date(2026, 11, 27),
    )


@pytest.mark.parametrize("status", ["Running", "FAILED"])
def test_results_that_are_not_complete_have_no_rows(status: str) -> None:
    assert parsed({"executionId": EXECUTION, "queryStatus": status, "results": []}) == Usage(EXECUTION)


def test_rows_may_come_without_a_status() -> None:
    usage = parsed({"results": []})
    assert usage == Usage("", ())


@pytest.mark.parametrize("document", [None, [], "text", 7, "{", {"message": "no"}])
def test_other_documents_have_no_rows(document: Any) -> None:
    found = parsed(document)
    assert isinstance(found, UnreadableResponse) or found == Usage()


def test_odd_rows_are_left_out_or_counted_as_far_as_they_can_be_read() -> None:
    odd = [None, 5, {}, {**COUNTED, "httpMethod": "get it"}, {**COUNTED, "templateUri": "/x" * 300}]
    assert rows_of(*odd) == []
    assert rows_of({**COUNTED, "httpMethod": "post", "status400": "3"}) == [("POST", "/api/v2/users/{userId}", 0, 15)]
    assert rows_of({**COUNTED, "status400": -3, "requests": None}) == [("GET", "/api/v2/users/{userId}", 0, 12)]
    assert rows_of({**COUNTED, "templateUri": "api/v2/users"}) == [("GET", "/api/v2/users", 3, 15)]


def test_execution_id_cannot_leave_its_path() -> None:
    assert results_path("c", "../../users").endswith("/usage/query/results/..%2F..%2Fusers")
