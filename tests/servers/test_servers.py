"""A diagnosis from the web server over the broker to the worker and back, on each database and broker we name."""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from kombu import Connection

from config import queues
from config.celery import START_DUE_SECONDS
from diagnostics.demo import server
from diagnostics.monitoring.models import Schedule
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.row_limits import is_enforced, rows_limited_to
from diagnostics.runs.models import Run
from tests.factories import make_team_lead
from tests.servers import programs
from tests.servers.programs import wait_for
from tests.servers.stack import Stack, make_token_and_client, migrated_database, new_database

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

SCHEDULES = 4


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the servers' own accounts can enter. pytest closes its own one to them when it starts once more."""
    with tempfile.TemporaryDirectory(prefix="cd-servers-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o711)
        yield Path(made)


def check(stack: Stack, token: str, client: int) -> None:
    """A diagnosis started over HTTP ends with the right verdict.

    A broker may end a connection, and RabbitMQ does on a busy machine (541); what it can't do at all it says with 540.
    """
    stack.start_web_and_worker()
    run = stack.diagnose(token, client)
    assert (run["status"], run["verdict"]["cause"]) == ("finished", "none"), stack.log("worker")
    assert "NOT_IMPLEMENTED" not in stack.log("worker")
    assert "Traceback" not in stack.log("web")


def test_redis_and_valkey_with_the_oldest_postgres_of_debian(demo: server.Running, folder: Path) -> None:
    with (
        programs.debian_postgres(folder) as database,
        programs.redis(folder) as redis,
        programs.valkey_over_tcp(folder) as valkey,
        migrated_database(database),
    ):
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version_num")
            assert 140_000 <= int(cursor.fetchone()[0]) < 180_000
        token, client = make_token_and_client(demo)
        for name, broker in (("redis", redis), ("valkey", valkey)):
            with Stack(database, broker, demo.endpoints, folder / f"on-{name}") as stack:
                check(stack, token, client)


def test_rabbitmq_behind_pgbouncer_with_both_types_of_queue_and_two_beats(demo: server.Running, folder: Path) -> None:
    """Each virtual host makes queues of the other type by default. All parts share two connections to Postgres 18."""
    with (
        programs.rabbitmq(folder) as rabbitmq,
        new_database("servers"),
        programs.pgbouncer(folder, connection.settings_dict, "servers") as database,
        migrated_database(database),
    ):
        token, client = make_token_and_client(demo)
        with Stack(database, rabbitmq.quorum, demo.endpoints, folder / "on-classic") as stack:
            check(stack, token, client)
            assert has_queues_of_type("classic", rabbitmq.quorum)
        check_limited_rows()
        quorum = {"CELERY_QUEUE_TYPE": "quorum"}
        with Stack(database, rabbitmq.classic, demo.endpoints, folder / "on-quorum", quorum) as stack:
            check(stack, token, client)
            assert has_queues_of_type("quorum", rabbitmq.classic)
            check_two_beats(stack, client)


def check_limited_rows() -> None:
    """A limited person's rows stay limited, and everybody else's don't become so, whichever connection PgBouncer gives."""
    person = make_team_lead("lea", is_limited=True, only_orgs=["another-org"])
    assert is_enforced()

    def alternate() -> set[tuple[bool, bool]]:
        found = set()
        try:
            for _ in range(20):
                with rows_limited_to(person):
                    limited = Run.objects.exists()
                found.add((limited, Run.objects.exists()))
        finally:
            connection.close()
        return found

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(alternate) for _ in range(4)]:
            assert done.result() == {(False, True)}


def has_queues_of_type(queue_type: str, broker: str) -> bool:
    """RabbitMQ refuses to declare a queue that exists with another type."""
    with Connection(broker) as link:
        try:
            for queue in queues.rabbitmq_queues(queue_type):
                queue(link.channel()).declare()
        except link.channel_errors:
            return False
    return True


def check_two_beats(stack: Stack, client: int) -> None:
    """Schedules that are due start once each, although both beats ask for it twice."""
    now = timezone.now()
    names = [f"Due {number}" for number in range(SCHEDULES)]
    values = {name: getattr(OAuthClient.objects.get(pk=client), name) for name in ("region", "client_id", "secret")}
    clients = OAuthClient.objects.bulk_create(OAuthClient(name=name, **values) for name in names)
    schedules = Schedule.objects.bulk_create(
        Schedule(name=each.name, client=each, minutes=60, due_at=now, next_run_at=now) for each in clients
    )
    for name in ("first-beat", "second-beat"):
        stack.start_beat(name)
    for name in ("first-beat", "second-beat"):
        stack.wait_for_log(name, "is starting")
    runs = Run.objects.filter(schedule__in=schedules)
    wait_for(lambda: runs.exclude(finished_at=None).count() >= SCHEDULES, lambda: stack.log("worker"))
    time.sleep(2 * START_DUE_SECONDS)  # both have asked twice by then
    assert sorted(runs.values_list("schedule__name", flat=True)) == names
