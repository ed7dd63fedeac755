"""Re-checks a run's cause until it is fixed. The tick advances the watches, so no worker sleeps and none is lost."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.accounts.rate_limits import enforce_run_limit
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.engine.as_it_was import verdict_of_today
from diagnostics.jobs.row_failures import Kind, process_rows, without_set_aside
from diagnostics.runs.create import repeat_run, repeatable_checks
from diagnostics.runs.models import OPEN, Run, Watch
from diagnostics.storage.clock import database_now
from diagnostics.web.refusals import ActionRefused

# From the start of the watch to the first check, and then between checks; the last one repeats.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (15, 30, 60, 120))
WATCH_DURATION = timedelta(minutes=10)
# The areas about the pasted call: re-checking the org cannot change their results.
PASTED = ("request", "answer", "session")


def check_to_watch(run: Run) -> str:
    """The check that proves the run's cause and can be re-checked, "" if there is none."""
    verdict = verdict_of_today(run.verdict)
    if run.status != Run.Status.FINISHED or run.client.is_retired or verdict.get("cause") == causes.NONE:
        return ""
    planned = {check.id for check in repeatable_checks(run)}
    because = verdict.get("because") or []
    problems = run.findings.filter(outcome__in=[Outcome.FAIL, Outcome.WARN, Outcome.ERROR])
    by_anchor = {finding.anchor: finding for finding in problems}
    for anchor in because:
        finding = by_anchor.get(anchor)
        if finding is not None and finding.check_id in planned and finding.check_id.split(".")[0] not in PASTED:
            return finding.check_id
    return ""


def start_watch(run: Run, user: User) -> Watch:
    """Start a watch, or return the run's open one. Raises ActionRefused if there is nothing to re-check."""
    check_id = check_to_watch(run)
    if not check_id:
        raise ActionRefused("Nothing in this run can be fixed in the org and re-checked.")
    now = database_now()
    try:
        with transaction.atomic():
            enforce_run_limit(user)
            watch = Watch.objects.create(
                run=run,
                check_id=check_id,
                started_by=user,
                created_at=now,
                next_at=now + WAITS[0],
                ends_at=now + WATCH_DURATION,
            )
            record("watch.started", watch, after={"check": check_id}, person=user)
            return watch
    except IntegrityError:
        return Watch.objects.get(run=run, state=Watch.State.WATCHING)


@transaction.atomic
def stop_watch(run: Run) -> bool:
    """False if no watch was open."""
    stopped = _end(Watch.objects.filter(run=run), Watch.State.STOPPED, database_now())
    if stopped:
        record("watch.stopped", run)
    return stopped


def advance_watches(now: datetime | None = None) -> tuple[int, ...]:
    """End the watches that are fixed or out of time, and start the checks that are due.

    Returns the IDs of the new runs, to be queued. Two ticks at once are harmless.
    """
    now = now or database_now()
    # Due watches come first, and those with a check in progress are left out, so that they cannot fill a batch.
    checking = Q(latest__status__in=OPEN)
    watches = Watch.objects.filter(state=Watch.State.WATCHING).exclude(checking)
    found = without_set_aside(watches, Kind.WATCH).order_by("next_at", "id").values_list("pk", flat=True)[:500]

    def advance(pk: int) -> int | None:
        watch = Watch.objects.filter(pk=pk, state=Watch.State.WATCHING).select_related("latest").first()
        return _advance(watch, now) if watch is not None else None

    def give_up(pk: int) -> None:
        reason = "Re-checking failed three times because of an error in Cobrowse Doctor."
        _end(Watch.objects.filter(pk=pk), Watch.State.STOPPED, database_now(), reason)

    return tuple(process_rows(Kind.WATCH, list(found), advance, give_up))


def _advance(watch: Watch, now: datetime) -> int | None:
    this = Watch.objects.filter(pk=watch.pk)
    if watch.latest is not None and watch.latest.is_open:
        return None
    if watch.latest is not None and is_fixed(watch.latest, watch.check_id):
        _end(this, Watch.State.FIXED, now)
    elif now >= watch.ends_at:
        _end(this, Watch.State.NOT_FIXED, now)
    elif now >= watch.next_at:
        return _check_again(watch, now)
    return None


def is_fixed(run: Run, check_id: str) -> bool:
    """Every finding of the check passed. An inconclusive check does not count as fixed."""
    outcomes = set(run.findings.filter(check_id=check_id).values_list("outcome", flat=True))
    return outcomes == {Outcome.PASS.value}


def _check_again(watch: Watch, now: datetime) -> int | None:
    """Claim the watch and start its run in one transaction. A concurrent tick finds another `next_at`."""
    wait = WAITS[min(watch.checked + 1, len(WAITS) - 1)]
    try:
        with transaction.atomic():
            mine = Watch.objects.filter(pk=watch.pk, state=Watch.State.WATCHING, next_at=watch.next_at)
            if not mine.update(next_at=now + wait, checked=F("checked") + 1):
                return None
            watched_run = Run.objects.select_related("client").defer("client__secret").get(pk=watch.run_id)
            run = repeat_run(watched_run, watch.started_by, branch=watch.check_id, source=Run.Source.WATCH)
            Watch.objects.filter(pk=watch.pk).update(latest=run)
    except ActionRefused as refused:
        _end(Watch.objects.filter(pk=watch.pk), Watch.State.STOPPED, now, str(refused))
        return None
    return run.pk


def _end(watches: QuerySet[Watch], state: str, now: datetime, reason: str = "") -> bool:
    still = watches.filter(state=Watch.State.WATCHING)
    return bool(still.update(state=state, ended_at=now, reason=reason))
