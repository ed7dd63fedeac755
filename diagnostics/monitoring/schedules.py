"""Creates, changes, pauses and runs schedules, and claims those that are due."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case, CharField, F, QuerySet, When, Window
from django.db.models.functions import Cast, RowNumber

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.jobs.row_failures import Kind, forget_failure, process_rows, without_set_aside
from diagnostics.monitoring.models import MissedTime, Schedule
from diagnostics.monitoring.timetable import DueTimes, Timetable, due_times, next_time
from diagnostics.orgs.clients import refuse_unusable
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.models import Run
from diagnostics.storage.clock import DATABASE_NOW, database_now
from diagnostics.web.refusals import ActionRefused

MAX_PER_TICK = 500  # after an outage the next ticks start the rest
RECHECK_AFTER = timedelta(seconds=10)
MAX_WAIT = timedelta(minutes=5)  # for another run of the same client
STILL_WAITING = timedelta(minutes=1)  # since the last planned recheck
REASON = MissedTime.Reason
OPEN = (Run.Status.QUEUED, Run.Status.RUNNING)


@dataclass(frozen=True)
class ScheduleValues:
    """The values of a new or changed schedule.

    `inputs` belong to a saved diagnosis; without a call or conversation in them the schedule runs a health check.
    """

    name: str
    client: OAuthClient
    plan: Timetable
    inputs: Inputs = field(default_factory=Inputs)
    jitter_seconds: int = 0
    owner: User | None = None


def create_schedule(values: ScheduleValues) -> Schedule:
    """Raises ActionRefused if the name is in use or the client can't be used."""
    refuse_unusable(values.client)
    schedule = Schedule()
    _fill(schedule, values)
    with transaction.atomic():
        _save(schedule)  # its ID decides its start delay
        _plan_from(schedule, database_now())
        schedule.save(update_fields=["due_at", "next_run_at"])
        record("schedule.added", schedule, after=_audit_values(schedule))
    return schedule


def change_schedule(schedule: Schedule, values: ScheduleValues) -> None:
    """Recalculates the next run if the timetable changed. Raises ActionRefused."""
    refuse_unusable(values.client)
    with transaction.atomic():
        current = Schedule.objects.select_for_update().get(pk=schedule.pk)
        before, before_values = (current.plan, current.jitter_seconds), _audit_values(current)
        _fill(current, values)
        if (current.plan, current.jitter_seconds) != before and not current.is_paused:
            _plan_from(current, database_now())
        _save(current)
        record("schedule.changed", current, before=before_values, after=_audit_values(current))


@transaction.atomic
def delete_schedule(schedule: Schedule) -> None:
    """Keeps its runs."""
    record("schedule.deleted", schedule, before=_audit_values(schedule))
    schedule.delete()


@transaction.atomic
def pause_schedules(schedules: Iterable[int], user: User | None, reason: str = "") -> int:
    """Returns how many were active. Open runs continue."""
    now, count = database_now(), 0
    paused = {"paused_at": now, "paused_by": user, "pause_reason": reason[:300], "due_at": None, "next_run_at": None}
    for schedule in _locked(schedules).filter(paused_at=None):
        count += Schedule.objects.filter(pk=schedule.pk).update(**paused)
        record("schedule.paused", schedule, after={"reason": reason[:300]})
    return count


@transaction.atomic
def resume_schedules(schedules: Iterable[int]) -> int:
    """Returns how many were resumed: not those of retired clients. Times during the pause don't count as missed."""
    now, count = database_now(), 0
    resumed = {"paused_at": None, "paused_by": None, "pause_reason": ""}
    for schedule in _locked(schedules).filter(client__retired_at=None).exclude(paused_at=None):
        _plan_from(schedule, now)
        planned = {"due_at": schedule.due_at, "next_run_at": schedule.next_run_at}
        count += Schedule.objects.filter(pk=schedule.pk).update(**planned, **resumed)
        forget_failure(Kind.SCHEDULE, schedule.pk)
        record("schedule.resumed", schedule, before={"reason": schedule.pause_reason})
    return count


def _locked(schedules: Iterable[int]) -> QuerySet[Schedule]:
    return Schedule.objects.select_for_update(of=("self",)).filter(pk__in=list(schedules)).order_by("pk")


def run_schedule_now(schedule: Schedule, user: User | None, source: str = Run.Source.WEB) -> Run:
    """Start an extra run; the next planned one stays as it is. Raises ActionRefused while a run of it is open."""
    with transaction.atomic():
        _lock(schedule.client)
        if schedule.runs.filter(status__in=OPEN).exists():
            raise ActionRefused(f"A run of {schedule.name} is in progress. Try again when it has finished.")
        run = _start(schedule, source=source, user=user)
        record("schedule.run", schedule, after={"run": run.pk})
        return run


def saved_inputs(inputs: Inputs) -> Inputs:
    """The inputs that can be repeated: without the response, the note, and the confirmation, which is for one run."""
    return replace(inputs, response=None, note="", start=False)


# ---------------------------------------------------------------------- the tick


def claim_due_schedules(now: datetime | None = None) -> tuple[int, ...]:
    """Start the due schedules and return the IDs of their runs, which the caller sends to workers.

    Safe to run concurrently. After an outage each schedule gets one late run, for its newest due time; the earlier ones
    are recorded as missed. Nothing starts for a client with an open run: the schedule waits up to MAX_WAIT, then that
    time is missed as well.
    """
    now = now or database_now()
    due = Schedule.objects.filter(next_run_at__lte=now, paused_at=None)
    if not due.exists():  # asked every two seconds, and much cheaper than the query below
        return ()
    found = _in_turn(without_set_aside(due, Kind.SCHEDULE)).select_related("client")
    schedules = {
        schedule.pk: schedule for schedule in found.defer("client__secret", "client__verification")[:MAX_PER_TICK]
    }
    return tuple(process_rows(Kind.SCHEDULE, schedules, lambda pk: _claim(schedules[pk], now), _give_up))


def _in_turn(schedules: QuerySet[Schedule]) -> QuerySet[Schedule]:
    """The first schedule of each org, then the second ones: the many schedules of one org don't hold up the others."""
    org = Case(When(client__org_id="", then=Cast("client_id", CharField())), default=F("client__org_id"))
    rank = Window(RowNumber(), partition_by=org, order_by=("next_run_at", "pk"))
    return schedules.annotate(rank_in_org=rank).order_by("rank_in_org", "next_run_at", "pk")


def _give_up(pk: int) -> None:
    """Pause the schedule, with the reason for its owner."""
    reason = "Paused because its run couldn't be started three times in a row. The system page shows the error."
    current = Schedule.objects.filter(pk=pk, paused_at=None)
    current.update(paused_at=DATABASE_NOW, paused_by=None, pause_reason=reason, due_at=None, next_run_at=None)


def _claim(schedule: Schedule, now: datetime) -> int | None:
    if schedule.client.is_retired:
        pause_schedules([schedule.pk], None, f"The client {schedule.client.name} is retired.")
        return None
    plan, late = schedule.plan, schedule.starts_after
    due = schedule.due_at or schedule.next_run_at or now
    times = due_times(plan, due, max(due, now - late))
    with transaction.atomic():
        _lock(schedule.client)
        if not Run.objects.filter(client=schedule.client, status__in=OPEN).exists():
            return _begin(schedule, times, now)
        _wait(schedule, times, now)
        return None


def _begin(schedule: Schedule, times: DueTimes, now: datetime) -> int | None:
    """None if another worker was first and has changed `next_run_at`."""
    due_at, at = _next_start(schedule, times.latest)
    claimed = {"due_at": due_at, "next_run_at": at, "last_due_at": times.latest}
    if not _unchanged(schedule).update(missed=schedule.missed + times.before, **claimed):
        return None
    _record_earlier(schedule, times, now)
    return _start(schedule, source=Run.Source.SCHEDULE, user=None).pk


def _wait(schedule: Schedule, times: DueTimes, now: datetime) -> None:
    """Check again soon; after MAX_WAIT record the time as missed and plan the next one."""
    if now < times.latest + schedule.starts_after + MAX_WAIT:
        later = {"due_at": times.latest, "next_run_at": now + RECHECK_AFTER}
        if _unchanged(schedule).update(missed=schedule.missed + times.before, **later):
            _record_earlier(schedule, times, now)
        return
    due_at, at = _next_start(schedule, times.latest)
    if _unchanged(schedule).update(missed=schedule.missed + times.before + 1, due_at=due_at, next_run_at=at):
        _record_earlier(schedule, times, now)
        _record(schedule, REASON.BUSY, 1, times.latest, times.latest)


def _unchanged(schedule: Schedule) -> QuerySet[Schedule]:
    """The row, unless it has changed since it was read."""
    return Schedule.objects.filter(pk=schedule.pk, next_run_at=schedule.next_run_at, paused_at=None)


def _lock(client: OAuthClient) -> None:
    """Until the transaction ends, no other worker starts scheduled runs of this client."""
    list(OAuthClient.objects.select_for_update(no_key=True).filter(pk=client.pk).values_list("pk"))


def _start(schedule: Schedule, *, source: str, user: User | None) -> Run:
    inputs = Inputs.from_json(schedule.inputs) if schedule.inputs else Inputs()
    run = create_run(
        client=schedule.client, kind=schedule.kind, inputs=inputs, user=user, source=source, schedule=schedule
    )
    Schedule.objects.filter(pk=schedule.pk).update(last_run=run)
    return run


def _next_start(schedule: Schedule, due: datetime) -> tuple[datetime | None, datetime | None]:
    """The next due time after `due`, without and with the start delay."""
    at = next_time(schedule.plan, due)
    return at, at + schedule.starts_after if at else None


def _plan_from(schedule: Schedule, now: datetime) -> None:
    """Set the first due time whose start is after `now`."""
    schedule.due_at, schedule.next_run_at = _next_start(schedule, now - schedule.starts_after)


def _record_earlier(schedule: Schedule, times: DueTimes, now: datetime) -> None:
    """Record the missed times before the newest: BUSY if the schedule was waiting for its client, else OUTAGE."""
    if not times.before or times.first is None or times.last_before is None:
        return
    planned = schedule.due_at and schedule.due_at + schedule.starts_after
    last_check = schedule.next_run_at or now
    is_busy = last_check != planned and now - last_check < STILL_WAITING
    _record(schedule, REASON.BUSY if is_busy else REASON.OUTAGE, times.before, times.first, times.last_before)


def _record(schedule: Schedule, reason: str, count: int, first: datetime, last: datetime) -> None:
    """Extends the newest row if no run and no other reason came in between."""
    newest = schedule.missed_times.first()
    ran_since = newest and schedule.last_due_at and schedule.last_due_at > newest.last_due_at
    if newest is not None and newest.reason == reason and not ran_since:
        newest.times, newest.last_due_at = newest.times + count, last
        newest.save(update_fields=["times", "last_due_at"])
    else:
        schedule.missed_times.create(reason=reason, times=count, first_due_at=first, last_due_at=last)


# ---------------------------------------------------------------------- the row


def _fill(schedule: Schedule, values: ScheduleValues) -> None:
    plan, inputs = values.plan, saved_inputs(values.inputs)
    is_health = not inputs.given
    schedule.name, schedule.client, schedule.owner = values.name, values.client, values.owner
    schedule.kind = Run.Kind.HEALTH if is_health else Run.Kind.DIAGNOSIS
    schedule.inputs = {} if is_health else inputs.to_json()
    schedule.every, schedule.zone, schedule.cron = plan.every, plan.zone, plan.cron
    schedule.minutes, schedule.at, schedule.weekdays = plan.minutes or None, plan.at, list(plan.weekdays)
    schedule.jitter_seconds = values.jitter_seconds


def _save(schedule: Schedule) -> None:
    try:
        with transaction.atomic():
            schedule.save()
    except IntegrityError:
        raise ActionRefused(f"Another schedule is called {schedule.name}. Choose a different name.") from None


def _audit_values(schedule: Schedule) -> dict[str, Any]:
    return {
        "name": schedule.name,
        "client": schedule.client.name,
        "kind": schedule.kind,
        "when": schedule.description,
        "zone": schedule.zone,
        "spread_seconds": schedule.jitter_seconds,
        "owner": schedule.owner.username if schedule.owner else "",
    }
