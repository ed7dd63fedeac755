"""The state of the system: its page, and what machines ask for."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from diagnostics.operations.heartbeats import TICK, beat
from diagnostics.operations.models import Heartbeat
from diagnostics.operations.queries import system
from diagnostics.operations.worker_heartbeats import forget_silent, send_heartbeat
from diagnostics.runs.models import Run
from tests.factories import make_client, make_run

pytestmark = pytest.mark.django_db
TOKEN = "a-token-for-the-tests-of-metrics"


def everything_works() -> None:
    beat(TICK)
    beat(f"{system.WORKER}one", {"queues": ["runs", "scheduled"], "processes": 4})


def states(page_parts: list[system.SystemPart]) -> dict[str, str]:
    return {part.key: part.state for part in page_parts}


def test_all_parts_of_a_working_installation_work(as_admin: Client) -> None:
    everything_works()
    beat("backup", {"bytes": 5_000_000})
    context = as_admin.get("/settings/system/").context
    found = states(context["parts"])
    assert {key: found[key] for key in found if key != "disk"} == dict.fromkeys(
        ("database", "migrations", "broker", "workers", "tick", "clock", "rows", "backup"), "ok"
    )
    assert [part for part in context["parts"] if not part.works] == []


def test_a_clock_that_differs_is_shown_on_the_page_in_health_and_in_metrics(as_admin: Client, client: Client) -> None:
    everything_works()
    beat(f"{system.WORKER}two", {"queues": ["runs"], "skew_seconds": -15.2})
    beat(f"{system.BEAT}three", {"skew_seconds": 3.4})
    page = as_admin.get("/settings/system/")
    (clocks,) = [part for part in page.context["parts"] if part.key == "clock"]
    assert (clocks.state, clocks.works) == ("late", True)
    assert clocks.facts == (("two", "15 seconds behind"), ("beat:three", "3 seconds ahead"))
    answer = client.get("/health/ready").json()
    assert (answer["ready"], "clock" in answer["warnings"]) == (True, True)
    assert 'cobrowse_doctor_clock_skew_seconds{process="two"} -15.2' in client.get("/metrics").content.decode()


def test_a_heartbeat_measures_the_clock_by_the_database_s(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = timezone.now() - timedelta(seconds=15)
    monkeypatch.setattr("diagnostics.operations.worker_heartbeats.timezone.now", lambda: behind)
    send_heartbeat("worker:one", {"queues": ["runs"]})
    monkeypatch.undo()
    (worker,) = system.workers(timezone.now())
    assert not worker.is_silent
    assert -16 < worker.skew_seconds <= -15


@pytest.mark.parametrize(
    ("part", "name", "details"),
    [
        ("tick", TICK, {}),
        ("workers", f"{system.WORKER}one", {"queues": ["runs", "scheduled"]}),
    ],
)
def test_a_part_without_a_recent_heartbeat_does_not_work(
    as_admin: Client, part: str, name: str, details: dict[str, list[str]]
) -> None:
    everything_works()
    Heartbeat.objects.filter(name=name).update(at=timezone.now() - timedelta(minutes=5), details=details)
    context = as_admin.get("/settings/system/state/").context
    assert [each.key for each in context["parts"] if not each.works] == [part]


def test_a_queue_that_nobody_works_on_is_named(as_admin: Client) -> None:
    everything_works()
    beat(f"{system.WORKER}one", {"queues": ["runs"]})
    (problem,) = [part for part in as_admin.get("/settings/system/").context["parts"] if not part.works]
    assert "scheduled" in problem.sentence


def test_one_silent_worker_among_others_is_only_to_be_looked_at(as_admin: Client) -> None:
    everything_works()
    Heartbeat.objects.create(name=f"{system.WORKER}two", at=timezone.now() - timedelta(minutes=5), details={})
    context = as_admin.get("/settings/system/").context
    assert "workers" in [each.key for each in context["parts"] if each.state == system.LATE]


def test_an_unreachable_broker_is_reported_without_its_password(as_admin: Client, settings: Settings) -> None:
    everything_works()
    settings.CELERY_BROKER_URL = "redis://user:hush-hush@127.0.0.1:1/0"
    answer = as_admin.get("/settings/system/")
    assert b"hush-hush" not in answer.content
    assert b"Redis or Valkey at 127.0.0.1" in answer.content


def test_the_page_asks_as_many_questions_with_many_rows(as_admin: Client) -> None:
    everything_works()

    def requested() -> int:
        with CaptureQueriesContext(connection) as queries:
            as_admin.get("/settings/system/")
        return len(queries)

    before = requested()
    for number in range(3):
        make_run(make_client(name=f"Client {number}"))
        beat(f"{system.WORKER}{number}", {"queues": ["runs"]})
    assert requested() == before


def test_a_worker_reports_itself_and_forgets_those_that_are_gone(transactional_db: None) -> None:
    Heartbeat.objects.create(name=f"{system.WORKER}gone", at=timezone.now() - timedelta(days=2))
    forget_silent()
    send_heartbeat("worker:one", {"queues": ["runs"]})
    send_heartbeat("worker:one", {"queues": ["runs"]})
    (worker,) = system.workers(timezone.now())
    assert (worker.name, worker.queues, worker.is_silent) == ("one", ["runs"], False)


# ---------------------------------------------------------------------- for machines


def test_alive_asks_nothing(client: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/health/live").json() == {"live": True}
    assert len(queries) == 0


def test_ready_where_everything_works(client: Client) -> None:
    everything_works()
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert set(answer.json()["parts"]) == {"database", "migrations", "broker", "tick", "clock"}


def test_it_is_not_ready_if_the_tick_stopped_unless_that_is_left_out(client: Client) -> None:
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["parts"]["tick"]) == (503, False)
    assert client.get("/health/ready?without=tick").status_code == 200


def test_not_ready_where_a_migration_is_missing(client: Client) -> None:
    everything_works()
    MigrationRecorder(connection).record_unapplied("diagnostics", "0001_initial")
    assert client.get("/health/ready").json()["parts"]["migrations"] is False


def test_metrics_agree_with_the_database(client: Client) -> None:
    everything_works()
    make_run(make_client(), status=Run.Status.QUEUED)
    text = client.get("/metrics").content.decode()
    values = {
        (sample.name.removeprefix("cobrowse_doctor_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert values["runs_open", "queued"] == 1
    assert values["tick_age_seconds",] < 60
    assert values["broker_up",] == 1
    assert values["queue_messages", "runs"] == 0
    assert values["rows_made_total", "run"] >= 1


@pytest.mark.parametrize(
    ("address", "header", "status"),
    [
        ("127.0.0.1", "", 200),
        ("10.1.2.3", "", 403),
        ("10.1.2.3", "Bearer wrong", 403),
        ("10.1.2.3", f"Bearer {TOKEN}", 200),
        ("", "", 403),
    ],
)
def test_metrics_are_for_known_addresses_and_bearers_of_the_token(
    client: Client, settings: Settings, address: str, header: str, status: int
) -> None:
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", REMOTE_ADDR=address, headers={"Authorization": header} if header else {})
    assert answer.status_code == status


def test_behind_a_proxy_the_address_counts_that_it_saw(client: Client, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    for visible, status in (("203.0.113.7", 403), ("127.0.0.1, 203.0.113.7", 403), ("", 403)):
        answer = client.get("/metrics", headers={"X-Forwarded-For": visible} if visible else {})
        assert answer.status_code == status


def test_no_token_is_no_key(client: Client) -> None:
    answer = client.get("/metrics", REMOTE_ADDR="10.1.2.3", headers={"Authorization": "Bearer "})
    assert answer.status_code == 403


@pytest.mark.parametrize("place", ["/health/live", "/health/ready", "/metrics"])
def test_machines_are_not_sent_to_https(client: Client, settings: Settings, place: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(place).status_code != 301
