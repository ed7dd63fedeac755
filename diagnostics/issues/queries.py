"""Queries of issues: pages of the list, open incidents, the issues of a run, and the runs of an issue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Exists, Max, Min, OuterRef, Prefetch, Q, QuerySet, Sum
from django.shortcuts import get_object_or_404
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.engine.usage_review import REJECTED
from diagnostics.issues.grouping import org_key
from diagnostics.issues.models import Incident, Issue, IssueNote
from diagnostics.orgs.models import CallFailure, OAuthClient, UsageReading
from diagnostics.orgs.orgs import CLIENT_KEY
from diagnostics.orgs.visibility import Row, visible_clients, visible_people, visible_rows
from diagnostics.runs.models import Finding, Run
from diagnostics.runs.queries.comparisons import counterparts_of

PAGE_SIZE = 40
MOST_FAILING_CALLS = 200
STATUSES = {
    "": "Open",
    "new": "New",
    "ongoing": "Ongoing",
    "reopened": "Reopened",
    "accepted": "Accepted",
    "resolved": "Resolved",
    "all": "All",
}
TARGETS = {"": "Orgs and clients", "call": "One call", "conversation": "One conversation", "all": "Everything"}
ASSIGNEES = {"": "Anyone", "me": "Me", "nobody": "Nobody"}
CLIENT_COLUMNS = ("client__secret", "client__verification", "client__status_reason")
RUN_COLUMNS = ("inputs", "verdict", "environment", "planned", "search_keys")


@dataclass(frozen=True)
class IssuePage:
    """One page of issues, failures first, then those seen last. `older` is the next page's position, "" on the last."""

    rows: list[Issue]
    older: str
    is_first: bool


def issue_page(
    viewer: User,
    *,
    status: str = "",
    org: str = "",
    environment: str = "",
    cause: str = "",
    target: str = "",
    assignee: str = "",
    alerting: str = "",
    q: str = "",
    client: OAuthClient | None = None,
    before: tuple[str, datetime, int] | None = None,
) -> IssuePage:
    rows = with_status(issues_for_lists(viewer), status)
    if target == "":
        rows = rows.filter(Q(target="") | Q(target__startswith="client:"))
    elif target != "all":
        rows = rows.filter(target__startswith=f"{target}:")
    exact = {"org": org, "client__environment": environment, "cause": cause, "client": client}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if assignee:
        rows = rows.filter(assignee=viewer if assignee == "me" else None)
    if alerting:
        rows = rows.filter(Exists(Incident.objects.filter(issue=OuterRef("pk"), closed_at=None)))
    if q:
        rows = rows.filter(Q(sentence__icontains=q) | Q(subject__icontains=q) | Q(cause__icontains=q))
    if before is not None:
        outcome, at, pk = before
        older = Q(last_seen_at__lt=at) | Q(last_seen_at=at, pk__lt=pk)
        rows = rows.filter(Q(outcome__gt=outcome) | Q(older, outcome=outcome))
    found = list(rows.order_by("outcome", "-last_seen_at", "-id")[: PAGE_SIZE + 1])
    last = found[PAGE_SIZE - 1] if len(found) > PAGE_SIZE else None
    position = f"{last.outcome}_{last.last_seen_at.isoformat()}_{last.pk}" if last else ""
    return IssuePage(found[:PAGE_SIZE], position, is_first=before is None)


def issues_for_lists(viewer: User | None) -> QuerySet[Issue]:
    """With the client, the assignee and the open incidents of each."""
    still_open = Prefetch("incidents", Incident.objects.filter(closed_at=None), to_attr="open_incidents")
    rows = Issue.objects.select_related("client", "assignee").defer(*CLIENT_COLUMNS).prefetch_related(still_open)
    return visible_rows(rows, viewer)


def find_issue(pk: int, user: User) -> Issue:
    """An issue that the user may see, with its newest run; otherwise raises Http404."""
    issues = Issue.objects.select_related("client", "accepted_by", "snoozed_by", "assignee", "last_run", "first_run")
    heavy = [f"{run}__{name}" for run in ("first_run", "last_run") for name in RUN_COLUMNS]
    return get_object_or_404(visible_rows(issues, user).defer(*CLIENT_COLUMNS, *heavy), pk=pk)


def find_incident(pk: int, user: User) -> Incident:
    return get_object_or_404(visible_rows(Incident.objects.select_related("issue"), user), pk=pk)


def with_status(rows: QuerySet[Issue], status: str) -> QuerySet[Issue]:
    """`status` is one of STATUSES; "" means open and not accepted."""
    now = timezone.now()
    if status == "accepted":
        return rows.filter(resolved_at=None, accepted_until__gt=now)
    if status == "resolved":
        return rows.filter(resolved_at__isnull=False)
    if status == "all":
        return rows
    rows = rows.filter(Q(accepted_until=None) | Q(accepted_until__lte=now), resolved_at=None)
    return rows.filter(status=status) if status else rows


def open_incidents(
    viewer: User | None, *, client: OAuthClient | None = None, clients: Sequence[int] | None = None
) -> list[Incident]:
    """The open incidents that the user may see, oldest first: of one client, of several (by ID), or all.

    For the template part issues/_open_incidents.html.
    """
    rows = Incident.objects.filter(closed_at=None).select_related("issue", "client")
    if client is not None:
        rows = rows.filter(client=client)
    if clients is not None:
        rows = rows.filter(client__in=clients)
    return list(visible_rows(rows, viewer).defer(*CLIENT_COLUMNS).order_by("began_at", "id"))


def incidents_of(issue: Issue) -> list[Incident]:
    """The newest incidents, newest first."""
    runs = [f"{run}__{name}" for run in ("last_run", "good_run") for name in RUN_COLUMNS]
    rows = issue.incidents.select_related("schedule", "last_run", "good_run", "became__issue", "came_from__issue")
    return list(rows.defer(*runs, "schedule__inputs").order_by("-id")[:PAGE_SIZE])


def visible_orgs(viewer: User) -> list[tuple[str, str]]:
    """The key and name of each org with a client that is not retired."""
    rows = visible_clients(viewer).filter(retired_at=None).values_list("org_id", "pk", "org_name", "name")
    names = {org_key(org_id, pk): org_name or name for org_id, pk, org_name, name in rows}
    return sorted(names.items(), key=lambda item: item[1].lower())


def assignable_users(issue: Issue, viewer: User) -> QuerySet[User]:
    """The users that the viewer may see and who may see the issue's org."""
    may_see = Q(is_limited=False) | Q(role=User.Role.ADMIN) | Q(pk=issue.assignee_id)
    if issue.client.org_id:
        may_see |= Q(only_orgs__contains=[issue.client.org_id])
    return visible_people(viewer).filter(may_see, is_active=True).order_by("username")


def notes_of(issue: Issue) -> list[IssueNote]:
    return list(issue.notes.select_related("author").order_by("id"))


def runs_where_it_works(issue: Issue, viewer: User) -> list[Run]:
    """The newest run of each other client in which the check that proves the issue passed."""
    if issue.last_run is None or not issue.check_id:
        return []
    others = counterparts_of(issue.last_run, viewer)
    passed = Finding.objects.filter(run__in=others, check_id=issue.check_id).values_list("run_id", "outcome")
    outcomes: dict[int, set[str]] = {}
    for run_id, outcome in passed:
        outcomes.setdefault(run_id, set()).add(outcome)
    return [run for run in others if outcomes.get(run.pk) == {"pass"}]


def failing_calls_page(viewer: User, org: str = "") -> dict[str, Any]:
    """The context of the page "Failing calls": the groups, most failures first, and the clients that couldn't be read.

    `org` is a key of `visible_orgs`, "" for all.
    """
    rows = _of_org(visible_rows(CallFailure.objects.filter(client__retired_at=None), viewer), org)
    found = (
        rows.order_by()
        .values("client__org_id", "cause", "method", "template")
        .annotate(
            row=Max("id"),  # one of them, to prefill a diagnosis
            org=Max("client__org_name"),
            clients=ArrayAgg("client__name", distinct=True, order_by="client__name"),
            total=Sum("requests"),
            failures=Sum("failed"),
            why=Max("sentence"),
            fix=Max("remedy"),
            first=Min("first_day"),
            last=Max("last_day"),
            seen=Max("last_seen_at"),
        )
        .order_by("-failures", "template", "method", "client__org_id")[: MOST_FAILING_CALLS + 1]
    )
    groups = [
        {
            **row,
            "org": row["org"] or row["clients"][0],
            # At least 1, since at least one request failed.
            "percent": max(1, round(100 * row["failures"] / max(1, row["total"]))),
        }
        for row in found
    ]
    readings = _of_org(visible_rows(UsageReading.objects.filter(client__retired_at=None), viewer), org)
    unread = readings.filter(state__in=(UsageReading.State.DENIED, UsageReading.State.FAILED))
    done = readings.aggregate(count=Count("read_at"), last=Max("read_at"))
    return {
        "groups": groups[:MOST_FAILING_CALLS],
        "rejected": REJECTED,
        "is_cut": len(groups) > MOST_FAILING_CALLS,
        "unread": unread.order_by("client__name")[:PAGE_SIZE],
        "read_clients": done["count"],
        "last_read_at": done["last"],
    }


def _of_org(rows: QuerySet[Row], org: str) -> QuerySet[Row]:
    if match := CLIENT_KEY.fullmatch(org):
        return rows.filter(client=int(match[1]), client__org_id="")
    return rows.filter(client__org_id=org) if org else rows
