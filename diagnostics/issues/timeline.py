"""Since when an issue exists: the last good and the first bad run, what changed between them, and its time axis."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.comparison.history import Flip, Point, PointState, TargetHistory
from diagnostics.comparison.result import Comparison
from diagnostics.issues.models import Incident, Issue
from diagnostics.issues.time_axis import Event, TimeAxis, time_axis
from diagnostics.orgs.models import OrgChange
from diagnostics.orgs.visibility import visible_rows
from diagnostics.runs.queries.comparisons import compare_stored_runs, history_of_target, runs_to_compare

MAX_RUNS = 60
MAX_CHANGES = 40
MAX_FLIPS = 20
TONES = {PointState.GOOD: "pass", PointState.BAD: "fail", PointState.UNKNOWN: "error"}


@dataclass(frozen=True)
class Timeline:
    """`broke` is the step from the last good run to the first bad one; None if no run of the target was good before.

    `fixed` is the first good run after it, `earlier` are earlier breaks with the same cause, and `flips` the changes of
    verdict since. `suspects` are the org changes that explain the break.
    """

    history: TargetHistory
    axis: TimeAxis | None
    broke: Flip | None = None
    fixed: Point | None = None
    earlier: tuple[Flip, ...] = ()
    flips: tuple[Flip, ...] = ()
    comparison: Comparison | None = None
    suspects: tuple[OrgChange, ...] = ()


def timeline_of(issue: Issue, incidents: Iterable[Incident], viewer: User) -> Timeline | None:
    """None if no run that showed the issue is stored any more."""
    run = issue.last_run or issue.first_run
    if run is None:
        return None
    history = history_of_target(run)
    broke = history.break_before(run.pk)
    runs = runs_to_compare(broke.before.pk, broke.after.pk, viewer=viewer) if broke else {}
    comparison: Comparison | None = None
    between: list[OrgChange] = []
    if broke is not None and len(runs) == 2:
        comparison, between = compare_stored_runs(runs[broke.before.pk], runs[broke.after.pk])
    explains = {change.pk for change in comparison.explanation.org_changes} if comparison else set()
    suspects = tuple(change for change in between if change.pk in explains)
    points = [*history.points[-MAX_RUNS:], *((broke.before, broke.after) if broke else ())]
    shown = {point.pk: point for point in points}.values()
    events = [
        *(
            Event(each.at, "run", TONES[each.state], f"Run {each.pk}: {each.title}", reverse("run", args=[each.pk]))
            for each in shown
        ),
        *(_change_event(change, is_suspect=change.pk in explains) for change in _changes(issue, shown, viewer)),
        *(
            Event(each.began_at, "incident", "fail", f"Incident: {each.issue.title}", ended_at=each.ended_at)
            for each in incidents
        ),
    ]
    now, zone = timezone.now(), timezone.get_current_timezone()
    times = (broke.before.at, broke.after.at) if broke else None
    return Timeline(
        history=history,
        axis=time_axis(events, now, zone, times) if events else None,
        broke=broke,
        fixed=history.fixed_after(broke) if broke else None,
        earlier=history.earlier_breaks(broke)[-5:] if broke else (),
        flips=(history.flips_since(broke) if broke else history.flips)[-MAX_FLIPS:],
        comparison=comparison,
        suspects=suspects,
    )


def _changes(issue: Issue, points: Iterable[Point], viewer: User) -> list[OrgChange]:
    """Configuration changes of the org since the first of these runs."""
    since = min((point.at for point in points), default=issue.first_seen_at)
    org = issue.client.org_id
    rows = OrgChange.objects.filter(client__org_id=org) if org else OrgChange.objects.filter(client=issue.client)
    rows = visible_rows(rows.filter(at__gte=since), viewer).select_related("client")
    return list(rows.defer("client__secret", "client__verification").order_by("-at", "-id")[:MAX_CHANGES])


def _change_event(change: OrgChange, *, is_suspect: bool) -> Event:
    tone = "fail" if is_suspect else "accent"
    if change.about == OrgChange.About.STATUS:
        label = f"Status of {change.client.name} changed{f': {change.name}' if change.name else ''}"
        return Event(change.at, "change", tone, label, is_suspect=is_suspect)
    name = f"{change.get_about_display()} {change.name or change.ref}".strip()
    what = f"{change.setting} changed" if change.setting and change.kind == "changed" else change.get_kind_display()
    return Event(change.at, "change", tone, f"{name}: {what[0].lower()}{what[1:]}", is_suspect=is_suspect)
