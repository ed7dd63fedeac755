"""Incidents: opened, turned into another, and closed by what the last runs of a schedule agree on.

What holds is read anew from the rows after every run, so that a look that was lost, or made twice, changes nothing.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from diagnostics.comparison.history import Point
from diagnostics.engine import causes
from diagnostics.jobs.row_failures import Kind, each_row, where, without_set_aside
from diagnostics.monitoring.alert_text import IncidentSummary, what_changed
from diagnostics.monitoring.announcements import announce, announce_end, announced_rules, chain_of, reminded
from diagnostics.monitoring.channels import message as messages
from diagnostics.monitoring.models import AlertRule, Incident, Schedule
from diagnostics.monitoring.thresholds import WITHIN as FLAPPING_WITHIN
from diagnostics.monitoring.thresholds import (
    Agreed,
    Threshold,
    agreed,
    failing_stretch,
    is_agreed_otherwise,
    is_flapping,
    recovered_at,
    steadier,
)
from diagnostics.runs.models import Run

log = logging.getLogger(__name__)

DEFAULT = Threshold()
RUNS_CONSIDERED = 100  # runs of the schedule
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class ScheduleState:
    """What is known at this look: the schedule's last runs, and the rules that are for its client."""

    schedule: Schedule
    points: tuple[Point, ...]
    rules: tuple[AlertRule, ...]
    now: datetime

    def holds(self, threshold: Threshold) -> Agreed | None:
        return agreed(self.points, threshold)


def update_incidents_of(run: Run) -> None:
    """After a run of a schedule was closed, in the same transaction. A fault here costs no run: the next one looks too."""
    if run.schedule_id is None or run.branch:
        return
    try:
        with transaction.atomic():
            _update(run.schedule_id, run.target, timezone.now())
    except Exception as error:
        log.error("run %s was not looked at for alerts: %s", run.pk, where(error))


def remind(now: datetime | None = None) -> None:
    """Tell of what goes on for so long, and end what nobody looks at any more. Two ticks at once are harmless."""
    now = now or timezone.now()
    still_open = without_set_aside(Incident.objects.filter(closed_at=None), Kind.INCIDENT)
    each_row(Kind.INCIDENT, list(still_open.order_by("pk").values_list("pk", flat=True)), lambda pk: _remind(pk, now))


def threshold_of(rule: AlertRule) -> Threshold:
    return Threshold(rule.needed, max(rule.out_of, rule.needed), rule.on_undetermined)


def root_of(incident: Incident) -> Incident:
    """The incident with which this break began; each that came after it had another cause."""
    root = chain_of(incident)[-1]
    return incident if root == incident.pk else Incident.objects.get(pk=root)


def _update(schedule_id: int, target: str, now: datetime) -> None:
    _one_at_a_time(schedule_id)
    schedule = Schedule.objects.select_related("client").defer("client__secret").get(pk=schedule_id)
    seen = ScheduleState(schedule, _points(schedule_id, target), rules_for(schedule.client_id), now)
    incident = _open_incident(schedule_id)
    if incident is None:
        incident = _opened(seen)
    elif (end := _end_of(incident, seen)) is not None:
        _close(incident, end, seen)
        return
    else:
        incident = _turned(incident, seen)
    if incident is not None:
        _go_on(incident, seen)


def rules_for(client_id: int) -> tuple[AlertRule, ...]:
    """Those that are on, with their channels; a rule without clients is for all of them."""
    mine = Q(clients=None) | Q(clients=client_id)
    return tuple(AlertRule.objects.filter(mine, is_on=True).prefetch_related("channels").distinct().order_by("pk"))


def _thresholds(rules: Sequence[AlertRule]) -> list[Threshold]:
    """The quickest first. Without a rule incidents are kept all the same, for the page."""
    found = {threshold_of(rule) for rule in rules} or {DEFAULT}
    return sorted(found, key=lambda each: (each.needed, each.out_of, each.on_undetermined))


def _opened(seen: ScheduleState) -> Incident | None:
    for threshold in _thresholds(seen.rules):
        holds = seen.holds(threshold)
        if holds is not None and not holds.is_good:
            good, first = failing_stretch(seen.points, threshold)
            began = first or holds.runs[0]
            incident = _create(seen, holds.cause, began, holds.runs[-1].pk)
            _keep_changes(incident, "broke", good.pk if good else None, began.pk)
            return incident
    return None


def _create(seen: ScheduleState, cause: str, began: Point, last: int) -> Incident:
    return Incident.objects.create(
        schedule=seen.schedule,
        client=seen.schedule.client,
        cause=cause,
        sentence=_sentence_of(last),
        first_run_id=began.pk,
        last_run_id=last,
        began_at=began.at,
        opened_at=seen.now,
    )


def _turned(incident: Incident, seen: ScheduleState) -> Incident:
    """The incident itself, or the one of another cause that it has turned into: one message for each cause."""
    threshold = _strictest(incident, seen)
    cause = is_agreed_otherwise(seen.points, threshold, incident.cause)
    if not cause:
        return incident
    of_cause = [each for each in seen.points if each.cause == cause and each.pk > (incident.first_run_id or 0)]
    if not of_cause:
        return incident
    incident.closed_at = seen.now
    incident.save(update_fields=["closed_at"])
    other = _create(seen, cause, _first_in_a_row(of_cause, seen.points), of_cause[-1].pk)
    incident.became = other
    incident.save(update_fields=["became"])
    _keep_changes(other, "broke", incident.last_run_id, other.first_run_id)
    return other


def _first_in_a_row(of_cause: Sequence[Point], points: Sequence[Point]) -> Point:
    """The first of the newest runs that say this cause, with none of another verdict in between."""
    first = of_cause[-1]
    others = [each.pk for each in points if each.cause not in (first.cause, "", causes.UNDETERMINED)]
    for each in reversed(of_cause):
        if any(each.pk < other < first.pk for other in others):
            break
        first = each
    return first


def _end_of(incident: Incident, seen: ScheduleState) -> Point | None:
    """The first good run, once every rule that told of the incident agrees that it is over."""
    told = [rule for rule in seen.rules if rule.pk in announced_rules(incident)]
    thresholds = _thresholds(told or seen.rules)
    if _is_flapping(incident, seen.now):
        thresholds = [steadier(each) for each in thresholds]
    for threshold in thresholds:
        holds = seen.holds(threshold)
        if holds is None or not holds.is_good:
            return None
    return recovered_at(seen.points, thresholds[0]) or _newest_good(seen.points)


def _newest_good(points: Sequence[Point]) -> Point | None:
    """Where the very newest run is bad again, and most are good all the same."""
    good = [each for each in points if each.is_whole and each.cause == causes.NONE]
    return good[0] if good else None


def _close(incident: Incident, end: Point, seen: ScheduleState) -> None:
    incident.closed_at, incident.good_run_id = seen.now, end.pk
    incident.save(update_fields=["closed_at", "good_run"])
    _keep_changes(incident, "mended", incident.last_run_id, end.pk)
    incident = _open_or_not(incident.pk)
    root = root_of(incident)
    is_flapping = _is_flapping(incident, seen.now)
    announce_end(
        incident, messages.RECOVERED, IncidentSummary(root.began_at, seen.now, flapping=is_flapping, root=root.pk)
    )


def _go_on(incident: Incident, seen: ScheduleState) -> None:
    """The newest run that says so, and a message to whom none has come yet."""
    bad = [each for each in seen.points if each.cause == incident.cause]
    if bad and bad[-1].pk != incident.last_run_id:
        incident.last_run_id, incident.sentence = bad[-1].pk, _sentence_of(bad[-1].pk) or incident.sentence
        incident.save(update_fields=["last_run", "sentence"])
    incident = _open_or_not(incident.pk)
    root = root_of(incident)
    for rule in seen.rules:
        threshold = threshold_of(rule)
        holds = seen.holds(threshold)
        if holds is None or holds.is_good:
            continue
        told = IncidentSummary(
            broke_at=root.began_at,
            now=seen.now,
            zone=rule.zone,
            agreed=_describe_agreement(seen, threshold),
            flapping=_is_flapping(incident, seen.now),
            root=root.pk,
        )
        announce(incident, rule, told)


def _remind(pk: int, now: datetime) -> None:
    incident = _open_or_not(pk)
    _one_at_a_time(incident.schedule_id or 0)
    incident = _open_or_not(pk)
    if not incident.is_open:
        return
    root = root_of(incident)
    told = IncidentSummary(broke_at=root.began_at, now=now, root=root.pk)
    if incident.schedule is None or incident.client.is_retired:
        incident.closed_at = now
        incident.save(update_fields=["closed_at"])
        announce_end(incident, messages.ENDED, told)
    elif not incident.schedule.is_paused:
        for rule in rules_for(incident.client_id):
            if rule.remind_hours:
                reminded(incident, rule, replace(told, zone=rule.zone))


def _strictest(incident: Incident, seen: ScheduleState) -> Threshold:
    told = [rule for rule in seen.rules if rule.pk in announced_rules(incident)]
    return _thresholds(told or seen.rules)[-1]


def _is_flapping(incident: Incident, now: datetime) -> bool:
    """By the breaks of the schedule, the one of this incident among them; one that only changed its cause is no other."""
    recent = Incident.objects.filter(schedule=incident.schedule, opened_at__gte=now - FLAPPING_WITHIN)
    return is_flapping(list(recent.filter(came_from=None).values_list("opened_at", flat=True)), now)


def _describe_agreement(seen: ScheduleState, threshold: Threshold) -> str:
    looked = [each for each in seen.points if each.cause and each.is_whole][-threshold.out_of :]
    bad = len([each for each in looked if each.cause != causes.NONE])
    if len(looked) == 1:
        return "The last scheduled run says so."
    return f"{_number(bad).capitalize()} of the last {_number(len(looked))} scheduled runs say that something is wrong."


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def _keep_changes(incident: Incident, part: str, before: int | None, after: int | None) -> None:
    found = [{"at": part, "sentence": each} for each in what_changed(before, after)]
    kept = [each for each in incident.changes if each.get("at") != part]
    incident.changes = [*kept, *found]
    incident.save(update_fields=["changes"])


def _points(schedule_id: int, target: str) -> tuple[Point, ...]:
    """Whole runs of what the schedule asks for today, oldest first."""
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
    return None if pk is None else _open_or_not(pk)


def _open_or_not(pk: int) -> Incident:
    rows = Incident.objects.select_related("client", "schedule", "last_run", "good_run")
    return rows.defer("client__secret", "client__verification").get(pk=pk)


def _one_at_a_time(schedule_id: int) -> None:
    """The looks of one schedule follow one another; the lock ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"incidents of {schedule_id}"])
