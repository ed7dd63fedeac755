"""Opens, changes and closes incidents by what the last runs of a schedule agree on.

Each update reads all of its facts from the rows, so a lost or repeated update changes nothing.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from diagnostics.comparison.history import Point
from diagnostics.engine import causes
from diagnostics.issues.issues import issue_of_cause
from diagnostics.issues.models import Incident
from diagnostics.jobs.row_failures import Kind, error_location, process_rows, without_set_aside
from diagnostics.monitoring.alert_text import IncidentSummary, describe_changes
from diagnostics.monitoring.announcements import (
    announce,
    announce_end,
    announce_reminder,
    announced_rules,
    incident_chain,
)
from diagnostics.monitoring.channels import message as messages
from diagnostics.monitoring.models import AlertRule, Schedule
from diagnostics.monitoring.thresholds import (
    FLAPPING_WINDOW,
    Agreement,
    Threshold,
    failing_period,
    find_agreement,
    find_changed_cause,
    find_recovery,
    is_flapping,
    stricter,
)
from diagnostics.runs.models import Run
from diagnostics.storage.clock import database_now
from diagnostics.storage.locks import lock_until_commit

log = logging.getLogger(__name__)

DEFAULT_THRESHOLD = Threshold()
RUNS_CONSIDERED = 100  # runs of the schedule
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class ScheduleState:
    """The schedule's last runs, and the active rules for its client."""

    schedule: Schedule
    points: tuple[Point, ...]
    rules: tuple[AlertRule, ...]
    now: datetime

    def agreement(self, threshold: Threshold) -> Agreement | None:
        return find_agreement(self.points, threshold)


def update_incidents_of(run: Run) -> None:
    """Called in the transaction that closes a scheduled run. An error is logged only, since the next run updates too."""
    if run.schedule_id is None or run.branch:
        return
    try:
        with transaction.atomic():
            _update(run.schedule_id, run.target, database_now())
    except Exception as error:
        log.error("alerts of run %s could not be updated: %s", run.pk, error_location(error))


def send_reminders(now: datetime | None = None) -> None:
    """Send due reminders, and end incidents whose schedule or client is gone. Safe to run concurrently."""
    now = now or database_now()
    still_open = without_set_aside(Incident.objects.filter(closed_at=None), Kind.INCIDENT)
    pks = list(still_open.order_by("pk").values_list("pk", flat=True))
    process_rows(Kind.INCIDENT, pks, lambda pk: _remind(pk, now))


def threshold_of(rule: AlertRule) -> Threshold:
    return Threshold(rule.needed, max(rule.out_of, rule.needed), rule.counts_inconclusive)


def first_incident(incident: Incident) -> Incident:
    """The first incident of the outage; each later one has another cause."""
    root = incident_chain(incident)[-1]
    return incident if root == incident.pk else Incident.objects.get(pk=root)


def _update(schedule_id: int, target: str, now: datetime) -> None:
    lock_until_commit(f"incidents of {schedule_id}")
    schedule = Schedule.objects.select_related("client").defer("client__secret").get(pk=schedule_id)
    state = ScheduleState(schedule, _points(schedule_id, target), active_rules(schedule.client_id), now)
    incident = _open_incident(schedule_id)
    if incident is None:
        incident = _open_if_failing(state)
    elif (end := _end_of(incident, state)) is not None:
        _close(incident, end, state)
        return
    else:
        incident = _change_cause(incident, state)
    if incident is not None:
        _update_open(incident, state)


def active_rules(client_id: int) -> tuple[AlertRule, ...]:
    """The enabled rules for a client, with their channels. A rule without clients applies to all."""
    mine = Q(clients=None) | Q(clients=client_id)
    return tuple(AlertRule.objects.filter(mine, is_on=True).prefetch_related("channels").distinct().order_by("pk"))


def _thresholds(rules: Sequence[AlertRule]) -> list[Threshold]:
    """Of all rules, the quickest first. Without rules, the default: the incident page works without any."""
    found = {threshold_of(rule) for rule in rules} or {DEFAULT_THRESHOLD}
    return sorted(found, key=lambda threshold: (threshold.needed, threshold.out_of, threshold.counts_inconclusive))


def _open_if_failing(state: ScheduleState) -> Incident | None:
    for threshold in _thresholds(state.rules):
        agreement = state.agreement(threshold)
        if agreement is not None and not agreement.is_good:
            good, first = failing_period(state.points, threshold)
            began = first or agreement.runs[0]
            incident = _create(state, agreement.cause, began, agreement.runs[-1].pk)
            _save_changes(incident, "broke", good.pk if good else None, began.pk)
            return incident
    return None


def _create(state: ScheduleState, cause: str, began: Point, last: int) -> Incident:
    return Incident.objects.create(
        issue=issue_of_cause(Run.objects.get(pk=last), cause),
        schedule=state.schedule,
        client=state.schedule.client,
        cause=cause,
        sentence=_sentence_of(last),
        first_run_id=began.pk,
        last_run_id=last,
        began_at=began.at,
        opened_at=state.now,
    )


def _change_cause(incident: Incident, state: ScheduleState) -> Incident:
    """Returns the incident, or its successor if the runs now agree on another cause."""
    strictest = _alert_thresholds(incident, state)[-1]
    cause = find_changed_cause(state.points, strictest, incident.cause)
    if not cause:
        return incident
    of_cause = [point for point in state.points if point.cause == cause and point.pk > (incident.first_run_id or 0)]
    if not of_cause:
        return incident
    incident.closed_at = state.now
    incident.save(update_fields=["closed_at"])
    other = _create(state, cause, _first_in_a_row(of_cause, state.points), of_cause[-1].pk)
    incident.became = other
    incident.save(update_fields=["became"])
    _save_changes(other, "broke", incident.last_run_id, other.first_run_id)
    return other


def _first_in_a_row(of_cause: Sequence[Point], points: Sequence[Point]) -> Point:
    """The first of the newest runs with this cause that have no other verdict in between."""
    first = of_cause[-1]
    others = [point.pk for point in points if point.cause not in (first.cause, "", causes.UNDETERMINED)]
    for point in reversed(of_cause):
        if any(point.pk < other < first.pk for other in others):
            break
        first = point
    return first


def _end_of(incident: Incident, state: ScheduleState) -> Point | None:
    """The first good run, once all rules that sent an alert agree that the incident is over."""
    thresholds = _alert_thresholds(incident, state)
    if _is_flapping(incident, state.now):
        thresholds = [stricter(threshold) for threshold in thresholds]
    for threshold in thresholds:
        agreement = state.agreement(threshold)
        if agreement is None or not agreement.is_good:
            return None
    good = [point for point in state.points if point.is_whole and point.cause == causes.NONE]
    # Most runs may be good although the newest is bad again: then the first good run counts.
    return find_recovery(state.points, thresholds[0]) or (good[0] if good else None)


def _close(incident: Incident, end: Point, state: ScheduleState) -> None:
    incident.closed_at, incident.good_run_id = state.now, end.pk
    incident.save(update_fields=["closed_at", "good_run"])
    _save_changes(incident, "fixed", incident.last_run_id, end.pk)
    incident = _get_incident(incident.pk)
    root = first_incident(incident)
    flapping = _is_flapping(incident, state.now)
    summary = IncidentSummary(root.began_at, state.now, flapping=flapping, root=root.pk)
    announce_end(incident, messages.RECOVERED, summary)


def _update_open(incident: Incident, state: ScheduleState) -> None:
    """Store the newest run with this cause, and alert the channels that have no alert yet."""
    bad = [point for point in state.points if point.cause == incident.cause]
    if bad and bad[-1].pk != incident.last_run_id:
        incident.last_run_id, incident.sentence = bad[-1].pk, _sentence_of(bad[-1].pk) or incident.sentence
        incident.save(update_fields=["last_run", "sentence"])
    incident = _get_incident(incident.pk)
    root = first_incident(incident)
    for rule in state.rules:
        threshold = threshold_of(rule)
        agreement = state.agreement(threshold)
        if agreement is None or agreement.is_good:
            continue
        summary = IncidentSummary(
            broke_at=root.began_at,
            now=state.now,
            zone=rule.zone,
            agreed=_describe_agreement(state, threshold),
            flapping=_is_flapping(incident, state.now),
            root=root.pk,
        )
        announce(incident, rule, summary)


def _remind(pk: int, now: datetime) -> None:
    incident = _get_incident(pk)
    lock_until_commit(f"incidents of {incident.schedule_id}")
    incident = _get_incident(pk)
    if not incident.is_open:
        return
    root = first_incident(incident)
    summary = IncidentSummary(broke_at=root.began_at, now=now, root=root.pk)
    if incident.schedule is None or incident.client.is_retired:
        incident.closed_at = now
        incident.save(update_fields=["closed_at"])
        announce_end(incident, messages.ENDED, summary)
    elif not incident.schedule.is_paused:
        for rule in active_rules(incident.client_id):
            if rule.remind_hours:
                announce_reminder(incident, rule, replace(summary, zone=rule.zone))


def _alert_thresholds(incident: Incident, state: ScheduleState) -> list[Threshold]:
    """Of the rules that sent an alert about the outage, else of all rules; the quickest first."""
    announced = announced_rules(incident)
    return _thresholds([rule for rule in state.rules if rule.pk in announced] or state.rules)


def _is_flapping(incident: Incident, now: datetime) -> bool:
    """By the schedule's recent outages, including this one. A change of cause isn't a new outage."""
    recent = Incident.objects.filter(schedule=incident.schedule, opened_at__gte=now - FLAPPING_WINDOW)
    return is_flapping(list(recent.filter(came_from=None).values_list("opened_at", flat=True)), now)


def _describe_agreement(state: ScheduleState, threshold: Threshold) -> str:
    runs = [point for point in state.points if point.cause and point.is_whole][-threshold.out_of :]
    bad = len([point for point in runs if point.cause != causes.NONE])
    if len(runs) == 1:
        return "The last scheduled run failed."
    return f"{_number(bad).capitalize()} of the last {_number(len(runs))} scheduled runs failed."


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def _save_changes(incident: Incident, part: str, before: int | None, after: int | None) -> None:
    found = [{"at": part, "sentence": sentence} for sentence in describe_changes(before, after)]
    others = [change for change in incident.changes if change.get("at") != part]
    incident.changes = [*others, *found]
    incident.save(update_fields=["changes"])


def _points(schedule_id: int, target: str) -> tuple[Point, ...]:
    """The schedule's last runs of its current target, oldest first."""
    rows = Run.objects.filter(schedule_id=schedule_id, target=target, branch="").order_by("-pk")
    newest = rows.values_list("pk", "created_at", "cause", "certainty", "status")[:RUNS_CONSIDERED]
    return tuple(
        Point(pk, at, cause, certainty, is_whole=status == Run.Status.FINISHED)
        for pk, at, cause, certainty, status in reversed(newest)
    )


def _sentence_of(run_id: int) -> str:
    verdict = Run.objects.values_list("verdict", flat=True).get(pk=run_id)
    return str(verdict.get("sentence", ""))


def _open_incident(schedule_id: int) -> Incident | None:
    pk = Incident.objects.filter(schedule_id=schedule_id, closed_at=None).values_list("pk", flat=True).first()
    return None if pk is None else _get_incident(pk)


def _get_incident(pk: int) -> Incident:
    rows = Incident.objects.select_related("issue", "client", "schedule", "last_run", "good_run")
    return rows.defer("client__secret", "client__verification").get(pk=pk)
