"""Queries for comparing runs: the two runs with findings, the org changes between them, and a target's history."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import CharField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Concat

from diagnostics.accounts.models import User
from diagnostics.checks.base import all_checks
from diagnostics.comparison.history import Point, TargetHistory, history_of
from diagnostics.comparison.org_changes import ObservedOrgChange
from diagnostics.comparison.result import Comparison, compare_runs
from diagnostics.comparison.side import Side
from diagnostics.orgs.models import OrgChange
from diagnostics.orgs.visibility import visible_clients, visible_rows
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.models import Finding, Run
from diagnostics.runs.months import HAS_FINDINGS, has_lost_findings
from diagnostics.runs.queries.runs import runs_for_lists

MAX_CHANGES = 200
# How many runs of a target to read; the last good run before them is queried separately.
MAX_POINTS = 500
MAX_SCANNED = 300
MAX_SUGGESTED = 8
POINT_FIELDS = ("id", "created_at", "cause", "certainty", "status", "branch")


@dataclass(frozen=True)
class Neighbours:
    """The runs of the same target around a run; None if there is none."""

    previous: Run | None
    next: Run | None
    last_good: Run | None


@dataclass(frozen=True)
class Suggestion:
    first: Run
    second: Run


def runs_to_compare(*pks: int | None, viewer: User | None) -> dict[int, Run]:
    """With all columns that a comparison needs; without missing runs and those that the user may not see."""
    runs = visible_rows(Run.objects.select_related("client", "started_by"), viewer)
    runs = runs.defer("client__secret", "client__verification").annotate(has_findings=HAS_FINDINGS)
    found = runs.in_bulk({pk for pk in pks if pk is not None})
    return {pk: run for pk, run in found.items() if run.has_findings or not has_lost_findings(run)}


def sides_of(a: Run, b: Run) -> tuple[Side, Side]:
    """Both with their findings, in one query."""
    findings: dict[int, list[Finding]] = {a.pk: [], b.pk: []}
    for finding in Finding.objects.filter(run_id__in=findings).order_by("run_id", "position"):
        findings[finding.run_id].append(finding)
    first, second = (_side(run, findings[run.pk]) for run in (a, b))
    return first, second


def _side(run: Run, findings: Sequence[Finding]) -> Side:
    target = run.inputs.get("target")
    name = target.get("client_name") if isinstance(target, dict) else ""
    return Side(
        pk=run.pk,
        client_pk=run.client_id,
        client_name=name or run.client.name,
        kind=run.kind,
        status=run.status,
        at=run.started_at or run.created_at,
        cause=run.cause,
        certainty=run.certainty,
        verdict=run.verdict if isinstance(run.verdict, dict) else {},
        environment=run.environment if isinstance(run.environment, dict) else {},
        inputs=Inputs.from_json(run.inputs),
        planned=tuple(check for check in run.planned if isinstance(check, str)),
        branch=run.branch,
        target=run.target,
        conversation_id=run.conversation_id,
        client_is_retired=run.client.is_retired,
        findings=tuple(findings),
    )


def compare_stored_runs(a: Run, b: Run) -> tuple[Comparison, list[OrgChange]]:
    """The comparison, and the org changes between the two runs: none for two clients."""
    changes: list[OrgChange] = []
    if a.client_id == b.client_id and a.pk != b.pk:
        first, second = sorted(run.started_at or run.created_at for run in (a, b))
        changes = changes_between(a.client_id, first, second)
    checks = {check.id: (check.title, check.needs) for check in all_checks()}
    return compare_runs(*sides_of(a, b), checks, observed_changes(changes)), changes


def changes_between(client: int, first: datetime, second: datetime) -> list[OrgChange]:
    """Org changes of a client that may have happened between two moments, newest first."""
    in_between = Q(not_before=None) | Q(not_before__lt=second)
    changes = OrgChange.objects.filter(in_between, client_id=client, at__gt=first)
    changes = changes.select_related("client", "provider", "sync__started_by").defer(
        "client__secret", "client__verification", "provider__settings", "sync__permissions", "sync__progress"
    )
    return list(changes.order_by("-at", "-id")[: MAX_CHANGES + 1])


def observed_changes(changes: Iterable[OrgChange]) -> tuple[ObservedOrgChange, ...]:
    names = ("pk", "about", "kind", "at", "not_before", "ref", "name", "setting", "before", "after")
    return tuple(ObservedOrgChange(**{name: getattr(change, name) for name in names}) for change in changes)


def neighbours_of(run: Run) -> Neighbours:
    """Whole runs only, since a part does not check everything."""
    others = runs_for_lists().filter(target=run.target, branch="") if run.target else runs_for_lists().none()
    earlier = others.filter(pk__lt=run.pk).order_by("-pk")
    good = earlier.filter(cause="none", status=Run.Status.FINISHED)
    return Neighbours(earlier.first(), others.filter(pk__gt=run.pk).order_by("pk").first(), good.first())


def history_of_target(run: Run) -> TargetHistory:
    """The newest runs of the target. If none of them is good, also the last good run and the first bad one after it."""
    if not run.target:
        return history_of(())
    rows = Run.objects.filter(target=run.target).order_by("-pk").values_list(*POINT_FIELDS)
    newest = list(rows[:MAX_POINTS])
    before_run = [] if any(row[0] == run.pk for row in newest) else list(rows.filter(pk__lte=run.pk)[:MAX_POINTS])
    points = [_point(*row) for row in {row[0]: row for row in (*newest, *before_run)}.values()]
    history = history_of(points)
    if history.break_before(run.pk) is None and len(newest) == MAX_POINTS:
        oldest = min(point.pk for point in points)
        good = rows.filter(cause="none", status=Run.Status.FINISHED, branch="", pk__lt=oldest).first()
        bad = None if good is None else rows.filter(pk__gt=good[0]).order_by("pk").exclude(cause="none").first()
        history = history_of([*points, *(_point(*row) for row in (good, bad) if row is not None)])
    return history


def _point(pk: int, at: datetime, cause: str, certainty: str, status: str, branch: str) -> Point:
    return Point(pk, at, cause, certainty, is_whole=status == Run.Status.FINISHED and not branch)


def runs_by_pk(pks: Iterable[int]) -> dict[int, Run]:
    """With the columns of a list row."""
    return runs_for_lists().in_bulk(set(pks))


def latest_flips(viewer: User | None) -> list[Suggestion]:
    """The newest change of verdict of each target among the latest runs: the comparisons most worth seeing."""
    runs = visible_rows(Run.objects.exclude(target=""), viewer)
    rows = runs.order_by("-pk").values_list("target", *POINT_FIELDS)[:MAX_SCANNED]
    by_target: dict[str, list[Point]] = {}
    for target, *row in rows:
        by_target.setdefault(target, []).append(_point(*row))
    flips = [history.flips[-1] for points in by_target.values() if (history := history_of(points)).flips]
    newest = sorted(flips, key=lambda flip: -flip.after.pk)[:MAX_SUGGESTED]
    found = runs_by_pk(pk for flip in newest for pk in (flip.before.pk, flip.after.pk))
    pairs = ((found.get(flip.before.pk), found.get(flip.after.pk)) for flip in newest)
    return [Suggestion(first, second) for first, second in pairs if first and second]


def counterparts_of(run: Run, viewer: User | None) -> list[Run]:
    """Each other client's newest run with the same call: what works there may fail here."""
    kind, _, rest = run.target.partition(":")
    question = rest.partition(":")[2]
    ending = Value(f":{question}" if question else "")
    target = Concat(Value(f"{kind}:"), Cast(OuterRef("pk"), CharField()), ending, output_field=CharField())
    newest = Run.objects.filter(target=target, branch="", status=Run.Status.FINISHED).order_by("-pk").values("pk")[:1]
    others = visible_clients(viewer).filter(retired_at=None).exclude(pk=run.client_id)
    clients = others.annotate(newest=Subquery(newest))
    found = clients.exclude(newest=None).order_by("-newest").values_list("newest", flat=True)[:MAX_SUGGESTED]
    return sorted(runs_by_pk(found).values(), key=lambda other: other.client.name.lower())
