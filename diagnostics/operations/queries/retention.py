"""Reads for retention: the rules in force, what is past its time, and the deletions there were."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.issues.models import Issue
from diagnostics.operations.models import RetentionPass, RetentionRule
from diagnostics.orgs.models import ConfigurationSync, OrgChange
from diagnostics.orgs.visibility import visible_rows
from diagnostics.runs.models import Exchange, Finding, Run

Kind = RetentionRule.Kind
# Days by kind of data; None is for ever.
Rules = Mapping[str, int | None]
Cutoffs = Mapping[str, datetime | None]

DEFAULT_RULES: Rules = {Kind.FINDINGS: 400, Kind.BODIES: 90, Kind.SNAPSHOTS: 400}
CLOSED = (Run.Status.FINISHED, Run.Status.INTERRUPTED)
RULES = (ConfigurationSync.State.WHOLE, ConfigurationSync.State.PARTIAL)
COUNTED = 100_000  # a preview counts no further, so that it stays quick
PASSES_SHOWN = 10


@dataclass(frozen=True)
class ExpiredRows:
    """How many rows of one noun are past their time. `is_more` where there are more than were counted."""

    noun: str
    count: int
    is_more: bool

    def __str__(self) -> str:
        return f"more than {self.count:,}" if self.is_more else f"{self.count:,}"


@dataclass(frozen=True)
class RetentionPreview:
    """What one rule would delete now. `cutoff` is None where it is kept for ever."""

    kind: str
    label: str
    days: int | None
    cutoff: datetime | None
    past: tuple[ExpiredRows, ...]

    @property
    def is_empty(self) -> bool:
        return not any(each.count for each in self.past)


def rules_in_force() -> dict[str, int | None]:
    changed = dict(RetentionRule.objects.values_list("kind", "days"))
    return {kind: changed.get(kind, days) for kind, days in DEFAULT_RULES.items()}


def cutoffs_of(rules: Rules, now: datetime) -> dict[str, datetime | None]:
    """What is older than that is past its time. A time before all history is the same as for ever."""
    return {kind: None if days is None else now - timedelta(days=days) for kind, days in rules.items()}


def preview(rules: Rules, viewer: User | None, now: datetime | None = None) -> tuple[RetentionPreview, ...]:
    """Counted is only what this person may see."""
    cutoffs = cutoffs_of(rules, now or timezone.now())
    return tuple(
        RetentionPreview(
            kind, Kind(kind).label, rules[kind], cutoff, _past(kind, cutoff, cutoffs[Kind.FINDINGS], viewer)
        )
        for kind, cutoff in cutoffs.items()
    )


def _past(
    kind: str, cutoff: datetime | None, runs_from: datetime | None, viewer: User | None
) -> tuple[ExpiredRows, ...]:
    """Runs that go altogether are not counted once more for their bodies."""
    if cutoff is None:
        return ()
    if kind == Kind.FINDINGS:
        runs = visible_rows(runs_past(cutoff), viewer)
        return (
            _counted("runs", runs),
            _counted("findings", Finding.objects.filter(run__in=runs)),
            _counted("exchanges", Exchange.objects.filter(run__in=runs)),
            _counted("known findings that are over", visible_rows(known_past(cutoff), viewer)),
        )
    if kind == Kind.BODIES:
        runs = visible_rows(bodies_past(cutoff), viewer)
        if runs_from is not None:
            runs = runs.filter(created_at__gte=runs_from)
        return _counted("runs that stay without them", runs), _counted(
            "exchanges", Exchange.objects.filter(run__in=runs)
        )
    return (
        _counted("snapshots", visible_rows(snapshots_past(cutoff), viewer)),
        _counted("changes in orgs", visible_rows(changes_past(cutoff), viewer)),
    )


def _counted(noun: str, rows: QuerySet[Any]) -> ExpiredRows:
    count = rows.order_by().values("pk")[: COUNTED + 1].count()
    return ExpiredRows(noun, min(count, COUNTED), count > COUNTED)


def runs_past(cutoff: datetime) -> QuerySet[Run]:
    """Neither pinned ones nor open ones, however old."""
    return Run.objects.filter(created_at__lt=cutoff, pinned_at=None, status__in=CLOSED)


def bodies_past(cutoff: datetime) -> QuerySet[Run]:
    return runs_past(cutoff).filter(bodies_dropped_at=None)


def known_past(cutoff: datetime) -> QuerySet[Issue]:
    """What is over for so long. What is open stays, whenever it was seen last."""
    return Issue.objects.filter(last_seen_at__lt=cutoff, ended_at__lt=cutoff)


def snapshots_past(cutoff: datetime) -> QuerySet[ConfigurationSync]:
    """All but open ones, and the newest of a client that is kept: it is what is known of the org."""
    newer = ConfigurationSync.objects.filter(client=OuterRef("client"), pk__gt=OuterRef("pk"), state__in=RULES)
    closed = ConfigurationSync.objects.filter(created_at__lt=cutoff, state__in=(*RULES, ConfigurationSync.State.FAILED))
    return closed.filter(Q(state=ConfigurationSync.State.FAILED) | Exists(newer))


def changes_past(cutoff: datetime) -> QuerySet[OrgChange]:
    return OrgChange.objects.filter(at__lt=cutoff)


def pinned_runs(viewer: User | None) -> int:
    return visible_rows(Run.objects.filter(pinned_at__isnull=False), viewer).count()


def recent_passes(viewer: User | None) -> list[RetentionPass]:
    """They count what was deleted of every org, so who may not see every org is told of none."""
    if viewer is not None and not viewer.sees_all:
        return []
    return list(RetentionPass.objects.select_related("started_by").order_by("-id")[:PASSES_SHOWN])


def changed_rules() -> dict[str, RetentionRule]:
    """By kind, where an admin changed one."""
    return {rule.kind: rule for rule in RetentionRule.objects.select_related("changed_by").order_by(F("kind"))}
