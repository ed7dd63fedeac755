"""Creates runs, claims them, executes their checks and stores each result as it ends."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import ParamSpec
from uuid import uuid4

from django.db import OperationalError, close_old_connections, connection, transaction
from django.db.models.functions import Coalesce
from structlog.contextvars import bound_contextvars

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.accounts.rate_limits import enforce_run_limit
from diagnostics.checks.base import Check, all_checks, branch_of, planned_checks
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine.diagnosis import NOTHING_STORED, CheckStep, StoredSteps, aim_of
from diagnostics.engine.finding import FindingResult
from diagnostics.engine.runner import DEADLINE_SECONDS
from diagnostics.engine.verdict import ENGINE_VERSION
from diagnostics.jobs.row_failures import Kind, count_failure, error_location, is_environment
from diagnostics.monitoring.models import Schedule
from diagnostics.orgs.clients import refuse_unusable, store_gateway
from diagnostics.orgs.connection import diagnosis_of, incomplete_verdict
from diagnostics.orgs.contract_in_force import current_contract
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.rate_limits import MOST_WAITING_S, ClientPace
from diagnostics.orgs.tokens import store_token
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.as_it_was import verdict_of
from diagnostics.runs.close import RunResult, close_run
from diagnostics.runs.interruption import end_broken_run
from diagnostics.runs.live_permit import claim_start_in_thread, report_unconfirmed_start
from diagnostics.runs.models import STARTED_BY_USERS, Run
from diagnostics.runs.models import Exchange as ExchangeRow
from diagnostics.runs.models import Finding as FindingRow
from diagnostics.runs.rate_limit_waits import return_to_queue, waits_for_refusal
from diagnostics.runs.search_keys import target_of
from diagnostics.runs.turns import claim_next_run
from diagnostics.storage.clock import DATABASE_NOW, database_now
from diagnostics.telemetry import tracing as traces
from diagnostics.web.refusals import ActionRefused

log = logging.getLogger(__name__)
Args = ParamSpec("Args")

AUDITED_SOURCES = (Run.Source.WEB, Run.Source.CLI)  # other sources have their own audit log entries
# A dead worker is noticed when its lease is over, at the next sweep, which comes every START_DUE_SECONDS.
LEASE = timedelta(seconds=12)
HEARTBEAT_SECONDS = 4.0
LONGEST_RUN_SECONDS = DEADLINE_SECONDS + MOST_WAITING_S + 60
SHORTEST_DEADLINE = 20.0  # of a run that another worker continues


@transaction.atomic
def create_run(
    *,
    client: OAuthClient,
    kind: str,
    inputs: Inputs,
    user: User | None,
    source: str,
    repeats: Run | None = None,
    branch: str = "",
    schedule: Schedule | None = None,
    for_workers: bool = True,
) -> Run:
    """A queued run with a frozen snapshot of its inputs. Raises TooManyRuns, and ActionRefused for a client that can't be used.

    Without `for_workers` the caller executes it; a worker takes it only if it stays queued for too long.

    `branch` is the check to re-check with its prerequisites; "" plans every check that has the inputs it needs.
    """
    refuse_unusable(client)
    planned = planned_checks(inputs.given)
    if branch and not (planned := branch_of(branch, planned)):
        raise ActionRefused(f"This check no longer applies ({branch}). Run the whole diagnosis again.")
    if user is not None and source in STARTED_BY_USERS:
        enforce_run_limit(user)
    contract = current_contract(client.region)
    now = database_now()
    inputs = replace(inputs, company_gateway=client.company_gateway)
    aim = aim_of(inputs, contract)
    target = {"region": client.region, "client_name": client.name, "client_id": client.client_id}
    run = Run.objects.create(
        client=client,
        kind=kind,
        source=source,
        inputs={**inputs.to_json(), "target": target},
        conversation_id=(inputs.conversation_id or (aim.id_text if aim and aim.id_state == "uuid" else ""))[:200],
        planned=[check.id for check in planned],
        engine_version=ENGINE_VERSION,
        contract_version=contract.version,
        started_by=user,
        created_at=now,
        message_sent_at=now if for_workers else None,
        repeats=repeats,
        branch=branch,
        schedule=schedule,
        target=target_of(client.pk, kind, aim),
    )
    if source in AUDITED_SOURCES:
        details = {
            "kind": kind,
            "conversation": run.conversation_id,
            "check": branch,
            "repeats": repeats and repeats.pk,
        }
        details = {name: value for name, value in details.items() if value}
        record("run.started", run, after=details, name=f"{run} of {client.name}", person=user)
    return run


def repeatable_checks(run: Run) -> tuple[Check, ...]:
    """The checks that a repetition of this run would include; a confirmed live start is not repeated."""
    return planned_checks(_inputs_to_repeat(run).given)


def _inputs_to_repeat(run: Run) -> Inputs:
    return replace(Inputs.from_json(run.inputs), start=False)  # a confirmation is valid for one run


def repeat_run(run: Run, user: User | None, *, branch: str = "", source: str = Run.Source.WEB) -> Run:
    """A new run with the same inputs and the client as it is today, of all checks or of one check's branch."""
    return create_run(
        client=run.client,
        kind=run.kind,
        inputs=_inputs_to_repeat(run),
        user=user,
        source=source,
        repeats=run,
        branch=branch,
    )


def execute_run(run_id: int, worker: str = "") -> bool:
    """Claim the run, execute its checks and store each result as it ends. False if another worker has claimed it.

    The run is queued again if it has to wait for the org's rate limit.
    """
    worker_name = _worker_name(worker)
    if not _claim(run_id, worker_name):
        return False
    _execute(run_id, worker_name)
    return True


def execute_next_run(queue: str) -> int | None:
    """Claim and execute the next run of the queue. Returns its ID, None if the queue is empty."""
    worker_name = _worker_name()
    run_id = claim_next_run(queue, worker_name, LEASE)
    if run_id is not None:
        _execute(run_id, worker_name)
    return run_id


def _worker_name(worker: str = "") -> str:
    return f"{worker or socket.gethostname()}:{os.getpid()}:{uuid4().hex[:12]}"


def _execute(run_id: int, worker_name: str) -> None:
    run = Run.objects.select_related("client").defer("client__secret").get(pk=run_id)
    started = time.perf_counter() - _seconds_before(run)
    with bound_contextvars(run=run_id, client=run.client_id), traces.span("run", run=run_id, client=run.client_id):
        try:
            with _lease(run_id, worker_name):
                _run_checks_safely(run, worker_name, started)
        except _LostLease:
            log.warning("run %s was closed while it was being worked on; its later findings are dropped", run_id)


def _seconds_before(run: Run) -> float:
    """How long ago the run started, if this worker continues it."""
    if run.resumed_at is None or run.started_at is None:
        return 0.0
    return (database_now() - run.started_at).total_seconds()


class _LostLease(Exception):
    """The sweep closed the run: nothing more may be written to it."""


def _claim(run_id: int, worker_name: str) -> bool:
    queued = Run.objects.filter(pk=run_id, status=Run.Status.QUEUED)
    lease = {"lease_until": DATABASE_NOW + LEASE, "worker": worker_name}
    return bool(queued.update(status=Run.Status.RUNNING, started_at=Coalesce("started_at", DATABASE_NOW), **lease))


@contextmanager
def _lease(run_id: int, worker_name: str) -> Iterator[None]:
    """Renew the lease from a separate thread during the work, for at most LONGEST_RUN_SECONDS."""
    stopped = threading.Event()
    thread = threading.Thread(target=_renew, args=(run_id, worker_name, stopped), daemon=True, name=f"lease-{run_id}")
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(5)


def _renew(run_id: int, worker_name: str, stopped: threading.Event) -> None:
    ends_at = time.monotonic() + LONGEST_RUN_SECONDS
    while not stopped.wait(HEARTBEAT_SECONDS) and time.monotonic() < ends_at:
        try:
            Run.objects.filter(pk=run_id, worker=worker_name, status=Run.Status.RUNNING).update(
                lease_until=DATABASE_NOW + LEASE
            )
        except OperationalError:
            log.warning("the lease of run %s could not be renewed: the database does not answer", run_id)
        finally:
            connection.close()


def _run_checks_safely(run: Run, worker_name: str, started: float) -> None:
    """Close the run right away if it fails because of a bug of ours, so that nobody has to wait for its lease."""
    try:
        _run_checks(run, worker_name, started)
    except _LostLease:
        raise
    except Exception as error:
        if is_environment(error):
            raise
        close_old_connections()
        _retry_on_outage(count_failure, Kind.RUN, run.pk, error, most=1)
        _retry_on_outage(end_broken_run, run.pk, worker_name)


def _run_checks(run: Run, worker_name: str, started: float) -> None:
    with ClientPace(run.client, is_background=run.source == Run.Source.SCHEDULE) as pace:
        if pace.start():
            return_to_queue(run.pk, worker_name)
        else:
            _run_paced_checks(run, worker_name, started, pace)


def _run_paced_checks(run: Run, worker_name: str, started: float, pace: ClientPace) -> None:
    inputs = Inputs.from_json(run.inputs)
    done = _stored_steps(run, worker_name)
    # A token keeps the permissions it was issued with, so a repeated run needs a new one to see a fix.
    is_repeated = run.repeats_id is not None
    target = run.inputs.get("target")
    try:
        diagnosis = diagnosis_of(
            run.client,
            run.kind,
            inputs,
            target=target,
            part=run.is_part,
            fresh_token=is_repeated,
            may_start=partial(claim_start_in_thread, run.pk, worker_name),
            pace=pace,
            deadline=max(SHORTEST_DEADLINE, DEADLINE_SECONDS - _seconds_before(run)),
            stored=done,
        )
    except ActionRefused as refusal:
        refused = RunResult(Run.Status.INTERRUPTED, incomplete_verdict(str(refusal)), time.perf_counter() - started)
        _retry_on_outage(close_run, run, worker_name, refused)
        return
    if diagnosis.contract.version != run.contract_version:  # the contract changed while the run was queued
        run.contract_version = diagnosis.contract.version
        Run.objects.filter(pk=run.pk, worker=worker_name).update(contract_version=diagnosis.contract.version)
    planned = tuple(check for check in all_checks() if check.id in run.planned)
    stored = StoredCounts(len(done.findings), len(done.exchanges))
    for batch in diagnosis.batches(planned):
        pace.report()
        if pace.refusal is not None and waits_for_refusal(run, pace.refusal):
            return_to_queue(run.pk, worker_name, refused=True)
            store_token(run.client, diagnosis.issued_token)
            return
        stored = _store_safely(run.pk, worker_name, batch, stored)
    result = RunResult(
        Run.Status.FINISHED,
        verdict_of(diagnosis, run.client, is_part=run.is_part),
        time.perf_counter() - started,
        path_ms=diagnosis.critical_path_ms,
        environment=diagnosis.environment(),
        aim=diagnosis.aim,
    )
    _retry_on_outage(close_run, run, worker_name, result)
    log.info(
        "run %s ended: %s, %s, %.1f s", run.pk, result.verdict["cause"], result.verdict["certainty"], result.seconds
    )
    gateway = next((f.code for f in diagnosis.findings if f.check_id == "provider.configured"), "")
    _retry_on_outage(store_gateway, run.client, gateway)
    _retry_on_outage(store_token, run.client, diagnosis.issued_token)


@transaction.atomic
def _stored_steps(run: Run, worker_name: str) -> StoredSteps:
    """What an earlier worker of the run stored. A live start that it may have sent is reported, and never sent again."""
    if run.resumed_at is None:
        return NOTHING_STORED
    _check_lease(run.pk, worker_name)
    run.refresh_from_db(fields=["start_claimed_at"])
    report_unconfirmed_start(run)
    findings = tuple(
        FindingResult(
            row.check_id,
            row.check_version,
            row.subject,
            row.outcome,
            row.code,
            row.sentence,
            row.hint,
            row.evidence,
        )
        for row in run.findings.order_by("position")
    )
    return StoredSteps(findings, tuple(row.value() for row in run.exchanges.order_by("position")))


def _store_safely(
    run_id: int, worker_name: str, batch: tuple[CheckStep, ...], stored: "StoredCounts"
) -> "StoredCounts":
    """Store the steps that finished together. If the database rejects their content, store them one by one.

    A check whose own content is rejected is stored as inconclusive. Returns the counts afterwards.
    """
    try:
        _retry_on_outage(_store, run_id, worker_name, batch, stored)
    except _LostLease:
        raise
    except Exception as error:
        if is_environment(error):
            raise
        if len(batch) > 1:
            for step in batch:
                stored = _store_safely(run_id, worker_name, (step,), stored)
            return stored
        (step,) = batch
        log.error("run %s: what %s found could not be stored: %s", run_id, step.check_id, error_location(error))
        batch = (replace(step, findings=tuple(map(_not_stored, step.findings[:1])), exchanges=()),)
        _retry_on_outage(_store, run_id, worker_name, batch, stored)
    for step in batch:
        _trace(step)
        stored = stored.after(step)
    return stored


def _not_stored(finding: FindingResult) -> FindingResult:
    sentence = "This check ran, but its result couldn't be stored because of an error in Cobrowse Doctor."
    return FindingResult(finding.check_id, finding.check_version, "", Outcome.ERROR, "not_stored", sentence, "")


def _trace(step: CheckStep) -> None:
    for exchange in step.exchanges:
        facts = {"check": exchange.check_id, "url.full": exchange.url, "correlation_id": exchange.correlation_id}
        failed, status = bool(exchange.error), exchange.status or 0
        traces.record_span(exchange.method, exchange.started_at, exchange.ms, failed=failed, status=status, **facts)


@dataclass(frozen=True)
class StoredCounts:
    """How many findings and exchanges of a run are stored, so the positions of the next ones."""

    findings: int = 0
    exchanges: int = 0

    def after(self, step: CheckStep) -> "StoredCounts":
        return StoredCounts(self.findings + len(step.findings), self.exchanges + len(step.exchanges))


def _retry_on_outage(write: Callable[Args, object], *args: Args.args, **kwargs: Args.kwargs) -> None:
    """Do a write, and retry it while the database is down, so that results are not lost."""
    for pause in (0.5, 1, 2, 4, 8, 8, None):
        try:
            write(*args, **kwargs)
            return
        except OperationalError:
            if pause is None:
                raise
            log.warning("the database does not answer; the findings wait %s s", pause)
            close_old_connections()
            time.sleep(pause)


@transaction.atomic
def _store(run_id: int, worker_name: str, batch: tuple[CheckStep, ...], stored: StoredCounts) -> None:
    _check_lease(run_id, worker_name)
    findings = [finding for step in batch for finding in step.findings]
    exchanges = [exchange for step in batch for exchange in step.exchanges]
    rows = [
        ExchangeRow.from_value(exchange, number, run_id=run_id)
        for number, exchange in enumerate(exchanges, stored.exchanges)
    ]
    # If the connection was lost during the commit, they may be stored already.
    FindingRow.objects.bulk_create(_finding_rows(run_id, findings, stored.findings), ignore_conflicts=True)
    ExchangeRow.objects.bulk_create(rows, ignore_conflicts=True)


def _check_lease(run_id: int, worker_name: str) -> None:
    mine = Run.objects.select_for_update().filter(pk=run_id, worker=worker_name, status=Run.Status.RUNNING)
    if not mine.exists():
        raise _LostLease


def _finding_rows(run_id: int, findings: list[FindingResult], position: int) -> list[FindingRow]:
    return [
        FindingRow(
            run_id=run_id,
            position=number,
            check_id=finding.check_id,
            check_version=finding.check_version,
            subject=finding.subject,
            outcome=finding.outcome,
            code=finding.code,
            sentence=finding.sentence,
            hint=finding.hint,
            evidence=finding.evidence,
        )
        for number, finding in enumerate(findings, position)
    ]
