"""Reads of known findings: pages of the list, what a run's findings are known as, and the runs that met one."""

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

KNOWN_PAGE = 40
RUNS_SHOWN = 20
KNOWN_STATES = {"": "Open", "accepted": "Accepted", "ended": "Over", "all": "All"}
KNOWN_ABOUTS = {"": "Org, client or call", "conversation": "One conversation", "all": "Any"}


@dataclass(frozen=True)
class KnownPage:
    """One page, what was seen last first. `older` is the place to go on below, "" on the last page."""

    rows: list[Issue]
    older: str
    is_first: bool


def known_page(
    viewer: User | None,
    *,
    state: str = "",
    about: str = "",
    client: OAuthClient | None = None,
    check: str = "",
    outcome: str = "",
    q: str = "",
    before: tuple[datetime, int] | None = None,
) -> KnownPage:
    rows = visible_rows(_of_state(_known_for_lists(), state), viewer)
    if about != "all":
        of_one = Q(about__startswith="conversation:")
        rows = rows.filter(of_one if about == "conversation" else ~of_one)
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
    found = list(rows.order_by("-last_seen_at", "-id")[: KNOWN_PAGE + 1])
    last = found[KNOWN_PAGE - 1] if len(found) > KNOWN_PAGE else None
    older = f"{last.last_seen_at.isoformat()}_{last.pk}" if last else ""
    return KnownPage(found[:KNOWN_PAGE], older, is_first=before is None)


def known_of(run: Run, findings: Iterable[Finding]) -> dict[str, Issue]:
    """As what the troubles of a run are known today, by the finding's anchor; one that is not known is not in it."""
    met = {
        (each.check_id, about_of(each.check_id, run.target, run.conversation_id), each.subject, each.code): each.anchor
        for each in findings
        if each.outcome in PROBLEM_OUTCOMES
    }
    if not met:
        return {}
    rows = Issue.objects.select_related("accepted_by").filter(
        client_id=run.client_id, check_id__in={key[0] for key in met}, about__in={key[1] for key in met}
    )
    keyed = {(row.check_id, row.about, row.subject, row.code): row for row in rows}
    return {anchor: keyed[key] for key, anchor in met.items() if key in keyed}


def runs_with_issue(known: Issue) -> list[Run]:
    """The newest of them. The walk begins at the last that met it, so it is short."""
    said = Finding.objects.filter(
        run=OuterRef("pk"),
        check_id=known.check_id,
        subject=known.subject,
        code=known.code,
        outcome__in=PROBLEM_OUTCOMES,
    )
    runs = runs_for_lists().filter(Exists(said), client_id=known.client_id)
    if known.last_run_id is not None:
        runs = runs.filter(pk__lte=known.last_run_id)
    kind, _, rest = known.about.partition(":")
    if kind == "conversation":
        runs = runs.filter(conversation_id=rest)
    elif kind == "call":
        runs = runs.filter(target__startswith=f"call:{known.client_id}:{rest}")
    return list(runs.order_by("-id")[:RUNS_SHOWN])


def notes_of(known: Issue) -> list[IssueNote]:
    return list(known.notes.select_related("author").order_by("id"))


def _known_for_lists() -> QuerySet[Issue]:
    return Issue.objects.select_related("client", "accepted_by").defer(
        "client__secret", "client__verification", "client__standing_reason"
    )


def _of_state(rows: QuerySet[Issue], state: str) -> QuerySet[Issue]:
    now = timezone.now()
    if state == "accepted":
        return rows.filter(ended_at=None, accepted_until__gt=now)
    if state == "ended":
        return rows.filter(ended_at__isnull=False)
    if state == "all":
        return rows
    return rows.filter(Q(accepted_until=None) | Q(accepted_until__lte=now), ended_at=None)
