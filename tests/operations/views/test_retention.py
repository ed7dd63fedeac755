"""Retention's pages: rules, a preview before anything goes, the deletion; and pinning on a run's page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.operations.models import RetentionPass, RetentionRule
from diagnostics.operations.queries.retention import rules_in_force
from diagnostics.operations.retention import start_pass, work_on_pass
from diagnostics.runs.models import Run
from tests.builders.months import end_month
from tests.factories import make_client, make_exchange, make_finding, make_run

pytestmark = pytest.mark.django_db

IN_FORCE = {"findings_days": "400", "bodies_days": "90", "snapshots_days": "400"}
SentTasks = list[tuple[str, int]]


@pytest.fixture
def old() -> Run:
    run = make_run(make_client(), created_at=timezone.now() - timedelta(days=500))
    make_finding(run)
    make_exchange(run)
    end_month()
    return run


def test_the_page_shows_what_is_past_its_retention(as_lead: Client, old: Run) -> None:
    answer = as_lead.get("/settings/retention/")
    assert [past.count for past in answer.context["previews"][0].past] == [1, 1, 1, 0, 0]
    assert b"/settings/retention/preview/" not in answer.content, "trying other rules is for who may save them"


def test_a_preview_of_other_rules_saves_and_deletes_nothing(as_admin: Client, old: Run) -> None:
    answer = as_admin.get("/settings/retention/preview/?findings_forever=on&bodies_days=1&snapshots_days=7")
    assert answer.context["is_new"]
    assert [each.days for each in answer.context["previews"]] == [None, 1, 7]
    assert [past.count for past in answer.context["previews"][1].past] == [1, 1]
    assert Run.objects.exists()
    assert not RetentionRule.objects.exists()


def test_saving_leaves_the_deletion_to_the_night(as_admin: Client, ada: User, old: Run, sent_tasks: SentTasks) -> None:
    as_admin.post("/settings/retention/apply/", {**IN_FORCE, "findings_days": "30", "act": "save"})
    rule = RetentionRule.objects.get()
    assert (rule.kind, rule.days, rule.changed_by) == ("findings", 30, ada)
    assert not RetentionPass.objects.exists()
    assert sent_tasks == []


def test_deleting_begins_a_pass_that_a_worker_does(
    as_admin: Client,
    ada: User,
    old: Run,
    sent_tasks: SentTasks,
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        as_admin.post("/settings/retention/apply/", {**IN_FORCE, "act": "delete"})
    begun = RetentionPass.objects.get()
    assert (begun.started_by, sent_tasks) == (ada, [("apply_retention", begun.pk)])
    assert Run.objects.exists()
    fragment = as_admin.get("/settings/retention/passes/")
    assert b"hx-trigger" in fragment.content
    assert as_admin.get("/settings/retention/passes/", {"state": fragment.context["state"]}).status_code == 204
    work_on_pass(begun.pk)
    fragment = as_admin.get("/settings/retention/passes/", {"state": fragment.context["state"]})
    assert fragment.status_code == 200
    assert b"hx-trigger" not in fragment.content
    assert not Run.objects.exists()


def test_a_second_deletion_is_refused_in_words_and_its_rules_are_not_saved(
    as_admin: Client, sent_tasks: SentTasks
) -> None:
    start_pass(None)
    values = {**IN_FORCE, "bodies_days": "3", "act": "delete"}
    answer = as_admin.post("/settings/retention/apply/", values, follow=True)
    assert b"A cleanup is running" in answer.content
    assert rules_in_force()["bodies"] == 90


@pytest.mark.parametrize(
    "values",
    [
        {"bodies_days": "0"},
        {"bodies_days": "-4"},
        {"bodies_days": "36501"},
        {"bodies_days": "9" * 5000},
        {"bodies_days": "many"},
        {"bodies_days": "", "bodies_forever": ""},
        {"bodies_days": "5", "bodies_forever": "on"},
        {"findings_days": "x" * 1_000_000},
    ],
)
def test_invalid_rules_are_reported_and_change_nothing(as_admin: Client, old: Run, values: dict[str, str]) -> None:
    wrong = {**IN_FORCE, **values, "act": "delete"}
    assert b"errorlist" in as_admin.post("/settings/retention/apply/", wrong).content
    if len(str(values)) < 100_000:
        assert b"errorlist" in as_admin.get("/settings/retention/preview/", wrong).content
    assert not RetentionPass.objects.exists()
    assert not RetentionRule.objects.exists()


def test_a_team_lead_saves_and_deletes_nothing(as_lead: Client, old: Run) -> None:
    assert as_lead.post("/settings/retention/apply/", {**IN_FORCE, "act": "delete"}).status_code == 403
    assert b"/settings/retention/apply/" not in as_lead.get("/settings/retention/preview/").content
    assert as_lead.post(f"/runs/{old.pk}/pin/").status_code == 403
    assert b"/pin/" not in as_lead.get(f"/runs/{old.pk}/").content
    old.refresh_from_db()
    assert old.pinned_at is None
    assert not RetentionPass.objects.exists()


def test_an_admin_pins_a_run_and_takes_the_pin_away(as_admin: Client, ada: User, old: Run) -> None:
    assert as_admin.post(f"/runs/{old.pk}/pin/").headers["Location"] == f"/runs/{old.pk}/"
    old.refresh_from_db()
    assert (old.pinned_by, old.pinned_at is not None) == (ada, True)
    assert b"keep forever" in as_admin.get(f"/runs/{old.pk}/").content
    as_admin.post(f"/runs/{old.pk}/unpin/")
    old.refresh_from_db()
    assert old.pinned_at is None
    assert as_admin.post("/runs/99/pin/").status_code == 404


def test_a_run_whose_bodies_were_deleted_explains_it(as_lead: Client, old: Run) -> None:
    assert b"bodies were deleted" not in as_lead.get(f"/runs/{old.pk}/").content
    old.exchanges.update(body="", request_headers=[], response_headers=[])
    Run.objects.update(bodies_dropped_at=timezone.now())
    assert b"bodies were deleted" in as_lead.get(f"/runs/{old.pk}/").content
    assert b"bodies were deleted" in as_lead.get(f"/runs/{old.pk}/exchanges/0/").content


def test_the_page_asks_as_often_for_many_passes_as_for_one(
    as_lead: Client, ada: User, queries_of: Callable[[Client, str], int]
) -> None:
    RetentionPass.objects.create(started_by=ada, finished_at=timezone.now())
    alone = queries_of(as_lead, "/settings/retention/")
    for _ in range(6):
        RetentionPass.objects.create(started_by=ada, finished_at=timezone.now(), deleted={"runs": 3})
    assert queries_of(as_lead, "/settings/retention/") == alone
