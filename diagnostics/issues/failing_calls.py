"""Issues of failing calls, by the API usage of an org's clients instead of a run."""

import re

from django.db.models import F

from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.issues.grouping import IDS, LONGEST_TARGET, IssueKey
from diagnostics.issues.issues import lock_org, send_changes
from diagnostics.issues.models import Issue
from diagnostics.orgs.models import CallFailure, OAuthClient

PARAMETER = re.compile(r"\{[^{}/]*\}")


def issue_key_of(org: str, call: CallFailure) -> IssueKey:
    """The issue that a run of the same call would have: IDs are left out, as in `grouping.call_name`."""
    path = IDS.sub("{id}", PARAMETER.sub("{id}", call.template))
    return IssueKey(org, call.cause, f"call:{call.method} {path}"[:LONGEST_TARGET])


def update_issues_of_failing_calls(client: OAuthClient) -> None:
    """Open or reopen an issue for each failing call with a cause, and resolve those that no client makes any more.

    Call it in the transaction that stores the client's failing calls. An issue that a run has shown is resolved by runs.
    """
    org = lock_org(client)
    rows = CallFailure.objects.filter(cause__in=causes.CAUSES)
    calls = {issue_key_of(org, row): row for row in rows.filter(client=client)}
    known = {
        IssueKey(issue.org, issue.cause, issue.target): issue
        for issue in Issue.objects.filter(org=org, target__startswith="call:")
    }
    changes: list[tuple[int, str]] = []
    for key, call in calls.items():
        if key in known:
            changes += _see_again(known[key], call)
        else:
            changes += _open(key, call)
    elsewhere = rows.filter(client__org_id=client.org_id, client__retired_at=None) if client.org_id else rows.none()
    current = calls.keys() | {issue_key_of(org, row) for row in elsewhere}
    gone = [
        issue.pk
        for key, issue in known.items()
        if key not in current and issue.code == Issue.FROM_USAGE and issue.resolved_at is None
    ]
    Issue.objects.filter(pk__in=gone).update(resolved_at=client.usage_reading.began_at)
    send_changes([*changes, *((pk, "resolved") for pk in gone)])


def _open(key: IssueKey, call: CallFailure) -> list[tuple[int, str]]:
    issue = Issue.objects.create(
        org=key.org,
        cause=key.cause,
        target=key.target,
        client_id=call.client_id,
        code=Issue.FROM_USAGE,
        outcome=Outcome.FAIL,
        sentence=call.sentence,
        first_seen_at=call.first_seen_at,
        last_seen_at=call.last_seen_at,
    )
    return [(issue.pk, "new")]


def _see_again(issue: Issue, call: CallFailure) -> list[tuple[int, str]]:
    """What a run found stays: only the time and the count change."""
    values = {"occurrences": F("occurrences") + 1, "last_seen_at": call.last_seen_at}
    if issue.resolved_at is not None:
        values |= {"resolved_at": None, "reopened_at": call.last_seen_at, "times_reopened": F("times_reopened") + 1}
    Issue.objects.filter(pk=issue.pk).update(**values)
    return [] if issue.resolved_at is None else [(issue.pk, "reopened")]
