"""A real worker on a real broker and a real Postgres: killed in the middle of a run, it leaves the run to the next one."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from kombu import Connection
from pytest_django import Settings

import config.celery  # noqa: F401 - the tasks it sends belong to this app
from config.embedded import data_dir
from diagnostics import tasks
from diagnostics.demo import server
from diagnostics.demo.orgs import DemoClient
from diagnostics.demo.scenarios import scenario
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import ClientRateLimit, OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.models import Run
from diagnostics.runs.sweep import sweep

pytestmark = pytest.mark.django_db(transaction=True)

HEALTHY = scenario("healthy-web")
PATIENCE = 60.0


@pytest.fixture
def demo(settings: Settings) -> Iterator[server.Running]:
    running = server.start()
    settings.GENESYS_ENDPOINTS = running.endpoints
    yield running
    running.stop()


@dataclass
class Workers:
    """Celery workers as `up` starts them, on the tests' database and broker."""

    broker: str
    endpoints: dict[str, dict[str, str]]
    log: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self) -> "subprocess.Popen[bytes]":
        words = ["--app", "config", "worker", "--pool", "prefork", "--concurrency", "2", "--queues", "runs"]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", *words, "--without-gossip", "--without-mingle", "--loglevel", "INFO"],
                cwd=data_dir.PROJECT,
                env=self.environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def environment(self) -> dict[str, str]:
        made = connection.settings_dict
        stored = {name: os.environ[name] for name in ("PATH", "HOME", data_dir.VARIABLE) if name in os.environ}
        return {
            **stored,
            "DATABASE_URL": f"postgres://{quote(made['USER'])}:{quote(made['PASSWORD'], safe='')}@/{made['NAME']}"
            f"?host={quote(made['HOST'], safe='')}",
            "CELERY_BROKER_URL": self.broker,
            "SECRET_KEY": "a-key-for-the-tests-of-the-worker-that-is-long-enough-0123456789",
            "FIELD_ENCRYPTION_KEYS": ",".join(django_settings.FIELD_ENCRYPTION_KEYS),
            "GENESYS_ENDPOINTS": json.dumps(self.endpoints),
            "DATABASE_POOL": "0",
        }

    def ring(self, run: Run) -> None:
        with Connection(self.broker) as link:
            options: Any = {"connection": link}
            tasks.execute_run.apply_async((run.pk,), **options)

    def queue(self, client: OAuthClient) -> Run:
        inputs, _ = Inputs.from_paste(HEALTHY.call, "", HEALTHY.conversation_id)
        run = create_run(client=client, kind="diagnosis", inputs=inputs, user=None, source="web")
        self.ring(run)
        return run

    def end(self) -> None:
        for process in self.processes:
            with_group(process, signal.SIGKILL)
            process.wait(20)


def with_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


@pytest.fixture
def workers(valkey: str, demo: server.Running, tmp_path: Path) -> Iterator[Workers]:
    found = Workers(valkey, demo.endpoints, tmp_path / "worker.log")
    yield found
    found.end()


def client_like(client: DemoClient, name: str) -> OAuthClient:
    return create_client(name=name, region_key="demo-published", client_id=client.id, secret=client.secret, user=None)


def demo_client(demo: server.Running, name: str) -> DemoClient:
    return next(each for each in demo.orgs["published"].orgs[0].clients if each.name == name)


def wait_for(run: Run, wanted: Callable[[Run], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not wanted(run):
        assert time.monotonic() < deadline, f"run {run.pk} stayed {run.status}"
        time.sleep(0.05)
        run.refresh_from_db()


def test_a_run_whose_message_comes_twice_runs_once_and_no_secret_is_in_the_broker_or_the_log(
    workers: Workers, demo: server.Running
) -> None:
    """A message is an id; the log names runs. The messages are read raw while they still wait."""
    known = demo_client(demo, HEALTHY.client)
    run = workers.queue(client_like(known, "Healthy"))
    workers.ring(run)
    with Connection(workers.broker) as link:
        channel: Any = link.default_channel
        waiting = channel.client.lrange("runs", 0, -1)
    assert len(waiting) == 2
    assert all(known.secret.encode() not in message and known.id.encode() not in message for message in waiting)

    workers.start()
    wait_for(run, lambda run: not run.is_open)
    second = workers.queue(run.client)
    wait_for(second, lambda run: not run.is_open)
    assert (run.status, run.cause) == ("finished", "none"), workers.log.read_text()
    found = list(run.findings.values_list("check_id", "subject"))
    assert len(found) == len(set(found)) > 0
    assert demo.log.writes == []
    assert known.secret not in workers.log.read_text()


def test_a_run_of_two_killed_workers_ends_once_with_what_was_stored(workers: Workers, demo: server.Running) -> None:
    """The token comes at once, every read takes long: so the first finding is stored while the others wait."""
    slow = client_like(demo_client(demo, "Hostile api: slow"), "Slow")
    run, afterwards = workers.queue(slow), timezone.now() + timedelta(minutes=1)
    first = workers.start()
    wait_for(run, lambda run: run.findings.filter(check_id="oauth.token").exists())
    with_group(first, signal.SIGKILL)
    first.wait(20)
    stored = list(run.findings.values_list("check_id", "subject"))
    ClientRateLimit.objects.all().delete()  # else the others wait 30 s for the first request of the dead worker
    assert sweep(afterwards).to_requeue == (run.pk,)
    run.refresh_from_db()
    workers.ring(run)

    second = workers.start()
    wait_for(run, lambda run: run.status == Run.Status.RUNNING)
    with_group(second, signal.SIGKILL)
    second.wait(20)
    ClientRateLimit.objects.all().delete()

    workers.start()
    closed = sweep(afterwards).closed
    workers.ring(run)  # the broker hands the killed worker's message out again
    healthy = workers.queue(client_like(demo_client(demo, HEALTHY.client), "Healthy"))
    wait_for(healthy, lambda run: not run.is_open)

    run.refresh_from_db()
    assert closed == (run.pk,)
    assert (run.status, healthy.status) == ("interrupted", "finished")
    found = list(run.findings.values_list("check_id", "subject"))
    assert found == stored
    assert len(found) == len(set(found))
    assert run.verdict["cause"] == "undetermined"
