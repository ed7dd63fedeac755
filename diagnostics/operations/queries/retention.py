"""Queries for retention: rules in force, expired rows, and recent passes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.batches.models import Batch
from diagnostics.issues.models import Issue
from diagnostics.operations.models import RetentionPass, RetentionRule
from diagnostics.orgs.models import ConfigurationSync, OrgChange
from diagnostics.orgs.visibility import visible_rows
from diagnostics.runs.models import CLOSED, Exchange, Finding, Run
from diagnostics.runs.months import first_run_of_months, first_run_that_stays

Kind = RetentionRule.Kind
# Days by kind of data; None is forever.
Rules = Mapping[str, int | None]

DEFAULT_RULES: Rules = {Kind.FINDINGS: 400, Kind.BODIES: 90, Kind.SNAPSHOTS: 400}
COMPLETE_STATES = (ConfigurationSync.State.COMPLETE, ConfigurationSync.State.PARTIAL)
MAX_COUNTED = 100_000  # a preview counts no further, to stay quick
PASSES_SHOWN = 10


@dataclass(frozen=True)
class ExpiredRows:
    """The number of expired rows of one kind. `is_more` if not all were counted."""

    noun: str
    count: int
    is_more: bool

    def __str__(self) -> str:
        return f"more than {self.count:,}" if self.is_more else f"{self.count:,}"


@dataclass(frozen=True)
class RetentionPreview:
    """The rows that one rule would delete now. `cutoff` is None if they are kept forever."""

    kind: str
    label: str
    days: int | None
    cutoff: datetime | None
    past: tuple[ExpiredRows, ...]

    @property
    def is_empty(self) -> bool:
        return not any(rows.count for rows in self.past)

    @property
    def timing(self) -> str:
        """When its rows are deleted, if that isn't the night after each of them is too old."""
        if self.kind != Kind.FINDINGS or self.days is None:
            return ""
        age = f"{self.days} day{'' if self.days == 1 else 's'}"
        return (
            f"The runs of a month are deleted together, in the night after the last of them is {age} old. Bodies of "
            "requests go in the night after their own day."
        )


def rules_in_force() -> dict[str, int | None]:
    changed = dict(RetentionRule.objects.values_list("kind", "days"))
    return {kind: changed.get(kind, days) for kind, days in DEFAULT_RULES.items()}


def cutoffs_of(rules: Rules, now: datetime) -> dict[str, datetime | None]:
    """The times before which rows expire, None if they are kept forever."""
    return {kind: None if days is None else now - timedelta(days=days) for kind, days in rules.items()}


def preview(rules: Rules, viewer: User | None, now: datetime | None = None) -> tuple[RetentionPreview, ...]:
    """Counts only rows that the viewer may see."""
    cutoffs = cutoffs_of(rules, now or timezone.now())
    return tuple(
        RetentionPreview(
            kind, Kind(kind).label, rules[kind], cutoff, _past(kind, cutoff, cutoffs[Kind.FINDINGS], viewer)
        )
        for kind, cutoff in cutoffs.items()
    )


def _past(
    kind: str, cutoff: datetime | None, runs_cutoff: datetime | None, viewer: User | None
) -> tuple[ExpiredRows, ...]:
    """Runs that are deleted entirely, by `runs_cutoff`, aren't counted again for their bodies."""
    if cutoff is None:
        return ()
    if kind == Kind.FINDINGS:
        runs = visible_rows(runs_past(cutoff), viewer)
        return (
            _counted("runs", runs),
            _counted("findings", Finding.objects.filter(run__in=runs)),
            _counted("requests", Exchange.objects.filter(run__in=runs)),
            _counted("batches", visible_rows(batches_past(cutoff), viewer)),
            _counted("resolved issues", visible_rows(issues_past(cutoff), viewer)),
        )
    if kind == Kind.BODIES:
        runs = visible_rows(bodies_past(cutoff), viewer)
        if runs_cutoff is not None:
            runs = runs.exclude(created_at__lt=runs_cutoff, pk__lt=first_run_that_stays(runs_cutoff))
        return _counted("runs (kept without bodies)", runs), _counted(
            "exchanges", Exchange.objects.filter(run__in=runs)
        )
    return (
        _counted("configuration syncs", visible_rows(syncs_past(cutoff), viewer)),
        _counted("org changes", visible_rows(changes_past(cutoff), viewer)),
    )


def _counted(noun: str, rows: QuerySet[Any]) -> ExpiredRows:
    count = rows.order_by().values("pk")[: MAX_COUNTED + 1].count()
    return ExpiredRows(noun, min(count, MAX_COUNTED), count > MAX_COUNTED)


def runs_past(cutoff: datetime) -> QuerySet[Run]:
    """Runs of a month expire together, when the last of them does. Without pinned and open runs."""
    return _closed_before(cutoff).filter(pk__lt=first_run_that_stays(cutoff))


def runs_of_dropped_months(cutoff: datetime) -> QuerySet[Run]:
    """Those of `runs_past` whose month was dropped. They have findings only if they were pinned at that time."""
    return _closed_before(cutoff).filter(pk__lt=first_run_of_months())


def bodies_past(cutoff: datetime) -> QuerySet[Run]:
    return _closed_before(cutoff).filter(bodies_dropped_at=None)


def _closed_before(cutoff: datetime) -> QuerySet[Run]:
    return Run.objects.filter(created_at__lt=cutoff, pinned_at=None, status__in=CLOSED)


def issues_past(cutoff: datetime) -> QuerySet[Issue]:
    """Resolved issues only."""
    return Issue.objects.filter(last_seen_at__lt=cutoff, resolved_at__lt=cutoff)


def batches_past(cutoff: datetime) -> QuerySet[Batch]:
    """Their runs expire by themselves."""
    return Batch.objects.filter(created_at__lt=cutoff)


def syncs_past(cutoff: datetime) -> QuerySet[ConfigurationSync]:
    """Without open syncs, and without each client's newest successful one, which is the current state of its org."""
    newer = ConfigurationSync.objects.filter(
        client=OuterRef("client"), pk__gt=OuterRef("pk"), state__in=COMPLETE_STATES
    )
    closed = ConfigurationSync.objects.filter(
        created_at__lt=cutoff, state__in=(*COMPLETE_STATES, ConfigurationSync.State.FAILED)
    )
    return closed.filter(Q(state=ConfigurationSync.State.FAILED) | Exists(newer))


def changes_past(cutoff: datetime) -> QuerySet[OrgChange]:
    return OrgChange.objects.filter(at__lt=cutoff)


def pinned_runs(viewer: User | None) -> int:
    return visible_rows(Run.objects.filter(pinned_at__isnull=False), viewer).count()


def recent_passes(viewer: User | None) -> list[RetentionPass]:
    """[] for viewers who may not see every org, since a pass counts the rows of all of them."""
    if viewer is not None and not viewer.sees_all:
        return []
    return list(RetentionPass.objects.select_related("started_by").order_by("-id")[:PASSES_SHOWN])


def changed_rules() -> dict[str, RetentionRule]:
    """The rules that an admin changed, by kind."""
    return {rule.kind: rule for rule in RetentionRule.objects.select_related("changed_by").order_by(F("kind"))}
