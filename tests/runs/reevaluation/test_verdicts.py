"""Old runs before today's checks: the same evidence gives the same verdict, and what is not kept is never guessed."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from diagnostics.checks import base
from diagnostics.demo import server
from diagnostics.demo.orgs import read_data
from diagnostics.demo.registration import register
from diagnostics.demo.scenarios import scenario, scenarios
from diagnostics.genesys import client as genesys_client
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import ClientRateLimit, OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run, repeat_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.models import Exchange, Finding, Run
from diagnostics.runs.queries.pages import read_position
from diagnostics.runs.reevaluate import reevaluate_all, reevaluate_page, reevaluate_run
from diagnostics.runs.reevaluation.verdicts import Reevaluation
from tests.factories import make_client, make_open_run, make_run

pytestmark = pytest.mark.django_db(transaction=True)

BEYOND = ("reach.dns", "reach.route", "reach.tls")  # names, routes and certificates are in no archive
HEALTHY, NO_ROLE = scenario("healthy-web"), scenario("client-no-role")


@pytest.fixture
def demo(settings: Settings, no_rate_limit: None) -> Iterator[server.Running]:
    running = server.start()
    settings.GENESYS_ENDPOINTS = running.endpoints
    yield running
    running.stop()


@pytest.fixture
def clients(demo: server.Running) -> dict[str, OAuthClient]:
    return {client.name: client for key in demo.orgs for client in register(key)}


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any, **named: Any) -> None:
        raise AssertionError("an archive needs no network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(requests.Session, "request", refuse)


def diagnosed(client: OAuthClient, reported: Any, **more: Any) -> Run:
    inputs, _ = Inputs.from_paste(reported.call, reported.answer, reported.conversation_id)
    run = create_run(client=client, kind="diagnosis", inputs=inputs, user=None, source="web", **more)
    execute_run(run.pk)
    ClientRateLimit.objects.all().delete()
    execute_run(run.pk)  # as if it had waited for the rate limit; nothing if it has ended
    return Run.objects.select_related("client").get(pk=run.pk)


def reported_of(again: Reevaluation) -> dict[str, Any]:
    """What is not as it was, in words to read in a failure."""
    changes = [(each.check_id, each.subject, each.why, each.now and each.now.sentence) for each in again.changes]
    return {"cause": again.cause, "certainty": again.certainty, "changes": changes, "trouble": again.problem}


def test_every_scenario_is_judged_from_its_rows_as_it_was_live(clients: dict[str, OAuthClient]) -> None:
    runs = [diagnosed(clients[reported.client], reported) for reported in scenarios()]
    other = {}
    for run in runs:
        again = reevaluate_run(run)
        if again.differs or again.changes or again.problem or again.carried != BEYOND or again.missing_paths:
            other[run.pk] = reported_of(again)
    assert other == {}
    assert len(runs) > 40
    assert Exchange.objects.count() > 4 * len(runs)


@pytest.mark.parametrize("name", [item["name"] for item in read_data("hostile.json")][::2])
def test_an_org_that_answered_nonsense_is_judged_as_it_was(
    name: str, demo: server.Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(genesys_client, "SILENCE_SECONDS", 0.3)
    monkeypatch.setattr(genesys_client, "CALL_SECONDS", 0.6)
    known = next(each for org in demo.orgs["published"].orgs for each in org.clients if each.name == name)
    client = create_client(name=name, region_key="demo-published", client_id=known.id, secret=known.secret, user=None)
    again = reevaluate_run(diagnosed(client, HEALTHY))
    assert not again.differs, reported_of(again)
    assert not again.problem


def test_nothing_is_sent_and_nothing_is_stored(clients: dict[str, OAuthClient], no_network: None) -> None:
    run = make_run(clients[NO_ROLE.client], inputs=Inputs(conversation_id=NO_ROLE.conversation_id).to_json())
    before = (Run.objects.values().get(), Finding.objects.count(), Exchange.objects.count())
    reevaluate_run(run)
    assert before == (Run.objects.values().get(), Finding.objects.count(), Exchange.objects.count())


def test_the_org_may_be_gone(clients: dict[str, OAuthClient], demo: server.Running) -> None:
    run = diagnosed(clients[NO_ROLE.client], NO_ROLE)
    demo.stop()
    assert reevaluate_run(run).cause == ("authz.permission_missing", "authz.permission_missing")


def test_a_check_that_judges_otherwise_since_changes_the_verdict_and_is_named(
    clients: dict[str, OAuthClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = diagnosed(clients[NO_ROLE.client], NO_ROLE)
    old = base._registry["permissions.call"]
    lenient = replace(old, version=old.version + 1, run=lambda ctx: [base.passed("held", "The client holds it.")])
    monkeypatch.setitem(base._registry, "permissions.call", lenient)
    again = reevaluate_run(run)
    assert again.differs
    assert [(each.check_id, each.why) for each in again.changes] == [("permissions.call", "version")]
    run.refresh_from_db()
    assert run.cause == "authz.permission_missing"


def test_a_new_check_needs_requests_that_were_not_sent_and_is_inconclusive(
    clients: dict[str, OAuthClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = diagnosed(clients[HEALTHY.client], HEALTHY)

    def ask(ctx: base.CheckContext) -> list[base.Result]:
        fine = ctx.genesys.get("/api/v2/quality/forms").ok
        return [base.passed("fine", "It is fine.") if fine else base.failed("broken", "It is broken.")]

    monkeypatch.setitem(base._registry, "route.novel", base.Check("route.novel", "Novel", ask))
    again = reevaluate_run(run)
    assert [(each.check_id, each.now and each.now.code) for each in again.changes] == [
        ("route.novel", "not_in_archive")
    ]
    assert again.missing_paths == ("/api/v2/quality/forms",)


def test_a_retired_check_is_named(clients: dict[str, OAuthClient], monkeypatch: pytest.MonkeyPatch) -> None:
    run = diagnosed(clients[HEALTHY.client], HEALTHY)
    monkeypatch.delitem(base._registry, "reach.clock")
    assert [(each.check_id, each.why) for each in reevaluate_run(run).changes] == [("reach.clock", "retired_check")]


def test_a_list_of_which_the_tail_was_cut_accuses_nobody(clients: dict[str, OAuthClient]) -> None:
    """The grant that counts may stand in the tail: the finding of then stands, and a raised version cannot tell."""
    run = diagnosed(clients[HEALTHY.client], HEALTHY)
    grants = run.exchanges.get(url__contains="/subjects/me")
    grants.body = json.dumps({**json.loads(grants.body), "grants": ["[cut: 40 more]"]})
    grants.save()
    again = reevaluate_run(run)
    assert not again.differs
    assert {"permissions.call", "permissions.reads"} <= set(again.carried)

    run.findings.filter(check_id="permissions.call").update(check_version=99)
    again = reevaluate_run(run)
    assert [(each.check_id, each.now and each.now.outcome) for each in again.changes] == [("permissions.call", "error")]
    assert not again.cause[1].startswith("authz.")


def test_a_run_whose_bodies_were_dropped_keeps_its_verdict(clients: dict[str, OAuthClient]) -> None:
    run = diagnosed(clients[NO_ROLE.client], NO_ROLE)
    run.exchanges.update(body="")
    run.bodies_dropped_at = timezone.now()
    assert not reevaluate_run(run).differs


def test_a_repeated_part_is_judged_as_a_part(clients: dict[str, OAuthClient]) -> None:
    run = diagnosed(clients[NO_ROLE.client], NO_ROLE)
    part = repeat_run(run, None, branch="conversation.exists")
    execute_run(part.pk)
    part.refresh_from_db()
    again = reevaluate_run(part)
    assert (again.differs, again.changes) == (False, ())


def test_a_run_cut_short_is_never_acquitted(clients: dict[str, OAuthClient]) -> None:
    run = diagnosed(clients[HEALTHY.client], HEALTHY)
    run.findings.filter(check_id__startswith="conversation.").delete()
    Run.objects.filter(pk=run.pk).update(status=Run.Status.INTERRUPTED, cause="undetermined", certainty="undetermined")
    again = reevaluate_run(Run.objects.get(pk=run.pk))
    assert again.cause[1] == "undetermined"
    assert not again.missing_paths


def test_an_offer_is_judged_by_the_hour_of_the_run(clients: dict[str, OAuthClient]) -> None:
    """A session whose offer was open when the run was made had not expired then."""
    open_until = (timezone.now() + timedelta(hours=1)).isoformat()
    answer = json.dumps({"status": 200, "headers": {}, "body": {"id": "x", "dateOfferEnds": open_until}})
    run = diagnosed(clients[HEALTHY.client], replace(HEALTHY, answer=answer))
    Run.objects.filter(pk=run.pk).update(started_at=run.started_at, inputs=_an_hour_later(run))
    assert reevaluate_run(Run.objects.get(pk=run.pk)).differs
    assert not reevaluate_run(run).differs


def _an_hour_later(run: Run) -> dict[str, Any]:
    """The run's inputs as they would read, had the offer ended an hour before it began."""
    assert run.started_at is not None
    ended = (run.started_at - timedelta(hours=1)).isoformat()
    body = json.dumps({**json.loads(run.inputs["answer"]["body"]), "dateOfferEnds": ended})
    return {**run.inputs, "answer": {**run.inputs["answer"], "body": body}}


def test_what_cannot_be_evaluated_is_explained() -> None:
    nothing_stored = make_run(inputs=Inputs().to_json())
    nowhere = make_run(nothing_stored.client, inputs={**Inputs().to_json(), "target": {"region": "atlantis-1"}})
    gone = make_run(nothing_stored.client, inputs=Inputs().to_json(), branch="astrology.stars")
    for run in (nothing_stored, nowhere, gone):
        again = reevaluate_run(run)
        assert again.problem
        assert not again.differs


def test_pages_walk_every_run_that_is_over_once() -> None:
    client = make_client()
    runs = [make_run(client, inputs=Inputs().to_json()).pk for _ in range(5)]
    make_open_run(client)
    first, place = reevaluate_page(RunFilter(), None, 3)
    assert [each.run.pk for each in first] == [runs[4], runs[3]]
    second, end = reevaluate_page(RunFilter(), read_position(place, "newest"), 3)
    assert [each.run.pk for each in second] == [runs[2], runs[1], runs[0]]
    assert end == ""
    assert [each.run.pk for each in reevaluate_all(RunFilter(), 4)] == runs[:0:-1]
    assert len(list(reevaluate_all(RunFilter(), 100))) == 5


def test_the_number_of_queries_does_not_grow_with_the_runs(clients: dict[str, OAuthClient]) -> None:
    diagnosed(clients[HEALTHY.client], HEALTHY)
    with CaptureQueriesContext(connection) as one:
        reevaluate_page(RunFilter(), None)
    for _ in range(3):
        diagnosed(clients[HEALTHY.client], HEALTHY)
    with CaptureQueriesContext(connection) as four:
        reevaluate_page(RunFilter(), None)
    assert len(four) - len(one) <= 3, "one look at the contract in force for each run, and no more"
