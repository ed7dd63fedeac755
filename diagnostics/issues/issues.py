"""Issues: updates them as runs close, and stores notes and acceptances."""

import logging
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.issues.grouping import ClosedRun, IssueHistory, IssueKey, about_of, update_histories, with_resolution
from diagnostics.issues.models import Issue, IssueNote
from diagnostics.jobs.row_failures import Kind, error_location, is_environment, process_rows, without_set_aside
from diagnostics.redaction.redactor import Redactor
from diagnostics.runs.models import Finding, Run

log = logging.getLogger(__name__)

CLOSED = (Run.Status.FINISHED, Run.Status.INTERRUPTED)
BATCH_SIZE = 100  # runs processed in one transaction
RECENT_RUNS = 100  # newest runs of a client to search for one that closed before an older one
TICK_SECONDS = 2.0
START_ORDER = (Coalesce("started_at", "created_at"), "pk")


def update_issues(run: Run, findings: Iterable[Finding]) -> None:
    """Update the client's issues from a run's findings. Call it in the transaction that closes the run.

    If older runs of the client are still waiting, this one waits too: the tick processes them in order.
    """
    _lock_client(run.client_id)
    stored_run = Run.objects.get(pk=run.pk)
    if stored_run.is_remembered or not stored_run.target or _waiting_runs(run.client_id).exclude(pk=run.pk).exists():
        return
    _store_issues(run.client_id, [_closed_run(stored_run, findings)])


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
    note = _create_note(issue, text, user)
    record("finding.noted", issue, after={"note": note.text}, person=user)
    return note


def _create_note(issue: Issue, text: str, user: User) -> IssueNote:
    return IssueNote.objects.create(known=issue, text=Redactor().text(text), author=user)


@transaction.atomic
def accept_issue(issue: Issue, reason: str, until: datetime, user: User) -> None:
    """Accept the issue until then. This changes no verdict and expires automatically."""
    reason = Redactor().text(reason)
    Issue.objects.filter(pk=issue.pk).update(
        accepted_until=until, accepted_reason=reason, accepted_by=user, accepted_at=timezone.now()
    )
    last_day = timezone.localdate(until - timedelta(microseconds=1))
    _create_note(issue, f"Accepted until the end of {last_day:%-d %B %Y}: {reason}", user)
    record("finding.accepted", issue, after={"reason": reason, "until": last_day}, person=user)


@transaction.atomic
def end_acceptance(issue: Issue, user: User) -> bool:
    """False if the issue was no longer accepted."""
    accepted = Issue.objects.filter(pk=issue.pk, accepted_until__gt=timezone.now())
    if not accepted.update(accepted_until=None, accepted_reason="", accepted_by=None, accepted_at=None):
        return False
    _create_note(issue, "No longer accepted.", user)
    record("finding.acceptance_ended", issue, person=user)
    return True


def _lock_client(client_id: int) -> None:
    """Until the transaction ends, no other process updates issues of this client."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"known findings of {client_id}"])


def _waiting_runs(client_id: int | None = None) -> QuerySet[Run]:
    waiting = without_set_aside(Run.objects.filter(is_remembered=False, status__in=CLOSED), Kind.RUN_FINDINGS)
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
    first = _waiting_runs(client_id).order_by(*START_ORDER).values_list("pk", flat=True)[:1]
    return sum(process_rows(Kind.RUN_FINDINGS, list(first), lambda pk: _process_batch(client_id, 1), _skip_run))


def _skip_run(pk: int) -> None:
    """Mark the run as processed without its findings, so that the client's other runs do not wait for it."""
    Run.objects.filter(pk=pk).update(is_remembered=True)


def _process_batch(client_id: int, limit: int = BATCH_SIZE) -> int:
    """Process the client's next runs in order, up to the first one that is not ready yet. Returns the number of runs."""
    _lock_client(client_id)
    waiting = _waiting_runs(client_id).defer("inputs", "verdict", "environment", "planned", "marks")
    ready = []
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
    _store_issues(client_id, [_closed_run(run, by_run[run.pk]) for run in ready if run.pk in locked])
    return len(ready)


def _closed_run(run: Run, findings: Iterable[Finding]) -> ClosedRun:
    """The run as a value. Its time is when a worker started it, since that is when it checked the org."""
    is_whole = run.status == Run.Status.FINISHED and not run.is_part
    at = run.started_at or run.created_at
    return ClosedRun(run.pk, at, is_whole, run.target, run.conversation_id, tuple(findings))


def _store_issues(client_id: int, runs: list[ClosedRun]) -> None:
    rows = _stored_issues(client_id, runs)
    before = {key: _history_of(row) for key, row in rows.items()}
    after = update_histories(before, runs)
    new = {key: history for key, history in after.items() if key not in before}
    if new:
        new = _histories_after_newer_runs(client_id, new, runs)
    Issue.objects.bulk_create(
        [Issue(client_id=client_id, **asdict(key), **asdict(history)) for key, history in new.items()]
    )
    changed = [
        _with_history(rows[key], history) for key, history in after.items() if key in before and history != before[key]
    ]
    Issue.objects.bulk_update(changed, HISTORY_FIELDS)
    Run.objects.filter(pk__in=[run.run_id for run in runs]).update(is_remembered=True)


HISTORY_FIELDS = tuple(IssueHistory.__dataclass_fields__)


def _stored_issues(client_id: int, runs: list[ClosedRun]) -> dict[IssueKey, Issue]:
    """The client's stored issues that these runs may change, by key."""
    checks = {finding.check_id for run in runs for finding in run.findings}
    abouts = {about_of(check, run.target, run.conversation_id) for run in runs for check in checks}
    found = Issue.objects.filter(client_id=client_id, check_id__in=checks, about__in=abouts)
    return {IssueKey(row.check_id, row.about, row.subject, row.code): row for row in found}


def _history_of(issue: Issue) -> IssueHistory:
    return IssueHistory(**{name: getattr(issue, name) for name in HISTORY_FIELDS})


def _with_history(issue: Issue, history: IssueHistory) -> Issue:
    for name in HISTORY_FIELDS:
        setattr(issue, name, getattr(history, name))
    return issue


def _histories_after_newer_runs(
    client_id: int, new: dict[IssueKey, IssueHistory], runs: list[ClosedRun]
) -> dict[IssueKey, IssueHistory]:
    """The new histories, with the resolutions by runs that started later but closed earlier."""
    newest = list(
        Run.objects.filter(client_id=client_id, status__in=CLOSED)
        .exclude(pk__in=[run.run_id for run in runs])
        .defer("inputs", "verdict", "environment", "planned", "marks")
        .order_by("-id")[:RECENT_RUNS]
    )
    since = min(run.at for run in runs)
    later = [run for run in newest if run.is_remembered and (run.started_at or run.created_at) > since]
    if not later:
        return new
    checks = {key.check_id for key in new}
    findings = list(Finding.objects.filter(run__in=later, check_id__in=checks).defer("evidence", "hint"))
    closed_runs = [_closed_run(run, [finding for finding in findings if finding.run_id == run.pk]) for run in later]
    closed_runs.sort(key=lambda run: (run.at, run.run_id))
    return {key: _resolved_by(key, history, closed_runs) for key, history in new.items()}


def _resolved_by(key: IssueKey, history: IssueHistory, runs: list[ClosedRun]) -> IssueHistory:
    for run in runs:
        if run.resolves(key):
            history = with_resolution(history, run.at)
    return history
