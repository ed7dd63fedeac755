"""Schedules: claimed once whoever ticks, late once after an outage, never two runs of one client at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.conf import settings as project
from django.db import connection
from django.utils import timezone

from diagnostics import tasks
from diagnostics.accounts.models import AuditEntry, User
from diagnostics.monitoring import schedules
from diagnostics.monitoring.models import MissedTime, Schedule
from diagnostics.monitoring.schedules import (
    MAX_WAIT,
    RECHECK_AFTER,
    ScheduleValues,
    change_schedule,
    claim_due_schedules,
    create_schedule,
    delete_schedule,
    pause_schedules,
    resume_schedules,
    run_schedule_now,
)
from diagnostics.monitoring.timetable import Timetable
from diagnostics.operations.models import Heartbeat
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.models import Run
from diagnostics.runs.sweep import sweep
from diagnostics.web.refusals import ActionRefused
from tests.factories import CONVERSATION, make_client, make_open_run, make_run, make_schedule, make_user

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIVE_MINUTES = Timetable("minutes", minutes=5)
CALL = "POST https://api.mypurecloud.ie/api/v2/conversations/chat/{conversationId}/cobrowse"


@pytest.fixture
def ada(db: None) -> User:
    return make_user()


def wanted(client: OAuthClient, **values: Any) -> ScheduleValues:
    return ScheduleValues(**{"name": "Acme, every five minutes", "client": client, "plan": FIVE_MINUTES, **values})


def due_at_noon(client: OAuthClient | None = None, **values: Any) -> Schedule:
    return make_schedule(client, **{"due_at": NOON, "next_run_at": NOON, **values})


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def end_all() -> None:
    Run.objects.update(status=Run.Status.FINISHED)


def missed(schedule: Schedule) -> list[tuple[str, int]]:
    return [(each.reason, each.times) for each in schedule.missed_times.all()]


# ---------------------------------------------------------------------- claims


@pytest.mark.django_db
def test_what_is_due_becomes_a_run_and_the_next_time_is_planned() -> None:
    schedule = due_at_noon()
    (pk,) = claim_due_schedules(NOON)
    run = Run.objects.get(pk=pk)
    schedule.refresh_from_db()
    assert (run.schedule, run.source, run.kind, run.status) == (schedule, "schedule", "health", "queued")
    assert (run.started_by, run.client) == (None, schedule.client)
    assert (schedule.last_run, schedule.last_due_at) == (run, NOON)
    assert (schedule.due_at, schedule.next_run_at, schedule.missed) == (after(5), after(5), 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values",
    [{"next_run_at": after(1)}, {"next_run_at": None, "due_at": None, "paused_at": NOON}],
    ids=["later", "paused"],
)
def test_what_is_not_due_or_paused_is_left_alone(values: dict[str, Any]) -> None:
    due_at_noon(**values)
    assert claim_due_schedules(NOON) == ()


@pytest.mark.django_db
def test_a_second_tick_of_the_same_moment_finds_nothing() -> None:
    due_at_noon()
    assert len(claim_due_schedules(NOON)) == 1
    end_all()
    assert claim_due_schedules(NOON) == ()


@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_start_each_schedule_once_and_each_client_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have read the same due rows before either claims one."""
    clients = [make_client(f"Client {each}") for each in range(4)]
    for number in range(12):
        due_at_noon(clients[number % 4], name=f"Schedule {number}")
    both = threading.Barrier(2)
    claim = schedules._claim
    waited = threading.local()

    def together(schedule: Schedule, now: datetime) -> int | None:
        if not getattr(waited, "over", False):
            waited.over = True
            both.wait(20)
        return claim(schedule, now)

    monkeypatch.setattr(schedules, "_claim", together)

    def tick(_: int) -> tuple[int, ...]:
        try:
            return claim_due_schedules(NOON)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        started = [pk for found in pool.map(tick, range(2)) for pk in found]
    assert len(started) == len(set(started)) == Run.objects.count() == 4
    assert sorted(Run.objects.values_list("client_id", flat=True)) == sorted(each.pk for each in clients)


@pytest.mark.django_db
def test_a_claim_that_dies_leaves_the_schedule_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the claim and the run: both are one transaction, so the next tick finds it as it was."""
    schedule = due_at_noon()

    def killed(*args: Any, **values: Any) -> Run:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(schedules, "create_run", killed)
        claim_due_schedules(NOON)
    schedule.refresh_from_db()
    assert (schedule.next_run_at, schedule.last_due_at, Run.objects.count()) == (NOON, None, 0)
    assert len(claim_due_schedules(NOON)) == 1


@pytest.mark.django_db
def test_one_bad_row_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = due_at_noon(name="A", every="cron", cron="no cron at all")
    good = due_at_noon(make_client("Good"), name="B")
    (pk,) = claim_due_schedules(NOON)
    bad.refresh_from_db()
    assert Run.objects.get(pk=pk).schedule == good
    assert (bad.next_run_at, bad.is_paused) == (NOON, False)
    claim_due_schedules(NOON)
    claim_due_schedules(NOON)
    bad.refresh_from_db()
    assert (bad.next_run_at, bad.is_paused) == (None, True), "set aside after three failures"


@pytest.mark.django_db
def test_a_lost_message_of_a_scheduled_run_is_sent_again_on_its_own_queue() -> None:
    due_at_noon()
    by_hand = make_open_run(make_client("Other"), status="queued", created_at=NOON, message_sent_at=NOON)
    (pk,) = claim_due_schedules(NOON)
    Run.objects.filter(pk=pk).update(created_at=NOON, message_sent_at=NOON)
    swept = sweep(after(1))
    assert (swept.to_requeue, swept.scheduled) == ((by_hand.pk,), (pk,))


# ---------------------------------------------------------------------- outages


@pytest.mark.django_db
def test_after_an_outage_there_is_one_late_run_and_the_missed_times_are_recorded() -> None:
    schedule = due_at_noon()
    assert len(claim_due_schedules(after(63))) == 1
    schedule.refresh_from_db()
    lost = schedule.missed_times.get()
    assert (lost.reason, lost.times, lost.first_due_at, lost.last_due_at) == ("outage", 12, NOON, after(55))
    assert (schedule.missed, schedule.last_due_at, schedule.next_run_at) == (12, after(60), after(65))


@pytest.mark.django_db
def test_a_tick_that_is_late_by_less_than_a_step_misses_nothing() -> None:
    schedule = due_at_noon()
    assert len(claim_due_schedules(after(4))) == 1
    schedule.refresh_from_db()
    assert (schedule.missed, missed(schedule), schedule.next_run_at) == (0, [], after(5))


@pytest.mark.django_db
def test_a_daily_schedule_is_late_once_after_a_week() -> None:
    schedule = due_at_noon(every="daily", minutes=None, at=time(13), zone="Europe/Berlin")
    assert len(claim_due_schedules(NOON + timedelta(days=7, hours=2))) == 1
    schedule.refresh_from_db()
    assert missed(schedule) == [("outage", 7)]
    assert schedule.next_run_at == NOON + timedelta(days=8)


@pytest.mark.django_db
def test_missed_times_of_two_outages_are_separate_if_a_run_is_between() -> None:
    schedule = due_at_noon()
    claim_due_schedules(after(12))
    end_all()
    claim_due_schedules(after(32))
    assert missed(schedule) == [("outage", 3), ("outage", 2)]


@pytest.mark.django_db
def test_after_an_outage_no_tick_starts_more_than_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "MAX_PER_TICK", 3)
    for number in range(5):
        due_at_noon(make_client(f"Client {number}"), name=f"Schedule {number}")
    assert [len(claim_due_schedules(after(60))) for _ in range(3)] == [3, 2, 0]


# ---------------------------------------------------------------------- a client that is busy


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["queued", "running"])
def test_while_the_client_has_a_run_the_schedule_waits(status: str) -> None:
    schedule = due_at_noon()
    foreign = make_open_run(schedule.client, status=status)
    assert claim_due_schedules(NOON) == ()
    schedule.refresh_from_db()
    assert (schedule.next_run_at, schedule.due_at) == (NOON + RECHECK_AFTER, NOON)
    Run.objects.filter(pk=foreign.pk).update(status="finished")
    assert len(claim_due_schedules(NOON + RECHECK_AFTER)) == 1
    schedule.refresh_from_db()
    assert (schedule.missed, schedule.last_due_at, schedule.next_run_at) == (0, NOON, after(5))


@pytest.mark.django_db
def test_a_client_that_stays_busy_makes_the_time_missed_and_the_next_is_waited_for() -> None:
    schedule = due_at_noon(every="daily", minutes=None, at=time(12))
    make_open_run(schedule.client)
    now = NOON
    while now < NOON + MAX_WAIT + timedelta(minutes=1):
        assert claim_due_schedules(now) == ()
        now += RECHECK_AFTER
    schedule.refresh_from_db()
    assert (missed(schedule), schedule.missed) == ([("busy", 1)], 1)
    assert schedule.next_run_at == schedule.due_at == NOON + timedelta(days=1)


@pytest.mark.django_db
def test_times_that_pass_while_it_waits_are_missed_for_the_same_reason_in_one_row() -> None:
    schedule = due_at_noon(minutes=1)
    make_open_run(schedule.client)
    now = NOON
    while now < after(4):
        claim_due_schedules(now)
        now += RECHECK_AFTER
    end_all()
    assert len(claim_due_schedules(now)) == 1
    schedule.refresh_from_db()
    assert missed(schedule) == [("busy", 4)]
    assert (schedule.missed, schedule.last_due_at) == (4, after(4))


@pytest.mark.django_db
def test_an_outage_while_waiting_is_reported_as_an_outage() -> None:
    schedule = due_at_noon()
    foreign = make_open_run(schedule.client)
    claim_due_schedules(NOON)
    Run.objects.filter(pk=foreign.pk).update(status="finished")
    claim_due_schedules(after(62))
    assert missed(schedule) == [("outage", 12)]


@pytest.mark.django_db
def test_two_schedules_of_one_client_follow_one_another() -> None:
    client = make_client()
    first, second = due_at_noon(client, name="A"), due_at_noon(client, name="B")
    (pk,) = claim_due_schedules(NOON)
    assert Run.objects.get(pk=pk).schedule == first
    end_all()
    (pk,) = claim_due_schedules(NOON + RECHECK_AFTER)
    assert Run.objects.get(pk=pk).schedule == second


@pytest.mark.django_db
def test_the_schedules_of_a_retired_client_are_paused_with_the_reason() -> None:
    schedule = due_at_noon(make_client(retired_at=NOON))
    assert claim_due_schedules(NOON) == ()
    schedule.refresh_from_db()
    assert schedule.is_paused
    assert "retired" in schedule.pause_reason
    assert resume_schedules([schedule.pk]) == 0


# ---------------------------------------------------------------------- spread


@pytest.mark.django_db
def test_schedules_due_at_once_start_apart_and_stay_a_step_apart() -> None:
    made = [create_schedule(wanted(make_client(f"C {n}"), name=f"S {n}", jitter_seconds=299)) for n in range(6)]
    assert len({each.next_run_at for each in made}) == 6
    for each in made:
        assert each.due_at is not None
        assert each.next_run_at == each.due_at + each.starts_after
        claim_due_schedules(each.next_run_at)
        first = each.next_run_at
        each.refresh_from_db()
        assert first is not None
        assert each.next_run_at == first + timedelta(minutes=5)
        assert each.missed == 0


# ---------------------------------------------------------------------- made and changed


def test_a_new_schedule_is_planned_and_audited(ada: User) -> None:
    schedule = create_schedule(wanted(make_client(), owner=ada))
    assert schedule.next_run_at is not None
    assert timezone.now() < schedule.next_run_at <= timezone.now() + timedelta(minutes=5)
    assert (schedule.kind, schedule.inputs, schedule.owner) == ("health", {}, ada)
    assert AuditEntry.objects.filter(action="schedule.added", thing_id=str(schedule.pk)).exists()


def test_a_name_is_used_once(ada: User) -> None:
    create_schedule(wanted(make_client()))
    with pytest.raises(ActionRefused):
        create_schedule(wanted(make_client("Other"), name="ACME, every five minutes"))


def test_nothing_is_planned_for_a_retired_client(ada: User) -> None:
    with pytest.raises(ActionRefused):
        create_schedule(wanted(make_client(retired_at=NOON)))


def test_a_saved_diagnosis_asks_the_call_again_without_what_belonged_to_that_day(ada: User) -> None:
    inputs, _ = Inputs.from_paste(CALL, "HTTP/1.1 404 Not Found\n\n{}", CONVERSATION, "since noon")
    schedule = create_schedule(wanted(make_client(), inputs=Inputs(**{**vars(inputs), "start": True})))
    stored = Inputs.from_json(schedule.inputs)
    assert schedule.kind == "diagnosis"
    assert (stored.call, stored.conversation_id) == (inputs.call, CONVERSATION)
    assert (stored.response, stored.note, stored.start) == (None, "", False)
    (pk,) = claim_due_schedules(schedule.next_run_at)
    run = Run.objects.get(pk=pk)
    assert (run.kind, Inputs.from_json(run.inputs)) == ("diagnosis", stored)
    assert "session.start" not in run.planned


def test_changed_times_are_planned_again_but_a_changed_name_is_not(ada: User) -> None:
    schedule = due_at_noon()
    change_schedule(schedule, wanted(schedule.client, name="Renamed"))
    schedule.refresh_from_db()
    assert (schedule.name, schedule.next_run_at) == ("Renamed", NOON)
    change_schedule(schedule, wanted(schedule.client, plan=Timetable("minutes", minutes=7)))
    schedule.refresh_from_db()
    assert schedule.next_run_at is not None
    assert schedule.next_run_at > timezone.now()
    reported = AuditEntry.objects.filter(action="schedule.changed").first()
    assert reported is not None
    assert (reported.before, reported.after) == ({"name": "Renamed", "when": "Every 5 minutes"}, reported.after)


def test_a_paused_schedule_that_is_changed_stays_paused(ada: User) -> None:
    schedule = due_at_noon()
    pause_schedules([schedule.pk], ada, "holidays")
    change_schedule(schedule, wanted(schedule.client, plan=Timetable("minutes", minutes=7)))
    schedule.refresh_from_db()
    assert schedule.is_paused
    assert (schedule.minutes, schedule.next_run_at) == (7, None)


def test_a_pause_shows_who_and_why_and_times_within_it_are_not_missed(ada: User) -> None:
    schedule, other = due_at_noon(), due_at_noon(make_client("Other"), name="Other")
    assert pause_schedules([schedule.pk, other.pk], ada, "maintenance") == 2
    assert pause_schedules([schedule.pk], None, "again") == 0
    schedule.refresh_from_db()
    assert (schedule.paused_by, schedule.pause_reason, schedule.next_run_at) == (ada, "maintenance", None)
    assert claim_due_schedules(after(60)) == ()
    assert resume_schedules([schedule.pk]) == 1
    schedule.refresh_from_db()
    assert (schedule.is_paused, schedule.missed) == (False, 0)
    assert schedule.next_run_at is not None
    assert schedule.next_run_at > timezone.now()


def test_a_user_runs_a_schedule_now_without_changing_its_plan(ada: User) -> None:
    schedule = due_at_noon()
    run = run_schedule_now(schedule, ada)
    schedule.refresh_from_db()
    assert (run.schedule, run.started_by, run.source) == (schedule, ada, "web")
    assert (schedule.last_run, schedule.next_run_at) == (run, NOON)
    with pytest.raises(ActionRefused):
        run_schedule_now(schedule, ada)


def test_a_click_is_not_held_up_by_another_run_of_the_client(ada: User) -> None:
    schedule = due_at_noon()
    make_open_run(schedule.client)
    assert run_schedule_now(schedule, ada).pk


def test_runs_stay_when_their_schedule_goes(ada: User) -> None:
    schedule = due_at_noon()
    run = make_run(schedule.client, schedule=schedule)
    MissedTime.objects.create(schedule=schedule, reason="busy", first_due_at=NOON, last_due_at=NOON)
    delete_schedule(schedule)
    run.refresh_from_db()
    assert run.schedule is None
    assert not Schedule.objects.exists()


# ---------------------------------------------------------------------- the tick


@pytest.mark.django_db
def test_the_tick_records_itself_and_sends_messages_for_due_work(monkeypatch: pytest.MonkeyPatch) -> None:
    sent_tasks: list[tuple[str, int]] = []
    monkeypatch.setattr(tasks, "send", lambda task, pk: sent_tasks.append((task.__name__, pk)))
    make_schedule()
    tasks.tick()
    assert ("execute_scheduled_run", Run.objects.get().pk) in sent_tasks
    assert timezone.now() - Heartbeat.objects.get(name="tick").at < timedelta(minutes=1)
    tasks.tick()
    assert Heartbeat.objects.filter(name="tick").count() == 1


def test_what_nobody_waits_for_has_a_queue_of_its_own() -> None:
    def queue(task: Any) -> Any:
        return getattr(task, "queue", None)

    assert queue(tasks.execute_scheduled_run) == project.SCHEDULED_QUEUE != project.CELERY_TASK_DEFAULT_QUEUE
    assert queue(tasks.run_due_org_sync) == project.SCHEDULED_QUEUE
    assert queue(tasks.execute_run) is None, "a person's run goes to the default queue"
