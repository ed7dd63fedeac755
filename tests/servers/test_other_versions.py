"""A worker and messages of two versions, as during an upgrade: no run is lost."""

import inspect
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.utils import timezone
from kombu import Connection

import config.celery  # noqa: F401 - the tasks it sends belong to this app
from config import queues
from diagnostics import tasks
from diagnostics.demo import server
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.models import Run
from diagnostics.runs.sweep import sweep
from tests.servers.programs import wait_for
from tests.servers.stack import Stack, make_token_and_client, url_of_database

# Every message that 0.1.0 sends: the task, its queue and its arguments. A later version has to accept them, because
# they may wait in the queue while it is installed. Add those of each release; never remove one that is still supported.
MESSAGES = {
    "diagnostics.tasks.apply_retention": (queues.SCHEDULED, (1,)),
    "diagnostics.tasks.deliver": (queues.RUNS, (1,)),
    "diagnostics.tasks.execute_run": (queues.RUNS, (1,)),
    "diagnostics.tasks.execute_scheduled_run": (queues.SCHEDULED, (1,)),
    "diagnostics.tasks.refresh_contract": (queues.RUNS, (1,)),
    "diagnostics.tasks.run_due_org_sync": (queues.SCHEDULED, (1,)),
    "diagnostics.tasks.run_org_sync": (queues.RUNS, (1,)),
    "diagnostics.tasks.verify_client": (queues.RUNS, (1,)),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_of_an_earlier_version_is_accepted(name: str) -> None:
    queue, arguments = MESSAGES[name]
    assert queue in queues.ALL
    inspect.signature(current_app.tasks[name].run).bind(*arguments)


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_messages_of_a_later_version_lose_no_run(demo: server.Running, valkey: str, tmp_path: Path) -> None:
    """A worker that doesn't know the task, or an argument of it, goes on; the sweep sends a message it knows."""
    _, client = make_token_and_client(demo)
    with Stack(url_of_database(), valkey, demo.endpoints, tmp_path / "stack") as stack:
        worker = stack.start_worker()
        unknown_task, unknown_argument = (queue_run(client) for _ in range(2))
        with Connection(valkey) as link:
            options: Any = {"connection": link, "queue": queues.RUNS}
            current_app.send_task("diagnostics.tasks.execute_run_of_a_later_version", (unknown_task.pk,), **options)
            current_app.send_task(tasks.execute_run.name, (unknown_argument.pk,), {"priority": "high"}, **options)
        for error in ("KeyError", "TypeError"):
            stack.wait_for_log("worker", error)
        assert {status_of(unknown_task), status_of(unknown_argument)} == {Run.Status.QUEUED}

        with Connection(valkey) as link:
            resent: Any = {"connection": link}
            for pk in sweep(timezone.now() + timedelta(minutes=1)).to_requeue:
                tasks.execute_run.apply_async((pk,), **resent)
        queued = Run.objects.exclude(status=Run.Status.FINISHED)
        wait_for(lambda: not queued.exists(), lambda: stack.log("worker"))
        assert worker.poll() is None


def queue_run(client: int) -> Run:
    return create_run(
        client=OAuthClient.objects.get(pk=client), kind=Run.Kind.HEALTH, inputs=Inputs(), user=None, source="web"
    )


def status_of(run: Run) -> str:
    run.refresh_from_db()
    return run.status
