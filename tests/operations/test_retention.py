"""Retention: what goes and what never goes, in batches, broken off and gone on with, by one worker at a time."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from diagnostics import tasks
from diagnostics.issues.models import Issue
from diagnostics.jobs import leases
from diagnostics.jobs.models import RowFailure
from diagnostics.jobs.row_failures import is_busy
from diagnostics.operations import retention
from diagnostics.operations.models import RetentionPass
from diagnostics.operations.queries import retention as reads
from diagnostics.operations.queries.retention import DEFAULT_RULES, preview, rules_in_force
from diagnostics.operations.retention import due_passes, pin_run, save_rules, start_pass, unpin_run, work_on_pass
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange
from diagnostics.runs.models import Exchange, Finding, Run
from diagnostics.runs.months import Month, drop_month, months
from diagnostics.web.refusals import ActionRefused
from tests.builders.months import end_month
from tests.builders.threads import in_thread
from tests.factories import (
    make_client,
    make_exchange,
    make_finding,
    make_issue,
    make_org_change,
    make_run,
    make_snapshot,
    make_user,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_month")]

BEFORE_ALL = timedelta(days=401)
WITHOUT_BODY = timedelta(days=91)


@pytest.fixture
def acme() -> OAuthClient:
    return make_client()


def aged(client: OAuthClient, age: timedelta, **values: Any) -> Run:
    run = make_run(client, created_at=timezone.now() - age, **values)
    make_finding(run)
    make_exchange(run)
    return run


def delete() -> RetentionPass:
    """A whole pass by the rules in force."""
    begun = start_pass(None)
    assert work_on_pass(begun.pk)
    begun.refresh_from_db()
    return begun


def left(model: Any) -> set[int]:
    return set(model.objects.values_list("pk", flat=True))


def test_runs_past_their_time_go_with_all_that_belongs_to_them(acme: OAuthClient) -> None:
    old = aged(acme, BEFORE_ALL)
    end_month()
    new = aged(acme, timedelta(days=399))
    make_run(acme, repeats=old)
    make_issue(acme, first_run=old, last_run=new)
    done = delete()
    assert old.pk not in left(Run)
    assert new.pk in left(Run)
    assert set(Finding.objects.values_list("run", flat=True)) == {new.pk}
    assert (Issue.objects.get().first_run_id, Issue.objects.get().last_run_id) == (None, new.pk)
    assert (done.deleted["runs"], done.deleted["findings"], done.deleted["requests"]) == (1, 1, 1)
    assert done.finished_at is not None


@pytest.mark.parametrize("values", [{"pinned_at": timezone.now()}, {"status": "running"}, {"status": "queued"}])
def test_pinned_and_open_runs_never_go_nor_do_their_bodies(acme: OAuthClient, values: dict[str, Any]) -> None:
    stored = aged(acme, BEFORE_ALL * 5, **values)
    end_month()
    assert delete().deleted == {}
    assert (left(Run), len(months())) == ({stored.pk}, 1)
    assert stored.exchanges.get().body
    assert stored.findings.exists()


def test_the_runs_of_a_month_go_together_when_the_last_of_them_does(acme: OAuthClient) -> None:
    aged(acme, BEFORE_ALL * 2)
    newest = aged(acme, timedelta(days=399))
    open_month = end_month()
    aged(acme, BEFORE_ALL)
    assert "runs" not in delete().deleted
    Run.objects.filter(pk=newest.pk).update(created_at=timezone.now() - BEFORE_ALL)
    done = delete()
    assert (done.deleted["runs"], done.deleted["findings"], done.deleted["requests"]) == (2, 2, 2)
    assert open_month not in months()
    assert Run.objects.count() == Finding.objects.count() == 1, "those of the open month stay"


def test_a_pinned_run_outlives_its_month_until_the_pin_goes(acme: OAuthClient) -> None:
    pinned, other = aged(acme, BEFORE_ALL), aged(acme, BEFORE_ALL)
    pin_run(pinned, make_user())
    before = [list(model.objects.filter(run=pinned).values()) for model in (Finding, Exchange)]
    end_month()
    assert delete().deleted == {"runs": 1, "findings": 1, "requests": 1}
    assert left(Run) == {pinned.pk} != {other.pk}
    assert [list(model.objects.filter(run=pinned).values()) for model in (Finding, Exchange)] == before
    assert delete().deleted == {}
    unpin_run(pinned)
    done = delete().deleted
    assert (done["runs"], done["findings"], done["requests"]) == (1, 1, 1)
    assert left(Finding) == left(Exchange) == left(Run) == set()


def test_a_run_that_is_too_young_for_its_month_stays(acme: OAuthClient) -> None:
    """Its clock was behind, or a program wrote it: the newest by ID isn't the newest by time."""
    young, _ = aged(acme, timedelta()), aged(acme, BEFORE_ALL)
    end_month()
    assert delete().deleted["findings"] == 1
    assert left(Run) == {young.pk}
    assert young.findings.exists()


def dropped_without_its_runs(month: Month) -> None:
    """The worker dies between the two."""
    drop_month(month, timezone.now())


def test_a_run_without_its_findings_can_neither_be_pinned_nor_looked_at(acme: OAuthClient, as_admin: Client) -> None:
    gone = aged(acme, BEFORE_ALL)
    dropped_without_its_runs(end_month())
    new = aged(acme, timedelta())
    for path in (f"/runs/{gone.pk}/", f"/runs/{gone.pk}/json/", f"/runs/{gone.pk}/packet/"):
        assert as_admin.get(path).status_code == 404
    assert f"Run {gone.pk} doesn" in as_admin.get(f"/compare/?a={gone.pk}&b={new.pk}").content.decode()
    answer = as_admin.post(f"/runs/{gone.pk}/pin/", follow=True)
    assert f"Run {gone.pk} can&#x27;t be kept" in answer.content.decode()
    gone.refresh_from_db()
    assert gone.pinned_at is None


@pytest.mark.parametrize("days", [None, 36_500])
def test_a_run_without_its_findings_goes_also_if_the_rule_has_changed(acme: OAuthClient, days: int | None) -> None:
    aged(acme, BEFORE_ALL)
    dropped_without_its_runs(end_month())
    save_rules({**DEFAULT_RULES, "findings": days}, make_user())
    assert delete().deleted["runs"] == 1


def test_a_pin_at_the_time_of_the_drop_comes_before_it_or_is_refused(acme: OAuthClient) -> None:
    """The drop waits for a transaction that pins, since that reads the findings; one that comes later finds none."""
    run, ada = aged(acme, BEFORE_ALL), make_user()
    month = end_month()
    with transaction.atomic():
        pin_run(run, ada)
        assert not in_thread(lambda: drops(month)), "the tables are in use"
    dropped_without_its_runs(month)
    assert run.findings.exists()


def drops(month: Month) -> bool:
    try:
        drop_month(month, timezone.now())
    except DatabaseError as error:
        assert is_busy(error)
        return False
    return True


def test_a_month_that_somebody_reads_is_dropped_later_and_all_else_is_deleted_now(acme: OAuthClient) -> None:
    aged(acme, BEFORE_ALL)
    end_month()
    make_org_change(acme, at=timezone.now() - BEFORE_ALL)
    nightly = start_pass(None)
    RetentionPass.objects.update(day=nightly.started_at.date())
    with transaction.atomic():
        Finding.objects.count()  # like a backup, it reads the table until the transaction ends
        assert in_thread(lambda: work_on_pass(nightly.pk))
    nightly.refresh_from_db()
    assert (nightly.is_open, nightly.deleted["org changes"], "runs" in nightly.deleted) == (True, 1, False)
    assert due_passes(timezone.now() + retention.DROP_AGAIN_AFTER * 2) == (nightly.pk,)
    RetentionPass.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert work_on_pass(nightly.pk)
    nightly.refresh_from_db()
    assert (nightly.is_open, nightly.deleted["runs"], nightly.deleted["findings"]) == (False, 1, 1)


def test_a_cleanup_reports_that_it_left_a_month(acme: OAuthClient, as_admin: Client) -> None:
    aged(acme, BEFORE_ALL)
    end_month()
    manual = start_pass(None)
    with transaction.atomic():
        Finding.objects.count()
        assert in_thread(lambda: work_on_pass(manual.pk))
    manual.refresh_from_db()
    assert (manual.is_open, manual.left_month) == (False, True)
    assert "Runs of an expired month are left" in as_admin.get("/settings/retention/").content.decode()
    assert delete().left_month is False
    assert not Run.objects.exists()


def test_a_month_that_can_t_be_dropped_holds_up_no_other_row_and_is_reported(
    acme: OAuthClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as when the tables belong to another user of the database."""
    aged(acme, BEFORE_ALL)
    end_month()
    make_org_change(acme, at=timezone.now() - BEFORE_ALL)

    def refuse(*args: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE pg_class")

    monkeypatch.setattr(retention, "drop_month", refuse)
    begun = start_pass(None)
    for _ in range(3):
        assert not work_on_pass(begun.pk)
    begun.refresh_from_db()
    assert (begun.is_open, begun.deleted["org changes"], "runs" in begun.deleted) == (False, 1, False)
    assert RowFailure.objects.get(kind=RowFailure.Kind.RETENTION).set_aside_at is not None


def test_a_pass_of_a_person_or_of_long_ago_ends_without_the_month(acme: OAuthClient) -> None:
    aged(acme, BEFORE_ALL)
    end_month()
    for values in ({}, {"day": night(3).date(), "started_at": timezone.now() - retention.DROP_TRIED_FOR}):
        begun = start_pass(None)
        RetentionPass.objects.filter(pk=begun.pk).update(**values)
        with transaction.atomic():
            Finding.objects.count()
            in_thread(lambda pk=begun.pk: work_on_pass(pk))  # type: ignore[misc]
        begun.refresh_from_db()
        assert not begun.is_open
    assert Run.objects.exists()


def test_bodies_are_deleted_before_their_runs_and_the_run_explains_it(acme: OAuthClient) -> None:
    old, new = aged(acme, WITHOUT_BODY), aged(acme, timedelta(days=89))
    delete()
    exchange = old.exchanges.get()
    assert (exchange.body, exchange.request_headers, exchange.response_headers) == ("", [], [])
    assert exchange.correlation_id and exchange.url
    assert new.exchanges.get().body
    old.refresh_from_db()
    new.refresh_from_db()
    assert old.bodies_dropped_at is not None
    assert new.bodies_dropped_at is None
    assert "bodies" not in delete().deleted, "they are dropped once"


def test_the_newest_sync_with_data_of_a_client_is_never_deleted(acme: OAuthClient) -> None:
    past = timezone.now() - BEFORE_ALL
    older, newest = (make_snapshot(acme, created_at=past) for _ in range(2))
    failed = make_snapshot(acme, created_at=past, state="failed")
    unfinished = make_snapshot(acme, created_at=past, state="reading")
    alone = make_snapshot(make_client("Other"), created_at=past, state="partial")
    delete()
    assert left(ConfigurationSync) == {newest.pk, unfinished.pk, alone.pk}
    assert {older.pk, failed.pk}.isdisjoint(left(ConfigurationSync))


def test_changes_and_what_is_over_for_long_go(acme: OAuthClient) -> None:
    past = timezone.now() - BEFORE_ALL
    make_org_change(acme, at=past)
    recent = make_org_change(acme)
    make_issue(acme, target="", last_seen_at=past, resolved_at=past)
    still = make_issue(acme, last_seen_at=past)
    delete()
    assert left(OrgChange) == {recent.pk}
    assert left(Issue) == {still.pk}


def test_a_rule_can_be_changed_and_can_be_for_ever(acme: OAuthClient) -> None:
    save_rules({**DEFAULT_RULES, "findings": None, "bodies": 5}, make_user())
    aged(acme, timedelta(days=6))
    aged(acme, BEFORE_ALL * 9)
    delete()
    assert Run.objects.count() == 2
    assert not Exchange.objects.exclude(body="").exists()
    assert rules_in_force() == {"findings": None, "bodies": 5, "snapshots": 400}


def test_the_preview_counts_and_deletes_nothing(acme: OAuthClient) -> None:
    for age in (BEFORE_ALL, BEFORE_ALL, None, WITHOUT_BODY, timedelta()):
        if age is None:
            end_month()
        else:
            aged(acme, age)
    findings, bodies, snapshots = preview(rules_in_force(), None)
    assert [(each.noun, each.count) for each in findings.past][:3] == [("runs", 2), ("findings", 2), ("requests", 2)]
    assert [each.count for each in bodies.past] == [1, 1], "those that go altogether are not counted once more"
    assert snapshots.is_empty
    assert Run.objects.count() == 4


def test_the_preview_counts_no_further_than_it_must(acme: OAuthClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "MAX_COUNTED", 2)
    for _ in range(3):
        aged(acme, BEFORE_ALL)
    end_month()
    (past, *_), *_ = (each.past for each in preview(rules_in_force(), None))
    assert (past.count, past.is_more) == (2, True)


def test_one_deletion_at_a_time(acme: OAuthClient) -> None:
    start_pass(None)
    with pytest.raises(ActionRefused):
        start_pass(None)


class Killed(BaseException):
    """The worker's process ends here."""


def test_killed_between_batches_it_goes_on_and_counts_each_row_once(
    acme: OAuthClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(7):
        aged(acme, BEFORE_ALL)
    end_month()
    monkeypatch.setattr(retention, "BATCH", 2)
    begun = start_pass(None)

    def die_later(mine: RetentionPass, batch: retention.DeletionBatch) -> bool:
        if Run.objects.count() == 3:
            raise Killed
        return whole(mine, batch)

    whole = retention._delete_batch
    monkeypatch.setattr(retention, "_delete_batch", die_later)
    with pytest.raises(Killed):
        work_on_pass(begun.pk)
    monkeypatch.setattr(retention, "_delete_batch", whole)
    begun.refresh_from_db()
    assert (Run.objects.count(), begun.deleted["runs"], begun.is_open) == (3, 4, True)

    assert not work_on_pass(begun.pk), "its lease still runs"
    assert due_passes(timezone.now()) == ()
    assert due_passes(timezone.now() + retention.LEASE * 2) == (begun.pk,)
    RetentionPass.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert work_on_pass(begun.pk)
    begun.refresh_from_db()
    assert (Run.objects.count(), begun.deleted["runs"], begun.is_open) == (0, 7, False)
    assert begun.deleted["findings"] == begun.deleted["requests"] == 7


def test_killed_inside_a_batch_nothing_of_it_is_done(acme: OAuthClient, monkeypatch: pytest.MonkeyPatch) -> None:
    aged(acme, BEFORE_ALL)
    end_month()
    begun = start_pass(None)
    held = leases.leased

    def die_after(mine: RetentionPass) -> Any:
        if not Run.objects.exists():
            raise Killed
        return held(mine)

    monkeypatch.setattr(retention, "leased", die_after)
    with pytest.raises(Killed):
        work_on_pass(begun.pk)
    begun.refresh_from_db()
    assert (Run.objects.count(), "runs" in begun.deleted) == (1, False)


def test_a_worker_that_lost_its_lease_deletes_nothing_more(acme: OAuthClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        aged(acme, BEFORE_ALL)
    end_month()
    monkeypatch.setattr(retention, "BATCH", 1)
    begun = start_pass(None)
    whole = retention._delete_batch

    def slow(mine: RetentionPass, batch: Any) -> bool:
        done = whole(mine, batch)
        if Run.objects.count() < 4:
            RetentionPass.objects.update(lease_until=timezone.now() + timedelta(hours=1))  # somebody else claims it
        return done

    monkeypatch.setattr(retention, "_delete_batch", slow)
    work_on_pass(begun.pk)
    begun.refresh_from_db()
    assert (Run.objects.count(), begun.is_open) == (3, True)


def test_it_lets_go_after_its_time_and_another_goes_on(acme: OAuthClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        aged(acme, BEFORE_ALL)
    end_month()
    monkeypatch.setattr(retention, "BATCH", 1)
    begun = start_pass(None)
    turns = 0
    while begun.is_open:
        assert work_on_pass(begun.pk, seconds=0)
        begun.refresh_from_db()
        turns += 1
    assert (Run.objects.count(), begun.deleted["runs"], turns) == (0, 3, 4)


def test_what_somebody_holds_is_left_and_holds_nobody_up(acme: OAuthClient) -> None:
    held, free = aged(acme, BEFORE_ALL), aged(acme, BEFORE_ALL)
    dropped_without_its_runs(end_month())
    locked, over = threading.Event(), threading.Event()

    def pin() -> None:
        with transaction.atomic():
            Run.objects.filter(pk=held.pk).update(pinned_at=timezone.now())
            locked.set()
            over.wait(20)
        connection.close()

    thread = threading.Thread(target=pin)
    thread.start()
    locked.wait(20)
    try:
        delete()
        assert free.pk not in left(Run)
    finally:
        over.set()
        thread.join(20)
    assert left(Run) == {held.pk}


def test_two_workers_at_once_delete_everything_once(acme: OAuthClient) -> None:
    for _ in range(30):
        aged(acme, BEFORE_ALL)
    end_month()
    begun = start_pass(None)
    together = threading.Barrier(2)
    worked: list[bool] = []

    def work() -> None:
        together.wait(20)
        worked.append(work_on_pass(begun.pk))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    begun.refresh_from_db()
    assert sorted(worked) == [False, True]
    assert begun.deleted["runs"] == 30


def night(hour: int, day: int = 3) -> datetime:
    return datetime(2026, 11, day, hour, 30, tzinfo=UTC)


def test_the_night_s_pass_begins_once_a_day(settings: Settings) -> None:
    settings.TIME_ZONE = "UTC"
    assert due_passes(night(2)) == ()
    assert not RetentionPass.objects.exists()
    (first,) = due_passes(night(3)) or due_passes(night(3) + timedelta(minutes=1))
    assert due_passes(night(4)) == (first,)
    work_on_pass(first)
    assert due_passes(night(5)) == ()
    due_passes(night(3, day=4))
    assert RetentionPass.objects.count() == 2


def test_two_ticks_at_once_begin_one_pass() -> None:
    together = threading.Barrier(2)

    def tick() -> None:
        together.wait(20)
        due_passes(night(3))
        connection.close()

    threads = [threading.Thread(target=tick) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert RetentionPass.objects.count() == 1


def test_the_tick_rings_for_a_pass_left_lying(monkeypatch: pytest.MonkeyPatch) -> None:
    sent_tasks: list[tuple[str, int]] = []
    monkeypatch.setattr(tasks, "send", lambda task, pk: sent_tasks.append((task.__name__, pk)))
    left_lying = start_pass(None, timezone.now() - timedelta(minutes=1))
    tasks.tick()
    assert ("apply_retention", left_lying.pk) in sent_tasks


@pytest.mark.parametrize("act", [pin_run, lambda run, user: unpin_run(run)])
def test_pinning_again_changes_nothing(acme: OAuthClient, act: Callable[[Run, Any], bool]) -> None:
    run, ada = make_run(acme), make_user()
    if act is not pin_run:
        pin_run(run, ada)
    assert act(run, ada)
    assert not act(run, ada)
