"""A run whose worker dies is continued once, from its stored steps."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from diagnostics.demo import server
from diagnostics.demo.scenarios import scenario
from diagnostics.engine import runner
from diagnostics.engine.diagnosis import CheckStep
from diagnostics.orgs.models import ClientRateLimit, OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs import store_steps
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_next_run, execute_run
from diagnostics.runs.live_start import start_live
from diagnostics.runs.models import Run
from diagnostics.runs.sweep import SweepResult, sweep, sweep_abandoned
from diagnostics.runs.turns import PEOPLE
from tests.factories import make_user

HEALTHY = scenario("healthy-web")
pytestmark = pytest.mark.django_db(transaction=True)


class WorkerKilled(BaseException):
    """Stands for the end of the worker's process."""


def queue(client: OAuthClient) -> Run:
    inputs, _ = Inputs.from_paste(HEALTHY.call, "", HEALTHY.conversation_id)
    return create_run(client=client, kind="diagnosis", inputs=inputs, user=None, source="web")


def die_after(batches: int, run: Run) -> None:
    """Execute the run in a worker that dies once so many batches of results are stored."""
    stored: list[int] = []
    store = store_steps._store

    def store_or_die(*arguments: object) -> None:
        if len(stored) == batches:
            raise WorkerKilled
        store(*arguments)  # type: ignore[arg-type]
        stored.append(1)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(WorkerKilled):
        patch.setattr(store_steps, "_store", store_or_die)
        patch.setattr(runner, "BATCH_PAUSE", 0.0)  # so that there are several batches
        execute_run(run.pk)


def outcomes(run: Run) -> set[tuple[str, str, str]]:
    return set(run.findings.values_list("check_id", "subject", "outcome"))


def lease_ends(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_the_next_worker_continues_and_reaches_the_verdict(demo: server.Running, demo_client: OAuthClient) -> None:
    whole = queue(demo_client)
    execute_run(whole.pk)
    whole.refresh_from_db()
    for batches in (0, 1, 2):
        run = queue(demo_client)
        die_after(batches, run)
        assert sweep_abandoned() == SweepResult()
        lease_ends(run)
        assert sweep_abandoned().to_requeue == (run.pk,)
        first = {exchange.url for exchange in run.exchanges.filter(method="GET")}
        stored = run.findings.count()
        demo.log.clear()
        assert execute_next_run(PEOPLE) == run.pk
        run.refresh_from_db()
        assert (run.status, run.cause, run.certainty) == ("finished", whole.cause, whole.certainty)
        assert set(run.verdict["because"]) == set(whole.verdict["because"])
        assert (stored > 0, run.findings.count()) == (batches > 0, whole.findings.count())
        assert outcomes(run) == outcomes(whole)
        assert not any(url.endswith(each.target) for each in demo.log.requests for url in first)
        assert run.duration_ms is not None and run.environment == whole.environment
        assert list(run.exchanges.values_list("position", flat=True)) == list(range(run.exchanges.count()))


def test_a_second_death_ends_the_run_with_its_findings(demo_client: OAuthClient) -> None:
    run = queue(demo_client)
    for batches in (1, 0):
        die_after(batches, run)
        lease_ends(run)
        swept = sweep()
    assert swept.closed == (run.pk,)
    run.refresh_from_db()
    assert run.status == Run.Status.INTERRUPTED
    assert "so did the one that continued it" in run.verdict["sentence"]
    assert run.findings.count() > 0
    assert not execute_run(run.pk)


def test_a_start_that_may_have_been_sent_is_reported_and_not_sent_again(
    demo: server.Running, demo_client: OAuthClient
) -> None:
    healthy = queue(demo_client)
    execute_run(healthy.pk)
    healthy.refresh_from_db()
    with transaction.atomic():
        run = start_live(healthy, make_user("ada"), healthy.conversation_id)
    store = store_steps._store

    def die_with_the_start(run_id: int, worker: str, batch: tuple[CheckStep, ...], stored: object) -> None:
        if any(step.check_id == "session.start" for step in batch):
            raise WorkerKilled
        store(run_id, worker, batch, stored)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch, pytest.raises(WorkerKilled):
        patch.setattr(store_steps, "_store", die_with_the_start)
        execute_run(run.pk)
    assert len(demo.log.writes) == 1
    lease_ends(run)
    sweep()
    assert execute_run(run.pk)
    run.refresh_from_db()
    assert run.status == Run.Status.FINISHED
    assert run.findings.get(check_id="session.start").code == "may_have_been_sent"
    assert len(demo.log.writes) == 1


def test_a_worker_that_was_frozen_stores_nothing_once_another_has_the_run(demo_client: OAuthClient) -> None:
    run, store = queue(demo_client), store_steps._store
    frozen: list[int] = []

    def freeze_once(*arguments: object) -> None:
        if not frozen:
            frozen.append(1)
            ClientRateLimit.objects.all().delete()  # else the next worker waits for the first request of this one
            lease_ends(run)
            assert sweep().to_requeue == (run.pk,)
            assert execute_next_run(PEOPLE) == run.pk
        store(*arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_steps, "_store", freeze_once)
        assert execute_run(run.pk)
    run.refresh_from_db()
    found = list(run.findings.values_list("check_id", "subject"))
    assert (run.status, run.cause, len(found)) == ("finished", "none", len(set(found)))
