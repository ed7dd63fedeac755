"""Schedules: made, changed, paused, run at once by a person, and claimed by the tick when they are due."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.jobs.row_failures import Kind, each_row, forget_failure, without_set_aside
from diagnostics.monitoring.models import MissedTime, Schedule
from diagnostics.monitoring.timetable import Passed, Timetable, next_time, passed
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.models import Run
from diagnostics.runs.runs import create_run
from diagnostics.web.refusals import ActionRefused

MOST_A_TICK = 500  # after an outage the rest comes with the next ticks
RECHECK_AFTER = timedelta(seconds=10)
LONGEST_WAIT = timedelta(minutes=5)  # for another run of the same client
STILL_WAITING = timedelta(minutes=1)  # since it was to be looked at again
REASON = MissedTime.Reason
OPEN = (Run.Status.QUEUED, Run.Status.RUNNING)


@dataclass(frozen=True)
class Wanted:
    """What a schedule is to be. `inputs` are those of a saved diagnosis; without a call or conversation in them it is
    the org's health."""

    name: str
    client: OAuthClient
    plan: Timetable
    inputs: Inputs = field(default_factory=Inputs)
    jitter_seconds: int = 0
    owner: User | None = None


def create_schedule(wanted: Wanted) -> Schedule:
    """Raises Refused where the name is taken or the client is retired."""
    _refuse_retired(wanted.client)
    schedule = Schedule()
    _fill(schedule, wanted)
    with transaction.atomic():
        _save(schedule)  # its own id decides how much later than planned it starts
        _plan_from(schedule, timezone.now())
        schedule.save(update_fields=["due_at", "next_run_at"])
        record("schedule.added", schedule, after=_audit_values(schedule))
    return schedule


def change_schedule(schedule: Schedule, wanted: Wanted) -> None:
    """Where the times change they are planned anew from now on. Raises Refused."""
    _refuse_retired(wanted.client)
    with transaction.atomic():
        mine = Schedule.objects.select_for_update().get(pk=schedule.pk)
        before, told = (mine.plan, mine.jitter_seconds), _audit_values(mine)
        _fill(mine, wanted)
        if (mine.plan, mine.jitter_seconds) != before and not mine.is_paused:
            _plan_from(mine, timezone.now())
        _save(mine)
        record("schedule.changed", mine, before=told, after=_audit_values(mine))


@transaction.atomic
def delete_schedule(schedule: Schedule) -> None:
    """Its runs stay."""
    record("schedule.deleted", schedule, before=_audit_values(schedule))
    schedule.delete()


@transaction.atomic
def pause_schedules(schedules: Iterable[int], user: User | None, reason: str = "") -> int:
    """How many of them were not paused before. What is under way goes on to its end."""
    now, count = timezone.now(), 0
    paused = {"paused_at": now, "paused_by": user, "pause_reason": reason[:300], "due_at": None, "next_run_at": None}
    for schedule in _locked(schedules).filter(paused_at=None):
        count += Schedule.objects.filter(pk=schedule.pk).update(**paused)
        record("schedule.paused", schedule, after={"reason": reason[:300]})
    return count


@transaction.atomic
def resume_schedules(schedules: Iterable[int]) -> int:
    """From now on: what would have been due during the pause was not missed. Those of retired clients stay paused."""
    now, count = timezone.now(), 0
    going = {"paused_at": None, "paused_by": None, "pause_reason": ""}
    for schedule in _locked(schedules).filter(client__retired_at=None).exclude(paused_at=None):
        _plan_from(schedule, now)
        planned = {"due_at": schedule.due_at, "next_run_at": schedule.next_run_at}
        count += Schedule.objects.filter(pk=schedule.pk).update(**planned, **going)
        forget_failure(Kind.SCHEDULE, schedule.pk)
        record("schedule.resumed", schedule, before={"reason": schedule.pause_reason})
    return count


def _locked(schedules: Iterable[int]) -> QuerySet[Schedule]:
    return Schedule.objects.select_for_update(of=("self",)).filter(pk__in=list(schedules)).order_by("pk")


def run_schedule_now(schedule: Schedule, user: User | None, source: str = Run.Source.WEB) -> Run:
    """A run beside the plan, which stays as it is. Raises Refused while a run of this schedule is under way."""
    with transaction.atomic():
        _lock(schedule.client)
        if schedule.runs.filter(status__in=OPEN).exists():
            raise ActionRefused(f"A run of {schedule.name} is under way already. Wait for its end.")
        run = _start(schedule, source=source, user=user)
        record("schedule.run", schedule, after={"run": run.pk})
        return run


def saved_inputs(inputs: Inputs) -> Inputs:
    """What of a run's inputs makes sense to ask again and again: neither an answer and a note of that day, nor a
    confirmation, which holds for one run."""
    return replace(inputs, response=None, note="", start=False)


# ---------------------------------------------------------------------- the tick


def claim_due_schedules(now: datetime | None = None) -> tuple[int, ...]:
    """Start what is due, and return the runs to ring for. Two ticks at once are harmless.

    After an outage each schedule has one late run, for the newest of its times; those before it are recorded as missed.
    Of one client nothing starts while a run of it is open: the schedule waits a while, and is then missed as well.
    """
    now = now or timezone.now()
    due = Schedule.objects.filter(next_run_at__lte=now, paused_at=None)
    found = without_set_aside(due, Kind.SCHEDULE).order_by("next_run_at", "pk").select_related("client")
    schedules = {each.pk: each for each in found.defer("client__secret", "client__verification")[:MOST_A_TICK]}
    return tuple(each_row(Kind.SCHEDULE, schedules, lambda pk: _claim(schedules[pk], now), _give_up))


def _give_up(pk: int) -> None:
    """Pause it: whoever owns it sees why, and resumes it once that is repaired."""
    reason = "Paused because its run could not be started three times in a row. The system page has the error."
    mine = Schedule.objects.filter(pk=pk, paused_at=None)
    mine.update(paused_at=timezone.now(), paused_by=None, pause_reason=reason, due_at=None, next_run_at=None)


def _claim(schedule: Schedule, now: datetime) -> int | None:
    if schedule.client.is_retired:
        pause_schedules([schedule.pk], None, f"The client {schedule.client.name} is retired.")
        return None
    plan, late = schedule.plan, schedule.starts_after
    due = schedule.due_at or schedule.next_run_at or now
    came = passed(plan, due, max(due, now - late))
    with transaction.atomic():
        _lock(schedule.client)
        if not Run.objects.filter(client=schedule.client, status__in=OPEN).exists():
            return _begin(schedule, came, now)
        _wait(schedule, came, now)
        return None


def _begin(schedule: Schedule, came: Passed, now: datetime) -> int | None:
    """Who comes second finds another `next_run_at`, and does nothing."""
    due_at, at = _after(schedule, came.latest)
    claimed = {"due_at": due_at, "next_run_at": at, "last_due_at": came.latest}
    if not _visible(schedule).update(missed=schedule.missed + came.before, **claimed):
        return None
    _record_earlier(schedule, came, now)
    return _start(schedule, source=Run.Source.SCHEDULE, user=None).pk


def _wait(schedule: Schedule, came: Passed, now: datetime) -> None:
    """Look again soon; where that lasted too long the time is missed, and the next one is waited for."""
    if now < came.latest + schedule.starts_after + LONGEST_WAIT:
        later = {"due_at": came.latest, "next_run_at": now + RECHECK_AFTER}
        if _visible(schedule).update(missed=schedule.missed + came.before, **later):
            _record_earlier(schedule, came, now)
        return
    due_at, at = _after(schedule, came.latest)
    if _visible(schedule).update(missed=schedule.missed + came.before + 1, due_at=due_at, next_run_at=at):
        _record_earlier(schedule, came, now)
        _record(schedule, REASON.BUSY, 1, came.latest, came.latest)


def _visible(schedule: Schedule) -> QuerySet[Schedule]:
    """The row, as long as it still is as it was read."""
    return Schedule.objects.filter(pk=schedule.pk, next_run_at=schedule.next_run_at, paused_at=None)


def _lock(client: OAuthClient) -> None:
    """Until the transaction ends, nobody else starts scheduled runs of this client."""
    list(OAuthClient.objects.select_for_update(no_key=True).filter(pk=client.pk).values_list("pk"))


def _start(schedule: Schedule, *, source: str, user: User | None) -> Run:
    inputs = Inputs.from_json(schedule.inputs) if schedule.inputs else Inputs()
    run = create_run(
        client=schedule.client, kind=schedule.kind, inputs=inputs, user=user, source=source, schedule=schedule
    )
    Schedule.objects.filter(pk=schedule.pk).update(last_run=run)
    return run


def _after(schedule: Schedule, due: datetime) -> tuple[datetime | None, datetime | None]:
    """The next time by the plan, and when it starts."""
    at = next_time(schedule.plan, due)
    return at, at + schedule.starts_after if at else None


def _plan_from(schedule: Schedule, now: datetime) -> None:
    """The first time that starts after `now`."""
    schedule.due_at, schedule.next_run_at = _after(schedule, now - schedule.starts_after)


def _record_earlier(schedule: Schedule, came: Passed, now: datetime) -> None:
    """Those before the newest: it was the client that kept them out where the schedule was seen waiting for it just now."""
    if not came.before or came.first is None or came.last_before is None:
        return
    planned = schedule.due_at and schedule.due_at + schedule.starts_after
    looked_at = schedule.next_run_at or now
    is_busy = looked_at != planned and now - looked_at < STILL_WAITING
    _record(schedule, REASON.BUSY if is_busy else REASON.OUTAGE, came.before, came.first, came.last_before)


def _record(schedule: Schedule, reason: str, count: int, first: datetime, last: datetime) -> None:
    """One row for a stretch without a run between, however long it lasts."""
    newest = schedule.missed_times.first()
    ran_since = newest and schedule.last_due_at and schedule.last_due_at > newest.last_due_at
    if newest is not None and newest.reason == reason and not ran_since:
        newest.times, newest.last_due_at = newest.times + count, last
        newest.save(update_fields=["times", "last_due_at"])
    else:
        schedule.missed_times.create(reason=reason, times=count, first_due_at=first, last_due_at=last)


# ---------------------------------------------------------------------- the row


def _fill(schedule: Schedule, wanted: Wanted) -> None:
    plan, inputs = wanted.plan, saved_inputs(wanted.inputs)
    is_health = not inputs.given
    schedule.name, schedule.client, schedule.owner = wanted.name, wanted.client, wanted.owner
    schedule.kind = Run.Kind.HEALTH if is_health else Run.Kind.DIAGNOSIS
    schedule.inputs = {} if is_health else inputs.to_json()
    schedule.every, schedule.zone, schedule.cron = plan.every, plan.zone, plan.cron
    schedule.minutes, schedule.at, schedule.weekdays = plan.minutes or None, plan.at, list(plan.weekdays)
    schedule.jitter_seconds = wanted.jitter_seconds


def _save(schedule: Schedule) -> None:
    try:
        with transaction.atomic():
            schedule.save()
    except IntegrityError:
        raise ActionRefused(f"There is a schedule {schedule.name} already. Choose another name.") from None


def _audit_values(schedule: Schedule) -> dict[str, Any]:
    """As the audit log keeps it."""
    return {
        "name": schedule.name,
        "client": schedule.client.name,
        "kind": schedule.kind,
        "when": schedule.words,
        "zone": schedule.zone,
        "spread_seconds": schedule.jitter_seconds,
        "owner": schedule.owner.username if schedule.owner else "",
    }


def _refuse_retired(client: OAuthClient) -> None:
    if client.is_retired:
        raise ActionRefused(f"The client {client.name} is retired: nothing can be run with it. Choose another client.")
