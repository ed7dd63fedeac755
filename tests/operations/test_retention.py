"""Retention: what goes and what never goes, in batches, broken off and gone on with, by one worker at a time."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from diagnostics import tasks
from diagnostics.issues.models import Issue
from diagnostics.jobs import leases
from diagnostics.operations import retention
from diagnostics.operations.models import RetentionPass
from diagnostics.operations.queries import retention as reads
from diagnostics.operations.queries.retention import DEFAULT_RULES, preview, rules_in_force
from diagnostics.operations.retention import due_passes, pin_run, save_rules, start_pass, unpin_run, work_on_pass
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange
from diagnostics.runs.models import Exchange, Finding, Run
from diagnostics.web.refusals import ActionRefused
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

pytestmark = pytest.mark.django_db(transaction=True)

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
    old, new = aged(acme, BEFORE_ALL), aged(acme, timedelta(days=399))
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
    delete()
    assert left(Run) == {stored.pk}
    assert stored.exchanges.get().body


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
    for age in (BEFORE_ALL, BEFORE_ALL, WITHOUT_BODY, timedelta()):
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
    monkeypatch.setattr(retention, "BATCH", 2)
    begun = start_pass(None)
    batches: list[int] = []

    def die_later(mine: RetentionPass, batch: retention.DeletionBatch) -> bool:
        if len(batches) == 2:
            raise Killed
        batches.append(batch.most)
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


def test_killed_inside_a_batch_nothing_of_it_is_done(acme: OAuthClient, monkeypatch: pytest.MonkeyPatch) -> None:
    aged(acme, BEFORE_ALL)
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
    assert (Run.objects.count(), begun.deleted) == (1, {})


def test_a_worker_that_lost_its_lease_deletes_nothing_more(acme: OAuthClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        aged(acme, BEFORE_ALL)
    monkeypatch.setattr(retention, "BATCH", 1)
    begun = start_pass(None)
    whole = retention._delete_batch

    def slow(mine: RetentionPass, batch: Any) -> bool:
        done = whole(mine, batch)
        RetentionPass.objects.update(lease_until=timezone.now() + timedelta(hours=1))  # somebody else claims it
        return done

    monkeypatch.setattr(retention, "_delete_batch", slow)
    work_on_pass(begun.pk)
    begun.refresh_from_db()
    assert (Run.objects.count(), begun.is_open) == (3, True)


def test_it_lets_go_after_its_time_and_another_goes_on(acme: OAuthClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        aged(acme, BEFORE_ALL)
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
