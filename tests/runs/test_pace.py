"""Runs keep to the rate limit of their org, whatever the number of processes."""

import multiprocessing
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from diagnostics.demo import server
from diagnostics.demo.orgs import PUBLISHED, DemoOrg, load_endpoint
from diagnostics.demo.scenarios import scenario
from diagnostics.demo.tokens import Allowance
from diagnostics.evaluation.bench.pace import TimedLog
from diagnostics.issues.models import Incident
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import ClientRateLimit, OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_next_run, execute_run
from diagnostics.runs.models import Run
from diagnostics.runs.rate_limit_waits import runs_to_start, wait_of_run
from diagnostics.runs.sweep import LONGEST_QUEUED, sweep
from diagnostics.runs.turns import PEOPLE, SCHEDULED

pytestmark = pytest.mark.django_db(transaction=True)

ALLOWANCE = Allowance(30, 2.0)


@pytest.fixture
def log() -> TimedLog:
    return TimedLog()


@pytest.fixture
def org() -> DemoOrg:
    return load_endpoint(PUBLISHED).orgs[0]


@pytest.fixture
def client(settings: Settings, log: TimedLog, org: DemoOrg) -> Iterator[OAuthClient]:
    endpoint = load_endpoint(PUBLISHED)
    endpoint.orgs = (org, *endpoint.orgs[1:])
    name = scenario("healthy-web").client
    known = next(each for each in org.clients if each.name == name)
    with server.serve(endpoint, allowance=ALLOWANCE, log=log) as address:
        settings.GENESYS_ENDPOINTS = {"own": {"api": address, "login": address}}
        yield create_client(name="Own", region_key="own", client_id=known.id, secret=known.secret, user=None)


def queue(client: OAuthClient, count: int, source: str = "web") -> list[Run]:
    return [create_run(client=client, kind="health", inputs=Inputs(), user=None, source=source) for _ in range(count)]


def work(names: tuple[str, ...], seconds: float) -> None:
    """As a worker does that gets enough messages."""
    connections.close_all()
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at and Run.objects.filter(status__in=["queued", "running"]).exists():
        if all(execute_next_run(name) is None for name in names):
            time.sleep(0.05)
    connections.close_all()


def test_two_processes_keep_to_one_allowance(client: OAuthClient, log: TimedLog) -> None:
    runs = [*queue(client, 4), *queue(client, 4, "schedule")]
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=work, args=(names, 40.0)) for names in ((PEOPLE, SCHEDULED), (SCHEDULED, PEOPLE))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    ended = Run.objects.filter(pk__in=[run.pk for run in runs])
    assert set(ended.values_list("status", "cause")) == {("finished", "none")}
    assert 429 not in {request.status for request in log.requests}
    assert len(log.times) > ALLOWANCE.requests  # one window isn't enough
    most = max(sum(start <= at < start + ALLOWANCE.seconds for at in log.times) for start in log.times)
    assert most <= ALLOWANCE.requests
    assert not Incident.objects.exists()


def test_a_429_of_our_own_load_is_waited_for(client: OAuthClient, org: DemoOrg) -> None:
    """The first run shows that the org accepts us, then it sends a 429."""
    first, second = queue(client, 2)
    execute_run(first.pk)
    org.update_client(client.client_id, behaviour={"where": "api", "kind": "rate_limited"})
    execute_run(second.pk)
    second.refresh_from_db()
    assert (second.status, second.rate_limit_waits, second.findings.count()) == ("queued", 1, 0)
    assert 0 < wait_of_run(second) <= 7
    assert execute_next_run(PEOPLE) is None
    assert runs_to_start(1) == []

    org.update_client(client.client_id, behaviour={})
    over = timezone.now() - timedelta(seconds=1)
    ClientRateLimit.objects.update(blocked_until=over, people_at=over, window_ends_at=over)
    assert runs_to_start(1) == [(second.pk, "web")]
    assert execute_next_run(PEOPLE) == second.pk
    second.refresh_from_db()
    assert (second.status, second.cause) == ("finished", "none")


def test_a_429_that_persists_without_us_is_the_verdict(client: OAuthClient, org: DemoOrg) -> None:
    org.update_client(client.client_id, behaviour={"where": "api", "kind": "rate_limited"})
    (run,) = queue(client, 1)
    execute_run(run.pk)
    run.refresh_from_db()
    assert run.status == "queued"
    ClientRateLimit.objects.update(blocked_until=timezone.now(), accepted_at=None)
    execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.cause, run.certainty) == ("finished", "env.rate_limited", "proved")


def test_a_run_that_waits_for_its_org_is_not_closed(client: OAuthClient) -> None:
    (run,) = queue(client, 1)
    later = timezone.now() + LONGEST_QUEUED + timedelta(minutes=1)
    ClientRateLimit.objects.create(
        region=client.region, client_id=client.client_id, blocked_until=later + timedelta(seconds=9), is_contended=True
    )
    swept = sweep(later)
    assert (swept.closed, swept.to_requeue) == ((), ())
    ClientRateLimit.objects.all().delete()
    assert sweep(later).closed == (run.pk,)
