"""Known findings: the troubles that runs meet again, taken in as runs close; what people say of them."""

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
from diagnostics.issues.grouping import ClosedRun, IssueHistory, Key, about_of, ended, lives_after
from diagnostics.issues.models import Issue, IssueNote
from diagnostics.jobs.row_failures import Kind, each_row, is_environment, where, without_set_aside
from diagnostics.redaction.redactor import Redactor
from diagnostics.runs.models import Finding, Run

log = logging.getLogger(__name__)

CLOSED = (Run.Status.FINISHED, Run.Status.INTERRUPTED)
A_BATCH = 100  # runs taken in in one transaction
NEAR = 100  # of a client's newest runs, those among which one may have closed before an older one
A_TICK_SECONDS = 2.0
IN_ORDER = (Coalesce("started_at", "created_at"), "pk")


def update_issues_of(run: Run, findings: Iterable[Finding]) -> None:
    """Take a run's findings in. The caller holds the transaction in which the run is closed.

    Where older runs of the client still wait for it, this one waits as well: the tick takes them in, in their order.
    """
    _one_at_a_time(run.client_id)
    row = Run.objects.get(pk=run.pk)
    if row.is_remembered or not row.target or _waiting_runs(run.client_id).exclude(pk=run.pk).exists():
        return
    _take_in(run.client_id, [_closed_run(row, findings)])


def update_issues_of_waiting_runs(seconds: float = A_TICK_SECONDS) -> int:
    """Take in what waits, client by client and the oldest first, for about so long; returns how many runs there were.

    Where a client's runs fail together, they are taken in one by one; one that is set aside is passed over for good.
    """
    ends_at = time.monotonic() + seconds
    done = 0
    for client_id in list(_waiting_runs().order_by("client_id").values_list("client_id", flat=True).distinct()[:500]):
        while (taken := _catch_up_safely(client_id)) and time.monotonic() < ends_at:
            done += taken
        done += taken
        if time.monotonic() >= ends_at:
            break
    return done


@transaction.atomic
def add_note(known: Issue, text: str, user: User) -> IssueNote:
    note = _noted(known, text, user)
    record("finding.noted", known, after={"note": note.text}, person=user)
    return note


def _noted(known: Issue, text: str, user: User) -> IssueNote:
    return IssueNote.objects.create(known=known, text=Redactor().text(text), author=user)


@transaction.atomic
def accept_finding(known: Issue, reason: str, until: datetime, user: User) -> None:
    """Live with it until then. It changes no verdict, and ends by itself."""
    reason = Redactor().text(reason)
    Issue.objects.filter(pk=known.pk).update(
        accepted_until=until, accepted_reason=reason, accepted_by=user, accepted_at=timezone.now()
    )
    last_day = timezone.localdate(until - timedelta(microseconds=1))
    _noted(known, f"Accepted until the end of {last_day:%-d %B %Y}: {reason}", user)
    record("finding.accepted", known, after={"reason": reason, "until": last_day}, person=user)


@transaction.atomic
def end_acceptance(known: Issue, user: User) -> bool:
    """False where it was not accepted any more."""
    accepted = Issue.objects.filter(pk=known.pk, accepted_until__gt=timezone.now())
    if not accepted.update(accepted_until=None, accepted_reason="", accepted_by=None, accepted_at=None):
        return False
    _noted(known, "No longer accepted.", user)
    record("finding.acceptance_ended", known, person=user)
    return True


def _one_at_a_time(client_id: int) -> None:
    """Until the transaction ends, nobody else takes in runs of this client."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"known findings of {client_id}"])


def _waiting_runs(client_id: int | None = None) -> QuerySet[Run]:
    behind = without_set_aside(Run.objects.filter(is_remembered=False, status__in=CLOSED), Kind.RUN_FINDINGS)
    return behind if client_id is None else behind.filter(client_id=client_id)


def _catch_up_safely(client_id: int) -> int:
    """One client's bad row must not hold up the others, nor the tick."""
    try:
        with transaction.atomic():
            return _catch_up(client_id)
    except Exception as error:
        if is_environment(error):
            raise
        log.warning("client %s: its runs' findings are taken in one by one: %s", client_id, where(error))
    first = _waiting_runs(client_id).order_by(*IN_ORDER).values_list("pk", flat=True)[:1]
    return sum(each_row(Kind.RUN_FINDINGS, list(first), lambda pk: _catch_up(client_id, 1), _pass_over))


def _pass_over(pk: int) -> None:
    """Without its findings in the history: the client's other runs don't wait for it any longer."""
    Run.objects.filter(pk=pk).update(is_remembered=True)


def _catch_up(client_id: int, most: int = A_BATCH) -> int:
    """The next few of one client; none from where one is not ready yet, so that their order is kept."""
    _one_at_a_time(client_id)
    light = _waiting_runs(client_id).defer("inputs", "verdict", "environment", "planned", "marks")
    ready = []
    for run in light.order_by(*IN_ORDER)[:most]:
        if not run.target:
            break
        ready.append(run)
    if not ready:
        return 0
    # Runs are locked before known findings here, in a closing and in a deletion: so none waits for another in a circle.
    held = set(Run.objects.filter(pk__in=[run.pk for run in ready]).select_for_update().values_list("pk", flat=True))
    by_run: dict[int, list[Finding]] = {run.pk: [] for run in ready if run.pk in held}
    for finding in Finding.objects.filter(run_id__in=by_run).defer("evidence", "hint").order_by("run_id", "position"):
        by_run[finding.run_id].append(finding)
    _take_in(client_id, [_closed_run(run, by_run[run.pk]) for run in ready if run.pk in held])
    return len(ready)


def _closed_run(run: Run, findings: Iterable[Finding]) -> ClosedRun:
    """When its worker took it up is when it looked."""
    is_whole = run.status == Run.Status.FINISHED and not run.is_part
    at = run.started_at or run.created_at
    return ClosedRun(run.pk, at, is_whole, run.target, run.conversation_id, tuple(findings))


def _take_in(client_id: int, told: list[ClosedRun]) -> None:
    rows = _rows_they_speak_of(client_id, told)
    before = {key: _life_of(row) for key, row in rows.items()}
    after = lives_after(before, told)
    born = {key: life for key, life in after.items() if key not in before}
    if born:
        born = _histories_after_newer_runs(client_id, born, told)
    Issue.objects.bulk_create([Issue(client_id=client_id, **asdict(key), **asdict(life)) for key, life in born.items()])
    changed = [_with(rows[key], life) for key, life in after.items() if key in before and life != before[key]]
    Issue.objects.bulk_update(changed, LIFE)
    Run.objects.filter(pk__in=[each.run_id for each in told]).update(is_remembered=True)


LIFE = tuple(IssueHistory.__dataclass_fields__)


def _rows_they_speak_of(client_id: int, told: list[ClosedRun]) -> dict[Key, Issue]:
    checks = {finding.check_id for each in told for finding in each.findings}
    abouts = {about_of(check, each.target, each.conversation_id) for each in told for check in checks}
    found = Issue.objects.filter(client_id=client_id, check_id__in=checks, about__in=abouts)
    return {Key(row.check_id, row.about, row.subject, row.code): row for row in found}


def _life_of(row: Issue) -> IssueHistory:
    return IssueHistory(**{name: getattr(row, name) for name in LIFE})


def _with(row: Issue, life: IssueHistory) -> Issue:
    for name in LIFE:
        setattr(row, name, getattr(life, name))
    return row


def _histories_after_newer_runs(
    client_id: int, born: dict[Key, IssueHistory], told: list[ClosedRun]
) -> dict[Key, IssueHistory]:
    """A run that looked later may have closed before: it saw these right when nobody knew of them yet."""
    newest = list(
        Run.objects.filter(client_id=client_id, status__in=CLOSED)
        .exclude(pk__in=[each.run_id for each in told])
        .defer("inputs", "verdict", "environment", "planned", "marks")
        .order_by("-id")[:NEAR]
    )
    since = min(each.at for each in told)
    later = [run for run in newest if run.is_remembered and (run.started_at or run.created_at) > since]
    if not later:
        return born
    checks = {key.check_id for key in born}
    findings = list(Finding.objects.filter(run__in=later, check_id__in=checks).defer("evidence", "hint"))
    says = [_closed_run(run, [each for each in findings if each.run_id == run.pk]) for run in later]
    says.sort(key=lambda each: (each.at, each.run_id))
    return {key: _ended_by(key, life, says) for key, life in born.items()}


def _ended_by(key: Key, life: IssueHistory, says: list[ClosedRun]) -> IssueHistory:
    for each in says:
        if each.abouts.get(key.check_id) == key.about and key not in each.troubles and each.is_over(key):
            life = ended(life, each.at)
    return life
