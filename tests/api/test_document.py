"""The OpenAPI document against the live application: whatever is sent, no 5xx, and every answer as documented."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, settings
from pytest_django import Settings
from schemathesis.checks import CHECKS, load_all_checks

from config.wsgi import application
from diagnostics import tasks
from diagnostics.accounts.api_tokens import make_token
from diagnostics.accounts.models import ApiToken
from diagnostics.text.cleaning import clean_json, clean_line
from tests.factories import (
    make_batch,
    make_exchange,
    make_finding,
    make_issue,
    make_provider,
    make_run,
    make_schedule,
    make_user,
)

pytestmark = pytest.mark.django_db
DOCUMENT = "/api/v1/openapi.json"
schema = schemathesis.openapi.from_wsgi(DOCUMENT, application)
load_all_checks()
# What these take is more than a schema can say: a paste, a day, a place in a list, a region.
# A 422 is a right answer to some of it.
MEANING = {
    *("/api/v1/runs", "/api/v1/claims", "/api/v1/operations", "/api/v1/impact", "/api/v1/clients", "/api/v1/schedules"),
    *("/api/v1/clients/{client_id}", "/api/v1/schedules/{schedule_id}", "/api/v1/batches"),
    *("/api/v1/runs/{run_id}/what-if", "/api/v1/issues/{issue_id}/what-if"),
}
ACCEPTANCE = CHECKS.get_one("positive_data_acceptance")
REJECTION = CHECKS.get_one("negative_data_rejection")


@pytest.fixture
def one_connection(db: None) -> Iterator[None]:
    """As Django's own test client does: a request must not close the connection whose transaction is the test's."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def headers(one_connection: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Of an admin's token that may run, and may ask as often as it likes."""
    settings.API_CALLS_PER_MINUTE = settings.RUNS_PER_MINUTE = 1_000_000
    monkeypatch.setattr(tasks, "send", lambda task, pk: None)
    _, text = make_token(make_user(), name="Schemathesis", scope=ApiToken.Scope.MANAGE, days=1)
    return {"Authorization": f"Bearer {text}", "Accept-Encoding": "identity"}


@pytest.fixture
def rows(db: None) -> dict[str, Any]:
    """A row for each id that a call can name."""
    run = make_run()
    make_finding(run)
    make_exchange(run)
    issue = make_issue(run.client)
    return {
        "client_id": run.client_id,
        "run_id": run.pk,
        "provider_id": make_provider(run.client).pk,
        "finding_id": issue.pk,
        "issue_id": issue.pk,
        "code": "path.not_in_api",
        "schedule_id": make_schedule(run.client).pk,
        "batch_id": make_batch(run.client, run).pk,
    }


@schema.parametrize()
@settings(max_examples=8, suppress_health_check=list(HealthCheck), derandomize=True)
def test_whatever_is_sent_is_answered_as_documented(case: Any, headers: dict[str, str], rows: dict[str, Any]) -> None:
    name_rows_that_are_there(case, rows)
    left_out = [ACCEPTANCE] if case.operation.path in MEANING else []
    if any(value in (None, [], {}) for value in (case.query or {}).values()):
        left_out.append(REJECTION)  # such a value leaves no trace in an address: nothing wrong is sent
    if case.body and clean_json(case.body) != case.body:
        left_out.append(REJECTION)  # control characters are replaced, and what is left may be right
    if any(isinstance(value, str) and clean_line(value) != value for value in (case.query or {}).values()):
        left_out.append(REJECTION)  # control characters are removed, and what is left may be right
    case.call_and_validate(headers=headers, excluded_checks=left_out)


def name_rows_that_are_there(case: Any, rows: dict[str, Any]) -> None:
    """In every other of the right requests: made-up ids are all 404."""
    if not case.meta.generation.mode.is_positive:
        return
    for name, value in case.path_parameters.items():
        if isinstance(value, int) and value % 2:
            case.path_parameters[name] = rows[name]
    if isinstance(case.body, dict) and isinstance(case.body.get("client"), int) and case.body["client"] % 2:
        case.body["client"] = rows["client_id"]
    for name in {"a", "b"} & case.query.keys():
        case.query[name] = rows["run_id"]


ROW_PATHS = [
    (path, path.split("{")[1].split("}")[0])
    for path, methods in schema.raw_schema["paths"].items()
    if "{" in path and "get" in methods
]


@pytest.mark.parametrize(("path", "name"), ROW_PATHS)
def test_a_row_that_is_there_is_answered_as_documented(
    path: str, name: str, headers: dict[str, str], rows: dict[str, Any]
) -> None:
    case = schema[path]["GET"].Case(path_parameters={name: rows[name]})
    assert case.call_and_validate(headers=headers).status_code == 200


def test_a_start_is_answered_as_documented(headers: dict[str, str], rows: dict[str, Any]) -> None:
    text = "POST /api/v2/conversations/chat/x/cobrowse -> 404"
    for path, given in (("/api/v1/runs", "call"), ("/api/v1/batches", "text")):
        body: Any = {"client": rows["client_id"], given: text}
        case = schema[path]["POST"].Case(body=body, media_type="application/json")
        assert case.call_and_validate(headers=headers).status_code == 202


def test_every_call_asks_for_a_token() -> None:
    operations = [each for methods in schema.raw_schema["paths"].values() for each in methods.values()]
    assert operations
    assert all(each["security"] for each in operations)


def test_the_document_names_no_page_of_anybody_s(client: Client) -> None:
    """It is open to everybody, so it holds nothing of this installation."""
    answer = client.get(DOCUMENT)
    assert answer.status_code == 200
    assert "servers" not in answer.json() or answer.json()["servers"] == []
