"""The HAR is one by the letter of version 1.2, and our own reader takes it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from diagnostics.genesys.exchange import HttpExchange
from diagnostics.parsing.parse import parse_call
from diagnostics.runs.export.har import har
from tests.runs.export.har_format import faults_of

AT = datetime(2026, 11, 22, 15, 53, 52, 590_357, UTC)
READ = HttpExchange(
    "GET",
    "https://api.mypurecloud.ie/api/v2/webdeployments/deployments?expand=Configuration&pageSize=100",
    AT,
    12.3456,
    200,
    (("Accept", "application/json"), ("Authorization", "Bearer [masked]")),
    (("Content-Type", "application/json"), ("ININ-Correlation-Id", "6f0d1c52-94f7-4d6e-8f0a-3f7c2b19a42f")),
    '{"entities": []}',
    "6f0d1c52-94f7-4d6e-8f0a-3f7c2b19a42f",
    check_id="deployments.cobrowse",
)
TOKEN = HttpExchange(
    "POST", "https://login.mypurecloud.ie/oauth/token", AT, 80.0, 400, body='{"error": "invalid_client"}'
)
SILENCE = HttpExchange("GET", "https://api.mypurecloud.ie/api/v2/tokens/me", AT, 20_000.0, error="timeout")
REDIRECT = HttpExchange(
    "GET", "https://x.invalid/", AT, 1.0, 302, response_headers=(("Location", "https://y.invalid/"),)
)


def written(*exchanges: HttpExchange) -> dict[str, Any]:
    return har(exchanges, version="0.1.0", comment="Run 12")


def test_every_kind_of_exchange_is_valid() -> None:
    assert faults_of(written(READ, TOKEN, SILENCE, REDIRECT)) == []
    assert faults_of(written()) == []


def test_the_judge_of_the_format_is_awake() -> None:
    spoilt: dict[str, Any] = written(READ)
    entry = spoilt["log"]["entries"][0]
    del entry["cache"]
    entry["time"] = 99
    entry["request"]["headers"] = {"Accept": "*/*"}
    entry["startedDateTime"] = "yesterday"
    assert len(faults_of(spoilt)) == 4


def test_what_was_asked_and_answered_is_in_it() -> None:
    entry: Mapping[str, Any] = written(READ)["log"]["entries"][0]
    assert entry["startedDateTime"] == "2026-11-22T15:53:52.590+00:00"
    assert entry["request"]["queryString"][1] == {"name": "pageSize", "value": "100"}
    assert entry["response"]["content"]["text"] == READ.body
    assert READ.correlation_id in entry["comment"]


def test_a_missing_response_is_reported_as_none() -> None:
    entry = written(SILENCE)["log"]["entries"][0]
    assert (entry["response"]["status"], entry["_error"]) == (0, "timeout")


def test_our_own_reader_takes_it() -> None:
    found = parse_call(json.dumps(written(READ)))
    assert found.form == "har"
    assert found.call is not None
    assert found.call.url == READ.url
