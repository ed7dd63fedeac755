"""Queries of issues: pages of the list, the issues of a run's findings, and the runs of an issue."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.issues.grouping import PROBLEM_OUTCOMES, about_of
from diagnostics.issues.models import Issue, IssueNote
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_rows
from diagnostics.runs.models import Finding, Run
from diagnostics.runs.queries.runs import runs_for_lists

PAGE_SIZE = 40
RUNS_SHOWN = 20
STATES = {"": "Open", "accepted": "Accepted", "ended": "Over", "all": "All"}
SCOPES = {"": "Org, client or call", "conversation": "One conversation", "all": "Any"}


@dataclass(frozen=True)
class IssuePage:
    """One page of issues, last seen first. `older` is the position of the next page, "" on the last page."""

    rows: list[Issue]
    older: str
    is_first: bool


def issue_page(
    viewer: User | None,
    *,
    state: str = "",
    about: str = "",
    client: OAuthClient | None = None,
    check: str = "",
    outcome: str = "",
    q: str = "",
    before: tuple[datetime, int] | None = None,
) -> IssuePage:
    rows = visible_rows(in_state(_issues_for_lists(), state), viewer)
    if about != "all":
        about_conversation = Q(about__startswith="conversation:")
        rows = rows.filter(about_conversation if about == "conversation" else ~about_conversation)
    if client is not None:
        rows = rows.filter(client=client)
    if check:
        rows = rows.filter(check_id=check)
    if outcome:
        rows = rows.filter(outcome=outcome)
    if q:
        rows = rows.filter(Q(sentence__icontains=q) | Q(subject__icontains=q) | Q(code__icontains=q))
    if before is not None:
        at, pk = before
        rows = rows.filter(last_seen_at__lte=at).exclude(last_seen_at=at, pk__gte=pk)
    found = list(rows.order_by("-last_seen_at", "-id")[: PAGE_SIZE + 1])
    last = found[PAGE_SIZE - 1] if len(found) > PAGE_SIZE else None
    older = f"{last.last_seen_at.isoformat()}_{last.pk}" if last else ""
    return IssuePage(found[:PAGE_SIZE], older, is_first=before is None)


def issues_by_anchor(run: Run, findings: Iterable[Finding]) -> dict[str, Issue]:
    """Finding anchor -> issue, for the findings of a run that belong to an issue."""
    anchors = {
        (
            finding.check_id,
            about_of(finding.check_id, run.target, run.conversation_id),
            finding.subject,
            finding.code,
        ): (finding.anchor)
        for finding in findings
        if finding.outcome in PROBLEM_OUTCOMES
    }
    if not anchors:
        return {}
    rows = Issue.objects.select_related("accepted_by").filter(
        client_id=run.client_id, check_id__in={key[0] for key in anchors}, about__in={key[1] for key in anchors}
    )
    issues = {(row.check_id, row.about, row.subject, row.code): row for row in rows}
    return {anchor: issues[key] for key, anchor in anchors.items() if key in issues}


def runs_with_issue(issue: Issue) -> list[Run]:
    """The newest runs that reported the issue. The search starts at the last of them, so it is short."""
    occurrence = Finding.objects.filter(
        run=OuterRef("pk"),
        check_id=issue.check_id,
        subject=issue.subject,
        code=issue.code,
        outcome__in=PROBLEM_OUTCOMES,
    )
    runs = runs_for_lists().filter(Exists(occurrence), client_id=issue.client_id)
    if issue.last_run_id is not None:
        runs = runs.filter(pk__lte=issue.last_run_id)
    kind, _, rest = issue.about.partition(":")
    if kind == "conversation":
        runs = runs.filter(conversation_id=rest)
    elif kind == "call":
        runs = runs.filter(target__startswith=f"call:{issue.client_id}:{rest}")
    return list(runs.order_by("-id")[:RUNS_SHOWN])


def notes_of(issue: Issue) -> list[IssueNote]:
    return list(issue.notes.select_related("author").order_by("id"))


def _issues_for_lists() -> QuerySet[Issue]:
    return Issue.objects.select_related("client", "accepted_by").defer(
        "client__secret", "client__verification", "client__status_reason"
    )


def in_state(rows: QuerySet[Issue], state: str) -> QuerySet[Issue]:
    """`state` is accepted, ended or all; anything else means open."""
    now = timezone.now()
    if state == "accepted":
        return rows.filter(ended_at=None, accepted_until__gt=now)
    if state == "ended":
        return rows.filter(ended_at__isnull=False)
    if state == "all":
        return rows
    return rows.filter(Q(accepted_until=None) | Q(accepted_until__lte=now), ended_at=None)
