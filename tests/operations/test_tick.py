"""The tick: one bad row costs no other row, one failing part no other part, and readiness tells the truth of both."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from config.beat import LocalScheduler
from config.celery import app
from diagnostics import tasks
from diagnostics.accounts.models import ApiToken, AuditEntry, User
from diagnostics.issues.models import Issue
from diagnostics.jobs import row_failures
from diagnostics.jobs.models import RowFailure
from diagnostics.jobs.row_failures import Kind
from diagnostics.jobs.time_limits import TimeLimitReached, time_limit
from diagnostics.monitoring.deliveries import WorkerLost
from diagnostics.monitoring.models import Delivery, Schedule
from diagnostics.operations import tick_parts
from diagnostics.operations.models import Heartbeat, RetentionPass, TickPart
from diagnostics.operations.queries import system
from diagnostics.operations.retention import start_pass
from diagnostics.operations.set_aside import retry_row
from diagnostics.operations.views import system as views
from diagnostics.orgs.models import ConfigurationSync, OAuthClient
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import IdempotencyKey, Run, Watch
from tests.builders.months import end_month
from tests.factories import (
    make_client,
    make_delivery,
    make_exchange,
    make_finding,
    make_incident,
    make_issue,
    make_open_run,
    make_run,
    make_schedule,
    make_snapshot,
    make_user,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quiet_broker(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What the tick rings for. The queue itself is not what these tests are about."""
    sent_tasks: list[tuple[str, int]] = []
    monkeypatch.setattr(tasks, "send", lambda task, pk: sent_tasks.append((task.__name__, pk)))
    return sent_tasks


@contextmanager
def poisoned(
    table: str, pk: int, events: str = "UPDATE OR DELETE", name: str = "poison", when: str = "true"
) -> Iterator[None]:
    """Postgres itself refuses to change that one row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'poisoned: secret text of the row'; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER {name} BEFORE {events} ON {table} FOR EACH ROW WHEN (OLD.id = {pk} AND {when}) "
            "EXECUTE FUNCTION refuse_row()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER {name} ON {table}")


@contextmanager
def broken_table(table: str) -> Iterator[None]:
    """Every statement about it fails."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table}_away RENAME TO {table}")


def abandoned_run(name: str, **values: Any) -> Run:
    """A run that lost its second worker."""
    past = timezone.now() - timedelta(minutes=5)
    values = {"lease_until": past, "started_at": past, "resumed_at": past, **values}
    return make_open_run(make_client(name, region="eu-west-1"), **values)


def tick(times: int = 1) -> None:
    for _ in range(times):
        tasks.tick()


def failure(kind: str, pk: int) -> tuple[int, bool]:
    """Attempts, and whether the row is set aside."""
    found = RowFailure.objects.get(kind=kind, row_id=pk)
    return found.attempts, found.set_aside_at is not None


def failing_parts() -> set[str]:
    return set(TickPart.objects.filter(failures__gt=0).values_list("name", flat=True))


def ready() -> dict[str, Any]:
    found: dict[str, Any] = Client().get("/health/ready?without=broker").json()
    return found


def metric(name: str, **labels: str) -> float:
    text = Client().get("/metrics").content.decode()
    found = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"cobrowse_doctor_{name}" and sample.labels == labels
    ]
    (value,) = found
    return value


# ---------------------------------------------------------------------- one bad row


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param([], id="a list"),
        pytest.param({"target": []}, id="target is a list"),
        pytest.param({"target": {"region": ["x"]}}, id="region is a list"),
        pytest.param({"target": {"region": "eu-west-1"}, "call": "no call"}, id="call is a text"),
        pytest.param({"target": {"region": "eu-west-1"}, "answer": {"status": 1}}, id="half an answer"),
    ],
)
def test_a_run_whose_inputs_cannot_be_read_is_closed_by_the_third_tick_and_costs_no_other(inputs: Any) -> None:
    bad = abandoned_run("Bad", inputs=inputs)
    make_finding(bad, "request.path", "fail")
    good = abandoned_run("Good")
    tick()
    good.refresh_from_db()
    assert good.status == Run.Status.INTERRUPTED
    tick(2)
    bad.refresh_from_db()
    assert (bad.status, bad.lease_until, bad.verdict["cause"] != "") == (Run.Status.INTERRUPTED, None, True)
    assert bad.finished_at is not None
    assert failing_parts() == set()
    tick()
    assert all(attempts <= 3 for attempts in RowFailure.objects.values_list("attempts", flat=True))


def test_a_run_that_postgres_refuses_to_change_is_set_aside_and_not_tried_again() -> None:
    bad, good = abandoned_run("Bad"), abandoned_run("Good")
    with poisoned("diagnostics_run", bad.pk):
        tick(5)
        good.refresh_from_db()
        assert good.status == Run.Status.INTERRUPTED
        assert failure(Kind.RUN_CLOSING, bad.pk) == (3, True)
        assert failing_parts() == set()
    found = RowFailure.objects.get(kind=Kind.RUN_CLOSING)
    assert "secret" not in f"{found.error} {found.sentence}"
    assert retry_row(found) == ""
    bad.refresh_from_db()
    assert (bad.status, RowFailure.objects.count()) == ("interrupted", 0)


def make_watch(run: Run) -> Watch:
    now = timezone.now()
    return Watch.objects.create(run=run, check_id="no.such", next_at=now, ends_at=now + timedelta(minutes=5))


def make_key(number: int) -> IdempotencyKey:
    owner, _ = User.objects.get_or_create(username="owner")
    token, _ = ApiToken.objects.get_or_create(
        prefix="cbd_test", defaults={"owner": owner, "expires_at": timezone.now(), "hash": "h"}
    )
    run = make_run(make_client(f"K{number}"))
    old = timezone.now() - timedelta(days=3)
    return IdempotencyKey.objects.create(token=token, key=f"k{number}", request_hash="h", run=run, created_at=old)


def silent_run(number: int) -> Run:
    long_ago = timezone.now() - timedelta(minutes=2)
    return make_open_run(make_client(f"C{number}"), status="queued", created_at=long_ago, message_sent_at=long_ago)


def overdue_sync(number: int) -> ConfigurationSync:
    return make_snapshot(
        make_client(f"C{number}"), state="queued", finished_at=None, created_at=timezone.now() - timedelta(hours=3)
    )


def due_client(number: int) -> OAuthClient:
    client = make_client(f"C{number}", state="verified")
    OAuthClient.objects.filter(pk=client.pk).update(next_sync_at=timezone.now() - timedelta(minutes=1))
    return client


def stuck_client(number: int) -> OAuthClient:
    client = make_client(f"C{number}")
    past = timezone.now() - timedelta(hours=1)
    OAuthClient.objects.filter(pk=client.pk).update(state="verifying", verification_started_at=past)
    return client


ROWS: dict[str, tuple[str, str, Callable[[int], Any], Callable[[Any], bool]]] = {
    "schedule": (
        Kind.SCHEDULE,
        "diagnostics_schedule",
        lambda n: make_schedule(make_client(f"C{n}"), name=f"S{n}"),
        lambda row: Run.objects.filter(schedule=row.pk).exists(),
    ),
    "watch": (
        Kind.WATCH,
        "diagnostics_watch",
        lambda n: make_watch(make_run(make_client(f"C{n}"))),
        lambda row: Watch.objects.get(pk=row.pk).state != "watching",
    ),
    "queued run": (
        Kind.RUN_QUEUEING,
        "diagnostics_run",
        silent_run,
        lambda row: Run.objects.filter(pk=row.pk, message_sent_at__gt=timezone.now() - timedelta(minutes=1)).exists(),
    ),
    "search data": (
        Kind.RUN_SEARCH,
        "diagnostics_run",
        lambda n: make_run(make_client(f"C{n}"), target=""),
        lambda row: Run.objects.get(pk=row.pk).target != "",
    ),
    "findings history": (
        Kind.RUN_FINDINGS,
        "diagnostics_run",
        lambda n: make_run(make_client(f"C{n}"), target=f"start:{n}", is_recorded_in_issues=False),
        lambda row: Run.objects.get(pk=row.pk).is_recorded_in_issues,
    ),
    "acceptance": (
        Kind.ISSUE_ACCEPTANCE,
        "diagnostics_issue",
        lambda n: make_issue(make_client(f"C{n}"), accepted_until=timezone.now() - timedelta(days=1)),
        lambda row: Issue.objects.get(pk=row.pk).accepted_until is None,
    ),
    "overdue sync": (
        Kind.SNAPSHOT,
        "diagnostics_configurationsync",
        overdue_sync,
        lambda row: ConfigurationSync.objects.get(pk=row.pk).finished_at is not None,
    ),
    "due sync": (
        Kind.CLIENT_SYNC,
        "diagnostics_oauthclient",
        due_client,
        lambda row: ConfigurationSync.objects.filter(client=row.pk).exists(),
    ),
    "verification": (
        Kind.CLIENT,
        "diagnostics_oauthclient",
        stuck_client,
        lambda row: OAuthClient.objects.get(pk=row.pk).state == "unverified",
    ),
    "request key": (
        Kind.IDEMPOTENCY_KEY,
        "diagnostics_idempotencykey",
        make_key,
        lambda row: not IdempotencyKey.objects.filter(pk=row.pk).exists(),
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_one_bad_row_costs_no_other_row_and_no_other_part(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.orgs.sync.lifecycle.MAX_CONCURRENT", 20)
    kind, table, make, is_done = ROWS[name]
    first, bad, last = (make(number) for number in range(3))
    with poisoned(table, bad.pk):
        tick()
        assert (is_done(first), is_done(last)) == (True, True)
        assert failure(kind, bad.pk) == (1, False)
        tick(4)
        assert failure(kind, bad.pk) == (3, True), "set aside after three, and then left alone"
        assert failing_parts() == set()
        assert Heartbeat.objects.get(name="tick").details["failed"] == []
        assert metric("rows_set_aside", kind=kind) == 1
        assert ready()["parts"]["tick"] is True


def test_an_incident_that_cannot_be_looked_at_costs_no_other() -> None:
    bad, good = make_incident(), make_incident(make_schedule(make_client("Good"), name="Good"))
    Schedule.objects.all().delete()
    with poisoned("diagnostics_incident", bad.pk):
        tick(4)
    good.refresh_from_db()
    assert not good.is_open
    assert failure(Kind.INCIDENT, bad.pk) == (3, True)


def test_a_row_that_fails_once_and_then_works_is_forgotten() -> None:
    run = make_run(target="")
    with poisoned("diagnostics_run", run.pk):
        tick()
        assert failure(Kind.RUN_SEARCH, run.pk) == (1, False)
    tick()
    assert not RowFailure.objects.exists()


def test_the_failure_of_a_row_that_is_deleted_is_forgotten() -> None:
    RowFailure.objects.create(kind=Kind.DELIVERY, row_id=77, error="X", sentence="", set_aside_at=timezone.now())
    tick()
    assert not RowFailure.objects.exists()


def test_bad_rows_never_fill_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.runs.backfill.RUNS_PER_TICK", 2)
    good = make_run(make_client("Good"), target="")
    bad = [make_run(make_client(f"B{number}"), target="") for number in range(2)]
    with poisoned("diagnostics_run", bad[0].pk), poisoned("diagnostics_run", bad[1].pk, name="poison_too"):
        tick(4)
    good.refresh_from_db()
    assert good.target


# ---------------------------------------------------------------------- tasks


def test_a_delivery_that_cannot_be_read_is_given_up_after_three_attempts(quiet_broker: list[tuple[str, int]]) -> None:
    bad = make_delivery(attempts=5)
    for _ in range(4):
        tasks.deliver(bad.pk)
    bad.refresh_from_db()
    assert (bad.state, bad.lease_until) == (Delivery.State.FAILED, None)
    assert failure(Kind.DELIVERY, bad.pk) == (3, True)
    tick()
    assert ("deliver", bad.pk) not in quiet_broker


def test_a_delivery_whose_worker_dies_each_time_is_given_up() -> None:
    bad = make_delivery()
    for _ in range(2):
        row_failures.count_failure(Kind.DELIVERY, bad.pk, WorkerLost())
    Delivery.objects.filter(pk=bad.pk).update(state="sending", lease_until=timezone.now() - timedelta(seconds=1))
    tasks.deliver(bad.pk)
    bad.refresh_from_db()
    assert (bad.state, bad.attempts) == (Delivery.State.FAILED, [])


def test_a_sync_that_cannot_be_read_is_closed_after_three_attempts() -> None:
    bad = make_snapshot(make_client(region="eu-west-1"), state="queued", finished_at=None, progress=["none"])
    for _ in range(4):
        tasks.run_org_sync(bad.pk)
    bad.refresh_from_db()
    assert (bad.state, bad.finished_at is not None) == (ConfigurationSync.State.FAILED, True)


def test_a_run_that_cannot_be_deleted_keeps_no_other_and_the_pass_ends(one_month: None) -> None:
    long_ago = timezone.now() - timedelta(days=3000)
    client = make_client()
    runs = [make_run(client, created_at=long_ago, finished_at=long_ago) for _ in range(3)]
    end_month()
    begun = start_pass(None)
    with poisoned("diagnostics_run", runs[1].pk, "DELETE"):
        tasks.apply_retention(begun.pk)
    begun.refresh_from_db()
    assert list(Run.objects.values_list("pk", flat=True)) == [runs[1].pk]
    assert failure(Kind.RUN_RETENTION, runs[1].pk) == (3, True)
    assert (begun.is_open, begun.deleted["runs"]) == (False, 2)


def test_a_pass_that_cannot_be_worked_on_is_ended_so_that_the_next_can_begin() -> None:
    bad = RetentionPass.objects.create(cutoffs={"findings": "no date"})
    for _ in range(3):
        tasks.apply_retention(bad.pk)
    bad.refresh_from_db()
    assert not bad.is_open
    assert start_pass(None).is_open


def test_a_verification_that_breaks_ends_at_once() -> None:
    client = make_client(region="eu-west-1")
    begun = {"state": "verifying", "verification": [], "verification_started_at": timezone.now()}
    OAuthClient.objects.filter(pk=client.pk).update(**begun)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE diagnostics_oauthclient SET secret = 'no token of ours' WHERE id = %s", [client.pk])
    tasks.verify_client(client.pk)
    client = OAuthClient.objects.defer("secret").get(pk=client.pk)
    assert client.state != "verifying"


# ---------------------------------------------------------------------- the worker


def test_a_run_that_the_worker_cannot_walk_ends_at_once() -> None:
    run = make_open_run(make_client(region="eu-west-1"), status="queued", inputs={"target": [], "call": 7})
    assert execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.lease_until) == (Run.Status.INTERRUPTED, None)
    assert failure(Kind.RUN, run.pk)[1]


def test_a_queued_run_that_cannot_be_claimed_does_not_stop_the_queue() -> None:
    now = timezone.now()
    bad, *good = (
        make_open_run(make_client(f"C{n}"), status="queued", message_sent_at=now, inputs={}) for n in range(4)
    )
    with poisoned("diagnostics_run", bad.pk):
        for run in good:
            tasks.execute_run(run.pk)
        assert set(Run.objects.filter(status="queued").values_list("pk", flat=True)) == {bad.pk}
        assert failure(Kind.RUN_QUEUEING, bad.pk) == (3, True)
        one_more = make_open_run(make_client("Later"), status="queued", message_sent_at=now, inputs={})
        tasks.execute_run(one_more.pk)
    one_more.refresh_from_db()
    assert not one_more.is_open


def test_a_verdict_that_cannot_be_stored_ends_the_run_with_the_one_of_its_findings(demo_client: OAuthClient) -> None:
    run = make_open_run(demo_client, status="queued", kind="health", planned=["oauth.token", "oauth.identity"])
    Run.objects.filter(pk=run.pk).update(
        inputs={"target": {"region": demo_client.region, "client_name": "x", "client_id": demo_client.client_id}}
    )
    with poisoned("diagnostics_run", run.pk, "UPDATE", when="NEW.status = 'finished'"):
        assert execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.findings.count() >= 2) == (Run.Status.INTERRUPTED, True)
    assert run.verdict["sentence"]
    assert failure(Kind.RUN, run.pk)[1]


def test_a_finding_that_cannot_be_stored_costs_neither_the_run_nor_the_other_checks(
    demo_client: OAuthClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_open_run(demo_client, status="queued", kind="health", planned=["oauth.token", "oauth.identity"])
    Run.objects.filter(pk=run.pk).update(
        inputs={"target": {"region": demo_client.region, "client_name": "x", "client_id": demo_client.client_id}}
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'no'; END $$; CREATE TRIGGER poison BEFORE INSERT ON diagnostics_finding "
            "FOR EACH ROW WHEN (NEW.check_id = 'oauth.token' AND NEW.code <> 'not_stored') EXECUTE FUNCTION refuse_row()"
        )
    try:
        assert execute_run(run.pk)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER poison ON diagnostics_finding")
    run.refresh_from_db()
    codes = dict(run.findings.values_list("check_id", "code"))
    assert run.status == Run.Status.FINISHED
    assert codes["oauth.token"] == "not_stored"
    assert codes["oauth.identity"] != "not_stored"


def test_what_others_keep_of_a_run_can_fail_and_costs_no_run(demo_client: OAuthClient) -> None:
    run = make_open_run(demo_client, status="queued", kind="health", planned=["oauth.token"])
    Run.objects.filter(pk=run.pk).update(
        inputs={"target": {"region": demo_client.region, "client_name": "x", "client_id": demo_client.client_id}}
    )
    with broken_table("diagnostics_issue"):
        assert execute_run(run.pk)
    run.refresh_from_db()
    assert run.status == Run.Status.FINISHED
    assert run.search_keys


# ---------------------------------------------------------------------- one failing part


def test_a_part_that_fails_stops_no_other_and_readiness_names_it_until_it_works_again() -> None:
    tick()
    parts = {"database": True, "migrations": True, "tick": True, "clock": True}
    assert ready() == {"ready": True, "parts": parts, "failing": [], "warnings": []}
    run = abandoned_run("Acme")
    with broken_table("diagnostics_watch"):
        tick(2)
        assert ready()["parts"]["tick"] is True
        tick()
        found = ready()
        assert (found["ready"], found["parts"]["tick"], found["failing"]) == (False, False, ["watches"])
        assert metric("tick_part_failures_in_a_row", part="watches") == 3
        assert Client().get("/health/ready?without=broker,tick").status_code == 200
        run.refresh_from_db()
        assert run.status == Run.Status.INTERRUPTED
        assert Heartbeat.objects.get(name="tick").details["failed"] == ["watches"]
    tick()
    assert (ready()["ready"], ready()["failing"]) == (True, [])
    assert metric("tick_part_failures_in_a_row", part="watches") == 0
    assert metric("tick_part_failures_total", part="watches") == 3


def test_what_failed_is_tried_again_between_ticks() -> None:
    with broken_table("diagnostics_watch"):
        tick()
        tasks.start_due()
        tasks.start_due()
        assert ready()["failing"] == ["watches"]
    tasks.start_due()
    assert ready()["failing"] == []


def test_a_lost_connection_costs_one_part_at_most() -> None:
    def end_own_session() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    ran: list[str] = []
    parts = {"one": end_own_session, "two": lambda: ran.append(f"two {Run.objects.count()}")}
    assert tick_parts.run_parts(parts) == ("one",)
    assert ran == ["two 0"]


def test_a_task_works_although_the_database_ended_its_connection_since_the_last_task() -> None:
    """Celery's signals surround each task, as in a worker, whose processes keep their connection for many tasks."""
    assert tasks.start_due.apply().state == "SUCCESS"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    other = connections[DEFAULT_DB_ALIAS].copy("other")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
    other.close()
    assert tasks.start_due.apply().state == "SUCCESS"


def test_a_part_that_takes_too_long_is_cut_off_and_counts_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick_parts, "LIMIT_SECONDS", 0.3)
    ran: list[str] = []

    def hang() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(60)")

    assert tick_parts.run_parts({"slow": hang, "next": lambda: ran.append("next")}) == ("slow",)
    assert ran == ["next"]
    assert TickPart.objects.get(name="slow").error == "TimeLimitReached"


def test_a_row_that_takes_all_the_time_is_counted_and_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick_parts, "LIMIT_SECONDS", 0.3)

    def work(pk: int) -> int:
        while pk == 1:
            time.sleep(0.01)
        return pk

    done: list[int] = []
    part = {"rows": lambda: done.extend(row_failures.process_rows(Kind.WATCH, [1, 2], work))}
    for _ in range(3):
        assert tick_parts.run_parts(part) == ("rows",)
    assert tick_parts.run_parts(part) == ()
    assert done == [2]


def test_a_part_that_hangs_is_seen_by_readiness_while_it_hangs() -> None:
    tick()
    past = timezone.now() - system.PART_HANGS_AFTER - timedelta(seconds=1)
    TickPart.objects.filter(name="sweep").update(started_at=past)
    assert (ready()["parts"]["tick"], ready()["failing"]) == (False, ["sweep"])
    tick()
    assert ready()["failing"] == []


def test_a_part_that_runs_long_is_marked_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick_parts, "HANGS_AFTER_SECONDS", 0.05)

    def is_marked() -> bool:
        return TickPart.objects.filter(name="slow", started_at__isnull=False).exists()

    def wait() -> None:
        while not is_marked():
            time.sleep(0.01)

    assert tick_parts.run_parts({"slow": wait}) == ()
    assert not is_marked()


def test_urgent_parts_do_not_wait_for_the_end_of_a_slow_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick_parts, "URGENT_SECONDS", 0.05)
    ran: list[str] = []
    parts = {"first": lambda: ran.append("first"), "slow": lambda: time.sleep(0.1), "last": lambda: ran.append("last")}
    assert tick_parts.run_parts(parts, {"urgent": lambda: ran.append("urgent")}) == ()
    assert ran == ["first", "urgent", "last"]
    assert set(TickPart.objects.values_list("name", flat=True)) == set(parts)


def test_a_rare_part_is_left_out_after_a_success_but_not_after_a_failure(settings: Settings) -> None:
    settings.RARE_PARTS_PAUSE_SECONDS = 3600.0
    ran: list[str] = []

    def fail() -> None:
        ran.append("failing")
        raise ValueError

    parts = {"often": lambda: ran.append("often"), "rare": lambda: ran.append("rare"), "failing": fail}
    for _ in range(2):
        assert tick_parts.run_parts(parts, rare=frozenset({"rare", "failing"})) == ("failing",)
    assert ran == ["often", "rare", "failing", "often", "failing"]
    settings.RARE_PARTS_PAUSE_SECONDS = 0.0
    tick_parts.run_parts(parts, rare=frozenset({"rare", "failing"}))
    assert ran[5:] == ["often", "rare", "failing"]


def test_rare_parts_are_parts() -> None:
    assert set(tasks.TICK_PARTS) > tasks.RARE_PARTS
    assert not tasks.RARE_PARTS & set(tasks.URGENT_PARTS)


def test_beat_runs_the_tick_itself() -> None:
    scheduler = LocalScheduler(app=app)
    for entry in list(scheduler.schedule.values()):
        scheduler.apply_entry(entry, producer=scheduler.producer)
    beats = {"tick", "begun:tick", "begun:due", f"{system.BEAT}{socket.gethostname()}"}
    assert set(Heartbeat.objects.values_list("name", flat=True)) == beats


def test_beat_logs_one_line_while_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("diagnostics.tasks.send_beat_heartbeat", Mock(side_effect=OperationalError("password in here")))
    scheduler = LocalScheduler(app=app)
    scheduler.apply_entry(scheduler.schedule["due"], producer=scheduler.producer)
    (line,) = caplog.records
    assert line.getMessage() == "diagnostics.tasks.start_due was skipped, because the database failed: OperationalError"
    assert line.exc_info is None


def test_the_budget_ends_a_part_without_failing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tick_parts, "BUDGET_SECONDS", -1.0)
    run = make_run(target="")
    tick()
    run.refresh_from_db()
    assert (run.target, failing_parts()) == ("", set())


def test_a_time_limit_interrupts_and_passes_handlers_of_exceptions() -> None:
    with pytest.raises(TimeLimitReached), time_limit(0.05):
        while True:
            try:
                time.sleep(0.01)
            except Exception:  # noqa: S112 (what the limit has to pass)
                continue


def test_a_row_that_somebody_else_holds_is_not_blamed() -> None:
    assert row_failures.is_environment(ValueError()) is False
    with connection.cursor() as cursor:
        cursor.execute("CREATE FUNCTION busy() RETURNS trigger LANGUAGE plpgsql AS "
                       "$$ BEGIN RAISE EXCEPTION 'held' USING ERRCODE = 'lock_not_available'; END $$")  # fmt: skip
        cursor.execute("CREATE TRIGGER busy BEFORE UPDATE ON diagnostics_run FOR EACH ROW EXECUTE FUNCTION busy()")
    try:
        make_run(target="")
        tick(4)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION busy CASCADE")
    assert not RowFailure.objects.exists()


# ---------------------------------------------------------------------- the page


@pytest.fixture
def as_admin(client: Client) -> Client:
    client.force_login(make_user("ada", User.Role.ADMIN))
    return client


def test_an_admin_sees_what_was_set_aside_and_retries_it(as_admin: Client) -> None:
    run = abandoned_run("Bad")
    make_exchange(run)
    with poisoned("diagnostics_run", run.pk):
        tick(3)
        found = RowFailure.objects.get(kind=Kind.RUN_CLOSING, row_id=run.pk)
        shown = as_admin.get("/settings/system/").content.decode()
        assert f'href="/runs/{run.pk}/"' in shown
        assert found.error in shown
        assert "secret text" not in shown
        as_admin.post(f"/settings/system/items/{found.pk}/retry/")
        assert RowFailure.objects.filter(pk=found.pk).exists(), "it failed again"
    as_admin.post(f"/settings/system/items/{found.pk}/retry/")
    run.refresh_from_db()
    assert run.status == Run.Status.INTERRUPTED
    assert not RowFailure.objects.filter(pk=found.pk).exists()
    assert AuditEntry.objects.filter(action="row.retried").exists()


def test_an_item_can_be_removed_from_the_list(as_admin: Client) -> None:
    found = RowFailure.objects.create(kind=Kind.RUN, row_id=make_run().pk, error="X", sentence="", attempts=1)
    as_admin.post(f"/settings/system/items/{found.pk}/dismiss/")
    assert not RowFailure.objects.exists()
    assert AuditEntry.objects.filter(action="row.dismissed").exists()


@pytest.mark.parametrize("kind", Kind.values)
def test_every_kind_has_a_model_and_its_page_if_it_has_one(kind: str) -> None:
    assert isinstance(views.page_of(RowFailure(kind=kind, row_id=1)), str)
    RowFailure.objects.create(kind=kind, row_id=10**9, error="X", sentence="")
    tick()
    assert not RowFailure.objects.exists()
