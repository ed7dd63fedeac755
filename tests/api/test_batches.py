"""Batches by program: grouped and started once, within limits, and followed until every group has a verdict."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from diagnostics.accounts.models import AuditEntry
from diagnostics.batches.batches import start_waiting_runs
from diagnostics.batches.models import Batch
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.idempotency_keys import KEY_LIFETIME
from diagnostics.runs.models import IdempotencyKey, Run
from tests.api.conftest import Program
from tests.factories import make_client, make_person, make_verdict

pytestmark = pytest.mark.django_db
SECRET = "kZr8vQ2mX5tYb7nL0pWc3sDf6gHj9aEu1iOx4RqTzVyB"
LOG = "\n".join(
    f"POST https://api.mypurecloud.ie/api/v2/conversations/{path.format(uuid4())}?token={SECRET} -> 404"
    for path in ("chat/{}/cobrowse", "chat/{}/cobrowse", "messages/{}/cobrowse")
)


def start(program: Client, org: OAuthClient, text: str = LOG, key: str = "", **given: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    body = json.dumps({"client": org.pk, "text": text, **given})
    return program.post("/api/v1/batches", body, content_type="application/json", headers=headers)


@pytest.fixture
def org(db: None) -> OAuthClient:
    return make_client()


def test_each_group_of_a_log_gets_a_run(
    program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]], django_capture_on_commit_callbacks: Any
) -> None:
    caller = program()
    with django_capture_on_commit_callbacks(execute=True):
        answer = start(caller, org)
    batch = Batch.objects.get()
    groups = answer.json()["groups"]
    assert (answer.status_code, answer.json()["is_open"], answer.json()["done"]) == (202, True, 0)
    assert [(group["calls"], group["by_call"]["cause"]) for group in groups] == [
        (2, "path.not_in_api"), (1, "path.not_in_api"),
    ]  # fmt: skip
    assert sent_tasks == [("execute_run", group["run"]["id"]) for group in groups]
    assert {(run.kind, run.source) for run in Run.objects.all()} == {("diagnosis", "api")}
    entry = AuditEntry.objects.get(action="batch.started")
    assert entry.after and entry.after["token"]
    assert (entry.actor, entry.by, entry.client_id) == ("ada", "api", org.pk)
    stored = [*Batch.objects.values(), *batch.groups.values(), *Run.objects.values(), *AuditEntry.objects.values()]
    assert SECRET not in str(stored) + answer.content.decode()


def test_it_is_followed_until_every_group_has_a_verdict(program: Program, org: OAuthClient, sent_tasks: object) -> None:
    caller = program()
    place = start(caller, org).headers["Location"]
    assert caller.get(place).json()["is_open"]
    values = {"status": "finished", "cause": "conv.ended", "certainty": "proved", "verdict": make_verdict()}
    Run.objects.update(**values)
    found = caller.get(place).json()
    assert (found["is_open"], found["done"], found["waiting"]) == (False, 2, 0)
    assert {group["run"]["cause"] for group in found["groups"]} == {"conv.ended"}
    assert all(group["run"]["sentence"] for group in found["groups"])


def test_the_same_request_with_its_key_is_one_batch(program: Program, org: OAuthClient, sent_tasks: object) -> None:
    caller = program()
    first, second = start(caller, org, key="k"), start(caller, org, key="k")
    assert (Batch.objects.count(), Run.objects.count()) == (1, 2)
    assert first.headers["Location"] == second.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    IdempotencyKey.objects.update(created_at=timezone.now() - KEY_LIFETIME - timedelta(seconds=1))
    assert start(caller, org, key="k").headers["Location"] != first.headers["Location"]


def test_a_key_of_another_request_is_refused(program: Program, org: OAuthClient, sent_tasks: object) -> None:
    caller = program()
    start(caller, org, key="k")
    run = json.dumps({"client": org.pk})
    other = caller.post("/api/v1/runs", run, content_type="application/json", headers={"Idempotency-Key": "k"})
    for answer in (start(caller, org, f"{LOG} ", key="k"), other):
        assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    assert Batch.objects.count() == 1


def test_a_limited_person_s_key_works_as_well(program: Program, sent_tasks: object) -> None:
    caller = program(make_person("operator", is_limited=True, only_orgs=["ours"]))
    ours = make_client("Ours", org_id="ours")
    places = {start(caller, ours, key="k").headers["Location"] for _ in range(2)}
    assert (len(places), Batch.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"text": "Our cobrowse doesn't start."}, "invalid"),
        ({"text": ""}, "invalid"),
        ({"text": "x" * 1_000_001}, "invalid"),
        ({"text": "GET https://api.mypurecloud.ie/api/v2/users/me -> 200"}, "no_failing_calls"),
        ({"source": "web"}, "invalid"),
    ],
)
def test_a_text_without_failing_calls_starts_nothing(
    given: dict[str, Any], code: str, program: Program, org: OAuthClient
) -> None:
    answer = start(program(), org, **given)
    assert (answer.status_code, answer.json()["code"], bool(answer.json()["errors"])) == (422, code, True)
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("values", "code"),
    [({"retired_at": timezone.now()}, "refused"), ({"state": OAuthClient.State.NO_SECRET}, "secret_missing")],
)
def test_a_client_that_cannot_be_used_starts_nothing(values: dict[str, Any], code: str, program: Program) -> None:
    answer = start(program(), make_client(**values))
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert not Batch.objects.exists()


def test_groups_beyond_the_limit_of_runs_wait_and_a_batch_beyond_it_is_refused(
    program: Program, org: OAuthClient, sent_tasks: object, settings: Settings
) -> None:
    settings.RUNS_PER_MINUTE = 1
    caller = program()
    first = start(caller, org, key="k").json()
    assert (first["waiting"], [bool(group["run"]) for group in first["groups"]]) == (1, [True, False])
    answer = start(caller, org, key="another")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_runs")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert start(caller, org, key="k").status_code == 202
    Run.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert len(start_waiting_runs()) == 1
    assert Batch.objects.count() == 1
