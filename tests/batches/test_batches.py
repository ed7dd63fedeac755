"""Batches: offered, started once, each group one run, held back by limits without losing a group, exported, deleted."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from diagnostics import tasks
from diagnostics.accounts.models import User
from diagnostics.batches import batches
from diagnostics.batches.batches import create_batch, start_runs, start_waiting_runs
from diagnostics.batches.models import Batch, BatchGroup
from diagnostics.engine.batch_review import BatchReview, review_batch
from diagnostics.genesys.contract import bundled
from diagnostics.operations.retention import start_pass, work_on_pass
from diagnostics.orgs.clients import retire_client
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.create import create_run
from diagnostics.runs.models import Run
from tests.factories import make_batch, make_client, make_person, make_run

pytestmark = pytest.mark.django_db

TOKEN = "kZr8vQ2mX5tYb7nL0pWc3sDf6gHj9aEu1iOx4RqTzVyB"
PATHS = ("chat/{}/cobrowse", "{}/cobrowse", "messages/{}/cobrowse")
OnCommit = Callable[..., Any]


def log(times: int = 3) -> str:
    return "\n".join(
        f"POST https://api.mypurecloud.ie/api/v2/conversations/{path.format(uuid4())}?token={TOKEN} -> 404"
        for path in PATHS
        for _ in range(times)
    )


@pytest.fixture(scope="module")
def review() -> BatchReview:
    return review_batch(log(), lambda region: bundled())


@pytest.fixture
def org(db: None) -> OAuthClient:
    return make_client()


def test_a_pasted_log_is_offered_and_started_once(
    as_admin: Client,
    ada: User,
    org: OAuthClient,
    sent_tasks: list[tuple[str, int]],
    django_capture_on_commit_callbacks: OnCommit,
) -> None:
    form = {"client": org.pk, "call": log()}
    offered = as_admin.post("/diagnose/preview/", form)
    assert not Batch.objects.exists()
    form["batch"] = offered.context["offer"]
    with django_capture_on_commit_callbacks(execute=True):
        place = as_admin.post("/diagnose/batch/", form).headers["Location"]
        assert as_admin.post("/diagnose/batch/", form).headers["Location"] == place
    batch = Batch.objects.get()
    assert place == f"/batches/{batch.pk}/"
    assert (batch.started_by, batch.client, batch.calls) == (ada, org, 9)
    assert sent_tasks == [("execute_run", group.run_id) for group in batch.groups.all()]
    assert len(sent_tasks) == 3
    assert {(run.kind, run.source, run.client) for run in Run.objects.all()} == {("diagnosis", "web", org)}
    stored = [*Batch.objects.values(), *BatchGroup.objects.values(), *Run.objects.values()]
    assert TOKEN not in str(stored) + offered.content.decode() + as_admin.get(place).content.decode()


def test_an_offer_of_another_text_or_person_is_not_used(as_admin: Client, org: OAuthClient, sent_tasks: object) -> None:
    offer = as_admin.post("/diagnose/preview/", {"call": log()}).context["offer"]
    few = "POST /api/v2/conversations/chat/x/cobrowse -> 404"
    assert as_admin.post("/diagnose/batch/", {"client": org.pk, "call": few, "batch": offer}).status_code == 200
    assert as_admin.post("/diagnose/batch/", {"client": org.pk, "call": few, "batch": "forged"}).status_code == 200
    assert not Batch.objects.exists()


def test_without_a_client_nothing_is_started(as_admin: Client, org: OAuthClient) -> None:
    answer = as_admin.post("/diagnose/batch/", {"call": log()})
    assert answer.context["form"].errors.keys() == {"client"}
    assert answer.context["offer"]
    assert not Batch.objects.exists()


def test_who_may_not_start_runs_sees_the_groups_alone(as_lead: Client) -> None:
    answer = as_lead.post("/diagnose/preview/", {"call": log()})
    assert len(answer.context["review"].batch.review.groups) == 3
    assert not answer.context["offer"]


def test_groups_beyond_the_limit_of_runs_are_started_by_a_later_tick(
    settings: Settings, ada: User, org: OAuthClient, review: BatchReview
) -> None:
    settings.RUNS_PER_MINUTE = 2
    batch = create_batch(org, review, ada)
    assert len(start_runs(batch.pk)) == 2
    assert start_waiting_runs() == ()
    Run.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert len(start_waiting_runs()) == 1
    assert len(set(batch.groups.values_list("run", flat=True)) - {None}) == 3
    assert start_waiting_runs() == ()
    assert "batches" in tasks.TICK_PARTS


def test_a_crash_while_runs_are_started_loses_and_doubles_no_group(
    monkeypatch: pytest.MonkeyPatch, ada: User, org: OAuthClient, review: BatchReview
) -> None:
    create_batch(org, review, ada)
    calls: list[object] = []

    def dies_once(**values: Any) -> Run:
        calls.append(values)
        if len(calls) == 2:
            raise RuntimeError
        return create_run(**values)

    monkeypatch.setattr(batches, "create_run", dies_once)
    assert start_waiting_runs() == ()
    assert len(start_waiting_runs()) == 3
    assert Run.objects.count() == 3


def test_a_client_that_is_retired_meanwhile_ends_the_batch(ada: User, org: OAuthClient, review: BatchReview) -> None:
    batch = create_batch(org, review, ada)
    retire_client(org)
    assert start_waiting_runs() == ()
    batch.refresh_from_db()
    assert (batch.is_starting, bool(batch.problem)) == (False, True)


def test_the_page_polls_until_every_group_has_a_verdict(
    as_admin: Client, ada: User, org: OAuthClient, review: BatchReview
) -> None:
    batch = create_batch(org, review, ada)
    start_runs(batch.pk)
    state = str(as_admin.get(f"/batches/{batch.pk}/").context["state"])
    assert as_admin.get(f"/batches/{batch.pk}/progress/", {"seen": state}).status_code == 204
    Run.objects.update(status="finished", cause="path.not_in_api", certainty="proved")
    answer = as_admin.get(f"/batches/{batch.pk}/progress/", {"seen": state})
    assert (answer.status_code, answer.context["state"].is_open) == (200, False)


def test_the_export_has_the_verdicts_and_no_formulas(as_admin: Client, org: OAuthClient) -> None:
    run = make_run(org)
    batch = make_batch(org, run)
    batch.groups.update(template="=cmd()", method="")
    (row,) = csv.DictReader(io.StringIO(body_of(as_admin, batch, "csv").lstrip("\ufeff")))
    assert (row["path"], row["calls"], row["run"], row["cause"]) == ("'=cmd()", "9", str(run.pk), run.cause)
    document = json.loads(body_of(as_admin, batch, "json"))
    assert (document["calls"], document["groups"][0]["path"]) == (10, "=cmd()")
    assert as_admin.get(f"/batches/{batch.pk}/export/xml/").status_code == 404


def body_of(browser: Client, batch: Batch, file_format: str) -> str:
    return browser.get(f"/batches/{batch.pk}/export/{file_format}/").getvalue().decode()


def test_batches_of_other_orgs_are_not_listed(client: Client) -> None:
    ours, theirs = make_batch(make_client("Ours", org_id="ours")), make_batch(make_client("Theirs", org_id="theirs"))
    client.force_login(make_person("operator", is_limited=True, only_orgs=["ours"]))
    assert [batch.pk for batch in client.get("/batches/").context["page"].rows] == [ours.pk]
    assert client.get(f"/batches/{theirs.pk}/").status_code == 404


def test_batches_past_their_time_go_and_newer_ones_stay(org: OAuthClient) -> None:
    make_batch(org, created_at=timezone.now() - timedelta(days=401))
    new = make_batch(org)
    assert work_on_pass(start_pass(None).pk)
    assert list(Batch.objects.all()) == [new]
    assert BatchGroup.objects.count() == 1
