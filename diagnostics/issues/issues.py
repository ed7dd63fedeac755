"""Issues: updates them as runs close, and stores notes, acceptances and assignees."""

import logging
import time
from collections.abc import Iterable
from dataclasses import asdict, fields
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.engine.as_it_was import verdict_of_today
from diagnostics.issues.grouping import (
    ClosedRun,
    IssueHistory,
    IssueKey,
    call_name,
    changes_of,
    first_history,
    org_key,
    update_histories,
    with_resolution,
)
from diagnostics.issues.models import Issue, IssueNote
from diagnostics.issues.signals import issues_changed
from diagnostics.jobs.row_failures import Kind, error_location, is_environment, process_rows, without_set_aside
from diagnostics.orgs.models import OAuthClient
from diagnostics.redaction.redactor import Redactor
from diagnostics.runs.models import CLOSED, Finding, Run
from diagnostics.storage.clock import DATABASE_NOW
from diagnostics.storage.locks import lock_until_commit

log = logging.getLogger(__name__)

WAITING = Q(is_recorded_in_issues=False, status__in=CLOSED)
BATCH_SIZE = 100  # runs processed in one transaction
RECENT_RUNS = 100  # newest runs of a client to search for one that closed before an older one
TICK_SECONDS = 2.0
EXPIRIES_PER_TICK = 200
NOT_ACCEPTED = {"accepted_until": None, "accepted_reason": "", "accepted_by": None, "accepted_at": None}
START_ORDER = (Coalesce("started_at", "created_at"), "pk")


def update_issues(run: Run, findings: Iterable[Finding]) -> None:
    """Update the org's issues from a run's findings. Call it in the transaction that closes the run.

    If older runs of the client are still waiting, this one waits too: the tick processes them in order.
    """
    stored_run = _runs().get(pk=run.pk)
    org = lock_org(stored_run.client)
    is_next = stored_run.target and not stored_run.is_recorded_in_issues
    if is_next and not _waiting_runs(run.client_id).exclude(pk=run.pk).exists():
        _store_issues(org, [_closed_run(stored_run, findings)])


def issue_of_cause(run: Run, cause: str) -> Issue:
    """The issue of this cause of a closed run; created if the run's findings are not processed yet."""
    stored_run = _runs().get(pk=run.pk)
    lock_org(stored_run.client)
    closed = _closed_run(stored_run, list(run.findings.defer("evidence", "hint")))
    key = closed.key_of(cause)
    history = first_history(closed, key, closed.proof_of(cause))
    values = {name: value for name, value in asdict(history).items() if name != "occurrences"}
    # The run is not counted yet: it will be when its findings are processed.
    occurrences = 1 if stored_run.is_recorded_in_issues else 0
    issue, is_new = Issue.objects.get_or_create(**asdict(key), defaults={**values, "occurrences": occurrences})
    if is_new:
        send_changes([(issue.pk, "new")])
    return issue


def send_changes(changes: list[tuple[int, str]]) -> None:
    if changes:
        issues_changed.send(sender=Issue, changes=changes)


def issues_of_run(run: Run) -> list[Issue]:
    """The issues that a closed run shows, that of its main cause first."""
    stored_run = _runs().get(pk=run.pk)
    problems = _closed_run(stored_run, list(run.findings.defer("evidence", "hint"))).problems
    if not problems:
        return []
    # Issues from before the org was known move to it with the client's next run.
    orgs = {next(iter(problems)).org, org_key("", run.client_id)}
    rows = Issue.objects.select_related("assignee", "accepted_by").filter(
        org__in=orgs, cause__in=[key.cause for key in problems], target__in={key.target for key in problems}
    )
    by_problem = {(row.cause, row.target): row for row in rows}
    shown = [(key.cause, key.target) for key in problems]
    return [by_problem[problem] for problem in shown if problem in by_problem]


def update_issues_of_waiting_runs(seconds: float = TICK_SECONDS) -> int:
    """Process waiting runs per client, oldest first, for about `seconds`. Returns the number of runs.

    If a client's batch fails, its runs are processed one by one. A run that keeps failing is set aside and skipped.
    """
    ends_at = time.monotonic() + seconds
    done = 0
    for client_id in list(_waiting_runs().order_by("client_id").values_list("client_id", flat=True).distinct()[:500]):
        while (processed := _process_batch_safely(client_id)) and time.monotonic() < ends_at:
            done += processed
        done += processed
        if time.monotonic() >= ends_at:
            break
    return done


@transaction.atomic
def add_note(issue: Issue, text: str, user: User) -> IssueNote:
    note = IssueNote.objects.create(issue=issue, text=Redactor().text(text), author=user)
    record("issue.noted", issue, after={"note": note.text}, person=user)
    return note


@transaction.atomic
def assign_issue(issue: Issue, assignee: User | None, user: User) -> None:
    before = issue.assignee.username if issue.assignee else ""
    issue.assignee = assignee
    issue.save(update_fields=["assignee"])
    after = assignee.username if assignee else ""
    record("issue.assigned", issue, before={"assignee": before}, after={"assignee": after}, person=user)
    if after != before:
        send_changes([(issue.pk, "assigned")])


@transaction.atomic
def accept_issue(issue: Issue, reason: str, until: datetime, user: User) -> None:
    """Accept the issue until then. This changes no verdict and expires automatically."""
    reason = Redactor().text(reason)
    Issue.objects.filter(pk=issue.pk).update(
        accepted_until=until, accepted_reason=reason, accepted_by=user, accepted_at=timezone.now()
    )
    last_day = timezone.localdate(until - timedelta(microseconds=1))
    note = f"Accepted until the end of {last_day:%-d %B %Y}: {reason}"
    IssueNote.objects.create(issue=issue, text=Redactor().text(note), author=user)
    record("issue.accepted", issue, after={"reason": reason, "until": last_day}, person=user)
    send_changes([(issue.pk, "accepted")])


@transaction.atomic
def end_acceptance(issue: Issue, user: User) -> bool:
    """False if the issue was no longer accepted."""
    accepted = Issue.objects.filter(pk=issue.pk, accepted_until__gt=timezone.now())
    if not accepted.update(**NOT_ACCEPTED):
        return False
    IssueNote.objects.create(issue=issue, text="No longer accepted.", author=user)
    record("issue.acceptance_ended", issue, person=user)
    send_changes([(issue.pk, "acceptance_ended")])
    return True


def end_expired_acceptances() -> None:
    """Clears each acceptance whose time is over, and reports that the issue is no longer accepted."""
    expired = without_set_aside(Issue.objects.filter(accepted_until__lte=DATABASE_NOW), Kind.ISSUE_ACCEPTANCE)
    pks = expired.order_by("accepted_until").values_list("pk", flat=True)[:EXPIRIES_PER_TICK]
    process_rows(Kind.ISSUE_ACCEPTANCE, list(pks), _end_expired_acceptance)


def _end_expired_acceptance(pk: int) -> bool:
    """The row and its event change in one transaction, so a crash loses no event and repeats none."""
    issue = Issue.objects.select_for_update().filter(pk=pk, accepted_until__lte=DATABASE_NOW).first()
    if issue is None:  # accepted for longer meanwhile, or another tick was faster
        return False
    Issue.objects.filter(pk=pk).update(**NOT_ACCEPTED)
    record("issue.acceptance_ended", issue)
    if issue.is_open:  # a resolved issue isn't shown as accepted, so nothing changes
        send_changes([(pk, "acceptance_ended")])
    return True


def _runs() -> QuerySet[Run]:
    """With the client and the columns that make an issue."""
    return Run.objects.select_related("client").defer(
        "client__secret", "client__verification", "environment", "planned", "search_keys"
    )


def lock_org(client: OAuthClient) -> str:
    """Until the transaction ends, no other process updates issues of this client's org. Returns the org's key.

    Issues from before the org was known move to it, unless it has the same issue already.
    """
    org = org_key(client.org_id, client.pk)
    lock_until_commit(f"issues of {org}")
    if client.org_id:
        same = Issue.objects.filter(org=org, cause=OuterRef("cause"), target=OuterRef("target"))
        Issue.objects.filter(~Exists(same), org=org_key("", client.pk)).update(org=org)
    return org


def _waiting_runs(client_id: int | None = None) -> QuerySet[Run]:
    waiting = without_set_aside(Run.objects.filter(WAITING), Kind.RUN_FINDINGS)
    return waiting if client_id is None else waiting.filter(client_id=client_id)


def _process_batch_safely(client_id: int) -> int:
    """Process one client's next runs; a bad row does not block other clients or the tick."""
    try:
        with transaction.atomic():
            return _process_batch(client_id)
    except Exception as error:
        if is_environment(error):
            raise
        log.warning("client %s: its runs are processed one by one: %s", client_id, error_location(error))

    def skip(pk: int) -> None:
        """Mark the run as processed without its findings, so that the client's other runs do not wait for it."""
        Run.objects.filter(pk=pk).update(is_recorded_in_issues=True)

    first = _waiting_runs(client_id).order_by(*START_ORDER).values_list("pk", flat=True)[:1]
    return sum(process_rows(Kind.RUN_FINDINGS, list(first), lambda pk: _process_batch(client_id, 1), skip))


def _process_batch(client_id: int, limit: int = BATCH_SIZE) -> int:
    """Process the client's next runs in order, up to the first one that is not ready yet. Returns the number of runs."""
    org = lock_org(OAuthClient.objects.only("org_id").get(pk=client_id))
    ready = []
    waiting = without_set_aside(_runs().filter(WAITING, client_id=client_id), Kind.RUN_FINDINGS)
    for run in waiting.order_by(*START_ORDER)[:limit]:
        if not run.target:
            break
        ready.append(run)
    if not ready:
        return 0
    # Runs are locked before issues, as when a run is closed or deleted: the same order everywhere prevents deadlocks.
    locked = set(Run.objects.filter(pk__in=[run.pk for run in ready]).select_for_update().values_list("pk", flat=True))
    by_run: dict[int, list[Finding]] = {run.pk: [] for run in ready if run.pk in locked}
    for finding in Finding.objects.filter(run_id__in=by_run).defer("evidence", "hint").order_by("run_id", "position"):
        by_run[finding.run_id].append(finding)
    _store_issues(org, [_closed_run(run, by_run[run.pk]) for run in ready if run.pk in locked])
    return len(ready)


def _closed_run(run: Run, findings: Iterable[Finding]) -> ClosedRun:
    """The run as a value. Its time is when a worker started it, since that is when it checked the org."""
    return ClosedRun(
        run_id=run.pk,
        at=run.started_at or run.created_at,
        is_whole=run.status == Run.Status.FINISHED and not run.is_part,
        org=org_key(run.client.org_id, run.client_id),
        client_id=run.client_id,
        call=call_name(run.inputs),
        conversation_id=run.conversation_id,
        findings=tuple(findings),
        verdict=verdict_of_today(run.verdict),
    )


def _store_issues(org: str, runs: list[ClosedRun]) -> None:
    targets = {"", *(key.target for run in runs for key in run.problems)}
    for run in runs:
        targets |= run.targets
    rows = {IssueKey(row.org, row.cause, row.target): row for row in Issue.objects.filter(org=org, target__in=targets)}
    names = [field.name for field in fields(IssueHistory)]
    before = {key: IssueHistory(**{name: getattr(row, name) for name in names}) for key, row in rows.items()}
    after = update_histories(before, runs)
    new = {key: history for key, history in after.items() if key not in before}
    if new:
        new = _histories_after_newer_runs(org, new, runs)
    created = [Issue(**asdict(key), **asdict(history)) for key, history in new.items()]
    rows |= zip(new, Issue.objects.bulk_create(created), strict=True)
    changed = {key: history for key, history in after.items() if key in before and history != before[key]}
    for key, history in changed.items():
        for name in names:
            setattr(rows[key], name, getattr(history, name))
    Issue.objects.bulk_update([rows[key] for key in changed], names)
    Run.objects.filter(pk__in=[run.run_id for run in runs]).update(is_recorded_in_issues=True)
    now = after | new
    send_changes([(row.pk, change) for key, row in rows.items() for change in changes_of(before.get(key), now[key])])


def _histories_after_newer_runs(
    org: str, new: dict[IssueKey, IssueHistory], runs: list[ClosedRun]
) -> dict[IssueKey, IssueHistory]:
    """The new histories, with the resolutions by runs that started later but closed earlier."""
    since = min(run.at for run in runs)
    newest = list(
        Run.objects.filter(client_id__in={run.client_id for run in runs}, status__in=CLOSED)
        .exclude(pk__in=[run.run_id for run in runs])
        .order_by("-id")
        .values_list("pk", "is_recorded_in_issues", Coalesce("started_at", "created_at"))[:RECENT_RUNS]
    )
    later = [pk for pk, is_recorded_in_issues, at in newest if is_recorded_in_issues and at > since]
    if not later:
        return new
    checks = {history.check_id for history in new.values()}
    findings = list(Finding.objects.filter(run__in=later, check_id__in=checks).defer("evidence", "hint"))
    closed_runs = [
        _closed_run(run, [finding for finding in findings if finding.run_id == run.pk])
        for run in _runs().filter(pk__in=later)
    ]
    after = dict(new)
    for closed in sorted(closed_runs, key=lambda run: (run.at, run.run_id)):
        for key, history in after.items():
            if closed.resolves(key, history):
                after[key] = with_resolution(history, closed.at)
    return after
