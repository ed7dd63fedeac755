"""Starting runs by program: what is started, once for a key, and not without end."""

import itertools
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from diagnostics.accounts.models import ApiToken, AuditEntry
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.idempotency_keys import KEY_LIFETIME, delete_expired_keys
from diagnostics.runs.models import IdempotencyKey, Run
from diagnostics.text import time_budget
from tests.api.conftest import Program
from tests.factories import CONVERSATION, make_client, make_user

pytestmark = pytest.mark.django_db
CALL = f"POST /api/v2/conversations/chat/{CONVERSATION}/cobrowse"


def start(program: Client, org: OAuthClient, key: str = "", **given: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    body = json.dumps({"client": org.pk, **given})
    return program.post("/api/v1/runs", body, content_type="application/json", headers=headers)


@pytest.fixture
def org(db: None) -> OAuthClient:
    return make_client()


def test_it_answers_with_the_address_to_poll(
    program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]], django_capture_on_commit_callbacks: Any
) -> None:
    caller = program()
    with django_capture_on_commit_callbacks(execute=True):
        answer = start(caller, org)
    run = Run.objects.get()
    assert (answer.status_code, answer.json()["status"], run.source) == (202, "queued", Run.Source.API)
    assert caller.get(answer.headers["Location"]).json()["id"] == run.pk
    assert sent_tasks == [("execute_run", run.pk)]
    assert run.started_by is not None and run.started_by.username == "ada"


@pytest.mark.parametrize(
    ("given", "kind", "target"),
    [
        ({}, Run.Kind.HEALTH, "health:"),
        ({"call": CALL}, Run.Kind.DIAGNOSIS, "start:"),
        ({"call": {"method": "POST", "url": CALL.split(" ")[1]}}, Run.Kind.DIAGNOSIS, "start:"),
        ({"conversation_id": CONVERSATION}, Run.Kind.DIAGNOSIS, "start:"),
        ({"call": CALL, "answer": {"status": 404, "body": "{}"}}, Run.Kind.DIAGNOSIS, "start:"),
    ],
)
def test_what_is_given_decides_what_is_run(
    given: dict[str, Any], kind: str, target: str, program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]]
) -> None:
    assert start(program(), org, **given).status_code == 202
    run = Run.objects.get()
    assert (run.kind, run.target) == (kind, f"{target}{org.pk}")


def test_a_secret_in_a_call_is_stored_nowhere(
    program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]]
) -> None:
    secret = "Zk3vP0qTn8sLw2Yd9Rb5Xf7Hj4Mc6Ga1"
    answer = start(program(), org, key="k", call=f"curl -X POST /api/v2/users/me -H 'Authorization: Bearer {secret}'")
    assert answer.status_code == 202
    assert secret not in answer.content.decode() + str(Run.objects.values().get()) + str(AuditEntry.objects.values())


def test_a_start_never_writes_to_the_org(program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]]) -> None:
    """The one writing call is asked for on its page, by an admin, and nowhere else."""
    caller = program()
    assert start(caller, org, call=CALL, start=True).status_code == 422
    assert start(caller, org, call=CALL).json()["inputs"]["start"] is False


@pytest.mark.parametrize(
    "given",
    [
        {"conversation_id": "x" * 201},
        {"note": "x" * 2001},
        {"call": "{"},
        {"call": "x" * 1_000_001},
        {"call": 7},
        {"call": {"url": "x", "more": 1}},
        {"answer": {"status": 99}},
        {"source": "web"},
        {"started_by": 1},
        {"client": "1; drop table"},
    ],
)
def test_what_cannot_be_read_starts_nothing(
    given: dict[str, Any], program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]]
) -> None:
    answer = start(program(), org, **given)
    assert (answer.status_code, bool(answer.json()["errors"])) == (422, True)
    assert not Run.objects.exists()


@pytest.mark.parametrize("odd", ["\0", "\ud800", "\udfff\ud800", "\x1b", "\u202e", "\u2028", "\ufeff"])
def test_what_no_row_can_hold_starts_a_run_all_the_same(
    odd: str, program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]]
) -> None:
    """The text is cleaned where it enters, so the rest of it is still of use."""
    call = {"method": "POST", "url": CALL.split(" ")[1], "headers": {odd: odd}, "body": f'{{"providerId": "{odd}"}}'}
    answer = {"status": 404, "headers": {"X": odd}, "body": odd}
    given: dict[str, Any] = {"call": call, "answer": answer, "note": f"a{odd}b"}
    caller = program()
    response = start(caller, org, key="k", **given)
    assert response.status_code == 202
    assert start(caller, org, **{**given, "conversation_id": f"{CONVERSATION}{odd}"}).status_code in (202, 422)
    stored = json.dumps(Run.objects.order_by("id").values_list("inputs", flat=True)[0], ensure_ascii=False)
    assert CONVERSATION in stored
    assert not any(each in stored for each in odd)


@pytest.mark.parametrize("body", ["{", "", "[]", '"x"', "\xff", "[" * 100_000, '{"client": NaN}'])
def test_a_body_that_is_no_object_starts_nothing(body: str, program: Program) -> None:
    answer = program().post("/api/v1/runs", body, content_type="application/json")
    assert answer.status_code in (400, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_body_beyond_the_limit_is_refused(program: Program, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = program().post("/api/v1/runs", "x" * 1001, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_retired_client_starts_nothing(program: Program, sent_tasks: list[tuple[str, int]]) -> None:
    answer = start(program(), make_client(retired_at=timezone.now()))
    assert (answer.status_code, answer.json()["code"]) == (409, "refused")


def test_the_same_request_with_its_key_is_one_run(
    program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]]
) -> None:
    caller = program()
    first, second = start(caller, org, "nightly 1", call=CALL), start(caller, org, "nightly 1", call=CALL)
    assert Run.objects.count() == 1
    assert first.headers["Location"] == second.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"


def test_another_request_with_the_same_key_is_refused(
    program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]]
) -> None:
    caller = program()
    start(caller, org, "k")
    answer = start(caller, org, "k", call=CALL)
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    assert Run.objects.count() == 1


def test_without_a_key_or_with_another_each_is_a_run(
    program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]]
) -> None:
    caller = program()
    for key in ("", "", "a", "b"):
        start(caller, org, key)
    assert Run.objects.count() == 4


def test_a_key_belongs_to_its_token(program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]]) -> None:
    """Nobody learns of another one's run by guessing a key."""
    for name in ("one", "two"):
        assert "Idempotency-Replayed" not in start(program(make_user(name)), org, "k").headers
    assert Run.objects.count() == 2


def test_a_key_is_forgotten_after_a_day(program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]]) -> None:
    caller = program()
    start(caller, org, "k")
    IdempotencyKey.objects.update(created_at=timezone.now() - KEY_LIFETIME - timedelta(seconds=1))
    start(caller, org, "k", call=CALL)
    assert Run.objects.count() == 2
    assert (delete_expired_keys(), IdempotencyKey.objects.count()) == (0, 1)


@pytest.mark.parametrize("key", ["x" * 256, "é", "a\tb"])
def test_a_key_that_is_none_is_refused(key: str, program: Program, org: OAuthClient) -> None:
    answer = start(program(), org, key)
    assert answer.status_code == 422
    assert not Run.objects.exists()


def test_runs_are_not_started_without_end(
    program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]], settings: Settings
) -> None:
    settings.RUNS_PER_MINUTE = 2
    person = make_user()
    statuses = [start(program(person), org, key).status_code for key in ("a", "b", "c")]
    answer = start(program(person), org)
    assert statuses == [202, 202, 429]
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    Run.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert start(program(person), org, "c").status_code == 202


def test_the_same_request_is_answered_also_where_no_more_may_start(
    program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]], settings: Settings
) -> None:
    settings.RUNS_PER_MINUTE = 1
    caller = program()
    assert [start(caller, org, "a").status_code for _ in range(3)] == [202, 202, 202]


def test_a_token_asks_only_so_often_in_a_minute(program: Program, settings: Settings) -> None:
    settings.API_CALLS_PER_MINUTE = 3
    caller = program()
    ApiToken.objects.update(minute=int(timezone.now().timestamp()) // 60 + 1)  # the minute cannot end meanwhile
    ApiToken.objects.update(calls=0)
    statuses = [caller.get("/api/v1/me").status_code for _ in range(5)]
    assert statuses.count(429) >= 1


def test_each_start_is_an_entry_of_the_audit_log(
    program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]]
) -> None:
    start(program(), org)
    entry = AuditEntry.objects.get(action="run.started")
    assert (entry.actor, entry.by, entry.client_id, bool(entry.request_id)) == ("ada", "api", org.pk, True)


@pytest.mark.django_db(transaction=True)
def test_requests_that_come_at_once_with_one_key_are_one_run(
    program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]]
) -> None:
    caller = program()
    header = caller.defaults["HTTP_AUTHORIZATION"]
    together = threading.Barrier(4)
    places: list[str] = []

    def ask() -> None:
        together.wait(60)
        answer: HttpResponse = start(Client(headers={"Authorization": header}), org, "k")
        places.append(answer.headers["Location"])
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert (len(places), len(set(places)), Run.objects.count()) == (4, 1, 1)
    assert len(sent_tasks) == 1


def test_a_run_shows_that_its_paste_was_parsed_in_part(
    program: Program, org: OAuthClient, sent_tasks: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_budget, "GRACE_SECONDS", 1_000_000)
    paste = f"{CALL}\n\n404\n" + "x\n" * 15_000
    ticks = itertools.count()
    caller = program()
    with time_budget.limited(3_000, lambda: float(next(ticks))):
        inputs = start(caller, org, call=paste).json()["inputs"]
    assert inputs["partial"] == time_budget.PARTIAL
    assert inputs["call"]["method"] == "POST"
    assert start(caller, org, call=CALL).json()["inputs"].get("partial") is None
