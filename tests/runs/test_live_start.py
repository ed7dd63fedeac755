"""The live start as a run: confirmed, sent once, never again, and nothing secret of it stored."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone
from pytest_django import Settings

from diagnostics.accounts.models import User
from diagnostics.demo import server
from diagnostics.demo.scenarios import scenario
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs import live_start as permit
from diagnostics.runs.create import create_run, repeat_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.live_start import start_live, why_start_refused
from diagnostics.runs.models import Run
from diagnostics.runs.sweep import sweep
from diagnostics.web.refusals import ActionRefused
from tests.factories import CONVERSATION, make_client, make_finding, make_open_run, make_run, make_team_lead, make_user

HEALTHY = scenario("healthy-web")


@pytest.fixture
def demo(settings: Settings) -> Iterator[server.Running]:
    running = server.start()
    settings.GENESYS_ENDPOINTS = running.endpoints
    yield running
    running.stop()


@pytest.fixture
def ada(db: None) -> User:
    return make_user()


@dataclass
class Org:
    """A demo org with a finished run of a healthy conversation."""

    demo: server.Running
    run: Run

    @property
    def starts(self) -> list[str]:
        return [f"{each.method} {each.target}" for each in self.demo.log.writes]


@pytest.fixture
def org(demo: server.Running, transactional_db: None) -> Org:
    known = next(each for each in demo.orgs["published"].orgs[0].clients if each.name == HEALTHY.client)
    client = create_client(
        name=known.name, region_key="demo-published", client_id=known.id, secret=known.secret, user=None
    )
    return Org(demo, finished(client))


def finished(client: OAuthClient) -> Run:
    inputs, _ = Inputs.from_paste(HEALTHY.call, "", HEALTHY.conversation_id)
    run = create_run(client=client, kind="diagnosis", inputs=inputs, user=None, source="web")
    execute_run(run.pk)
    run.refresh_from_db()
    return run


def confirm(run: Run, user: User, typed: str | None = None) -> Run:
    with transaction.atomic():
        return start_live(run, user, run.conversation_id if typed is None else typed)


def rows_of(run: Run) -> str:
    stored: list[Any] = [run.verdict, run.inputs]
    stored += [each.as_dict() for each in run.findings.all()]
    stored += [each.value().as_dict() for each in run.exchanges.all()]
    return json.dumps(stored)


def test_a_confirmed_start_is_sent_once_and_only_after_all_else(
    org: Org, ada: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "diagnostics.audit")
    assert org.starts == []
    run = confirm(org.run, ada)
    execute_run(run.pk)
    run.refresh_from_db()
    assert org.starts == [f"POST /api/v2/conversations/{HEALTHY.conversation_id}/cobrowse"]
    assert (run.cause, run.certainty, run.repeats) == ("none", "proved", org.run)
    assert run.exchanges.order_by("position").last().method == "POST"  # type: ignore[union-attr]
    assert run.findings.get(check_id="session.start").code == "started"
    line = next(each for each in caplog.messages if "confirmed" in each)
    assert all(word in line for word in (ada.username, str(run.pk), HEALTHY.conversation_id))


def test_its_join_code_and_address_are_stored_nowhere(org: Org, ada: User) -> None:
    run = confirm(org.run, ada)
    execute_run(run.pk)
    sent = run.exchanges.get(method="POST", url__endswith="/cobrowse")
    body = json.loads(sent.body)
    assert body["joinCode"].startswith("[masked")
    assert body["websocketUrl"].startswith(("[masked", "[hidden"))
    assert "cobrowse.demo.invalid" not in rows_of(run)


def test_another_start_waits_for_the_end_of_an_offer_that_was_sent_late(org: Org, ada: User) -> None:
    first = confirm(org.run, ada)
    execute_run(first.pk)
    Run.objects.filter(pk=first.pk).update(
        created_at=timezone.now() - timedelta(minutes=4)
    )  # it was queued for so long
    with pytest.raises(ActionRefused):
        confirm(org.run, ada)
    Run.objects.filter(pk=first.pk).update(start_claimed_at=timezone.now() - timedelta(minutes=2))
    confirm(org.run, ada)


def test_nothing_is_sent_if_the_database_fails_before_the_start(
    org: Org, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = confirm(org.run, ada)
    monkeypatch.setattr("diagnostics.runs.live_start.claim_start", Mock(side_effect=OperationalError))
    execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.cause, org.starts) == ("finished", "undetermined", [])
    assert run.findings.get(check_id="session.start").code == "not_claimed"


def test_no_bell_and_no_repetition_sends_it_again(org: Org, ada: User) -> None:
    run = confirm(org.run, ada)
    execute_run(run.pk)
    execute_run(run.pk)
    Run.objects.filter(pk=run.pk).update(status="queued")  # even a row put back by hand
    run.findings.all().delete()
    run.exchanges.all().delete()
    execute_run(run.pk)
    assert run.findings.get(check_id="session.start").code == "not_permitted"
    again = repeat_run(run, ada)
    execute_run(again.pk)
    assert "session.start" not in again.planned
    assert len(org.starts) == 1


def test_nothing_is_sent_where_something_else_is_not_right(org: Org, ada: User) -> None:
    Run.objects.filter(pk=org.run.pk).update(conversation_id=scenario("conversation-queued").conversation_id)
    org.run.refresh_from_db()
    run = confirm(org.run, ada)
    execute_run(run.pk)
    run.refresh_from_db()
    assert run.findings.get(check_id="session.start").code == "not_all_right"
    assert run.cause != "none"
    assert org.starts == []
    assert run.start_claimed_at is None


@pytest.mark.parametrize("typed", ["", "yes", f" {CONVERSATION}", CONVERSATION.upper(), CONVERSATION[:-1]])
def test_any_other_word_starts_nothing(ada: User, typed: str) -> None:
    run = make_run(cause="none")
    with pytest.raises(ActionRefused):
        confirm(run, ada, typed)
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "client"),
    [
        ({"cause": "conv.ended"}, {}),
        ({"cause": "undetermined"}, {}),
        ({"cause": "none", "status": "interrupted"}, {}),
        ({"cause": "none", "status": "running"}, {}),
        ({"cause": "none", "conversation_id": ""}, {}),
        ({"cause": "none", "conversation_id": "x"}, {}),
        ({"cause": "none", "kind": "health"}, {}),
        ({"cause": "none", "branch": "oauth.token"}, {}),
        ({"cause": "none"}, {"retired_at": timezone.now()}),
        ({"cause": "none"}, {"gateway": True}),
    ],
)
def test_a_run_that_does_not_lead_there(ada: User, values: dict[str, Any], client: dict[str, Any]) -> None:
    run = make_run(make_client(**client), **values)
    assert why_start_refused(run)
    with pytest.raises(ActionRefused):
        confirm(run, ada)


def test_a_team_lead_is_refused_by_the_service_itself(db: None) -> None:
    with pytest.raises(ActionRefused):
        confirm(make_run(cause="none"), make_team_lead())


def test_a_start_is_allowed_once_the_cause_is_fixed(ada: User) -> None:
    run = make_run(cause="conv.not_connected")
    make_run(run.client, repeats=run, branch="conversation.connected", cause="none")
    assert why_start_refused(run) == ""


def test_two_confirmations_make_one_start(ada: User) -> None:
    run = make_run(cause="none")
    confirm(run, ada)
    with pytest.raises(ActionRefused):
        confirm(run, ada)
    assert Run.objects.filter(inputs__start=True).count() == 1


def test_the_permission_is_given_away_once_and_to_the_run_s_own_worker(ada: User) -> None:
    run = confirm(make_run(cause="none"), ada)
    assert not permit.claim_start(run.pk, "me")
    Run.objects.filter(pk=run.pk).update(status="running", worker="me")
    assert not permit.claim_start(run.pk, "another")
    assert permit.claim_start(run.pk, "me")
    assert not permit.claim_start(run.pk, "me")


def test_a_permission_lapses_while_its_run_waits_for_a_worker(ada: User) -> None:
    run = confirm(make_run(cause="none"), ada)
    Run.objects.filter(pk=run.pk).update(
        status="running", worker="me", created_at=timezone.now() - permit.CONFIRMATION_LIFETIME - timedelta(seconds=1)
    )
    assert not permit.claim_start(run.pk, "me")


def test_a_run_without_a_confirmation_has_no_permission(db: None) -> None:
    run = make_open_run(worker="me")
    assert not permit.claim_start(run.pk, "me")


def test_a_start_is_reported_as_maybe_sent_if_the_worker_died_after_the_claim(db: None) -> None:
    then = timezone.now() - timedelta(minutes=5)
    inputs = Inputs(conversation_id=CONVERSATION, start=True).to_json()
    run = make_open_run(
        inputs=inputs,
        start_claimed_at=then,
        lease_until=then,
        resumed_at=then,
        planned=["oauth.token", "session.start"],
    )
    make_finding(run, "oauth.token", "pass")
    sweep()
    run.refresh_from_db()
    assert (run.status, run.cause) == ("interrupted", "undetermined")
    assert run.findings.get(check_id="session.start").code == "may_have_been_sent"
    assert "may have been sent" in run.verdict["sentence"]


def test_nothing_was_sent_if_the_worker_died_before_the_claim(db: None) -> None:
    then = timezone.now() - timedelta(minutes=5)
    run = make_open_run(lease_until=then, resumed_at=then)
    sweep()
    assert not run.findings.filter(check_id="session.start").exists()
