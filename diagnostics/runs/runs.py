"""Writes about runs: creating one, claiming it, walking its checks, storing each as it ends."""

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
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.checks.base import Check, all_checks, branch_of, planned_checks
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine.diagnosis import CheckStep, aim_of
from diagnostics.engine.finding import FindingResult
from diagnostics.engine.runner import DEADLINE_SECONDS
from diagnostics.engine.verdict import ENGINE_VERSION
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.jobs.row_failures import Kind, count_failure, is_environment, where
from diagnostics.monitoring.models import Schedule
from diagnostics.orgs.clients import remember_gateway
from diagnostics.orgs.connection import cut_short, diagnosis_of
from diagnostics.orgs.contract_in_force import contract_in_force
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.tokens import remember_token
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.close import RunResult, close_run
from diagnostics.runs.interruption import end_broken_run
from diagnostics.runs.limits import BY_A_PERSON, leave_room
from diagnostics.runs.live_permit import claim_from_thread
from diagnostics.runs.models import Exchange as ExchangeRow
from diagnostics.runs.models import Finding as FindingRow
from diagnostics.runs.models import Run
from diagnostics.runs.search_keys import target_of
from diagnostics.runs.turns import claim_next_run
from diagnostics.telemetry import tracing as traces
from diagnostics.web.refusals import ActionRefused

log = logging.getLogger(__name__)
Given = ParamSpec("Given")

BY_PEOPLE = (Run.Source.WEB, Run.Source.CLI)  # the others are told with their schedule, their watch, their token
LEASE = timedelta(seconds=45)
HEARTBEAT_SECONDS = 10.0
LONGEST_RUN_SECONDS = DEADLINE_SECONDS + 60


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
    """A queued run with a frozen snapshot of its inputs. Raises Refused for a retired client, and TooManyRuns.

    Without `for_workers` the caller executes it, and no worker takes it unless it waits for long.

    `branch` is the check about which alone the run is; "" plans every check that has the inputs it needs.
    """
    if client.is_retired:
        raise ActionRefused(
            f"The client {client.name} is retired: no run can be started with it. Choose another client."
        )
    planned = planned_checks(inputs.given)
    if branch and not (planned := branch_of(branch, planned)):
        raise ActionRefused(f"There is no check {branch} any more for what was brought. Run the whole diagnosis again.")
    if user is not None and source in BY_A_PERSON:
        leave_room(user)
    contract = contract_in_force(client.region)
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
        rung_at=timezone.now() if for_workers else None,
        repeats=repeats,
        branch=branch,
        schedule=schedule,
        target=target_of(client.pk, kind, aim),
    )
    if source in BY_PEOPLE:
        told = {"kind": kind, "conversation": run.conversation_id, "check": branch, "repeats": repeats and repeats.pk}
        told = {name: value for name, value in told.items() if value}
        record("run.started", run, after=told, name=f"{run} of {client.name}", person=user)
    return run


def repeatable_checks(run: Run) -> tuple[Check, ...]:
    """What a repetition of this run would ask: a confirmed live start is not among it."""
    return planned_checks(_again(run).given)


def _again(run: Run) -> Inputs:
    return replace(Inputs.from_json(run.inputs), start=False)  # a confirmation holds for one run


def repeat_run(run: Run, user: User | None, *, branch: str = "", source: str = Run.Source.WEB) -> Run:
    """A new run of the same inputs with the client as it is today, or of one check's branch of it alone."""
    return create_run(
        client=run.client, kind=run.kind, inputs=_again(run), user=user, source=source, repeats=run, branch=branch
    )


def execute_run(run_id: int, worker: str = "") -> bool:
    """Claim the run, walk its checks and store each as it ends. False when another worker has, or had, it."""
    me = _name_of(worker)
    if not _claim(run_id, me):
        return False
    _execute(run_id, me)
    return True


def execute_next_run(queue: str) -> int | None:
    """The same for the run whose turn it is; its id, None where none waits in the queue."""
    me, now = _name_of(), timezone.now()
    run_id = claim_next_run(queue, me, now, now + LEASE)
    if run_id is not None:
        _execute(run_id, me)
    return run_id


def _name_of(worker: str = "") -> str:
    return f"{worker or socket.gethostname()}:{os.getpid()}:{uuid4().hex[:12]}"


def _execute(run_id: int, me: str) -> None:
    run = Run.objects.select_related("client").defer("client__secret").get(pk=run_id)
    started = time.perf_counter()
    with bound_contextvars(run=run_id, client=run.client_id), traces.span("run", run=run_id, client=run.client_id):
        try:
            with _lease(run_id, me):
                _run_checks_safely(run, me, started)
        except _LostLease:
            log.warning("run %s was closed while it was being worked on; its later findings are dropped", run_id)


class _LostLease(Exception):
    """The sweep has closed the run: nothing more may be written to it."""


def _claim(run_id: int, me: str) -> bool:
    now = timezone.now()
    queued = Run.objects.filter(pk=run_id, status=Run.Status.QUEUED)
    return bool(queued.update(status=Run.Status.RUNNING, started_at=now, lease_until=now + LEASE, worker=me))


@contextmanager
def _lease(run_id: int, me: str) -> Iterator[None]:
    """Renew the lease from a thread of its own while the work goes on, but not for ever."""
    over = threading.Event()
    thread = threading.Thread(target=_renew, args=(run_id, me, over), daemon=True, name=f"lease-{run_id}")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(5)


def _renew(run_id: int, me: str, over: threading.Event) -> None:
    ends_at = time.monotonic() + LONGEST_RUN_SECONDS
    while not over.wait(HEARTBEAT_SECONDS) and time.monotonic() < ends_at:
        try:
            Run.objects.filter(pk=run_id, worker=me, status=Run.Status.RUNNING).update(
                lease_until=timezone.now() + LEASE
            )
        except OperationalError:
            log.warning("the lease of run %s could not be renewed: the database does not answer", run_id)
        finally:
            connection.close()


def _run_checks_safely(run: Run, me: str, started: float) -> None:
    """A run that cannot be brought to its end, by a fault of ours, ends here: nobody has to wait for its lease."""
    try:
        _run_checks(run, me, started)
    except _LostLease:
        raise
    except Exception as error:
        if is_environment(error):
            raise
        close_old_connections()
        _persist(count_failure, Kind.RUN, run.pk, error, most=1)
        _persist(end_broken_run, run.pk, me)


def _run_checks(run: Run, me: str, started: float) -> None:
    inputs = Inputs.from_json(run.inputs)
    # A token carries the rights of its hour: whoever asks again wants to know whether the mend has come through.
    again = run.repeats_id is not None
    target = run.inputs.get("target")
    try:
        diagnosis = diagnosis_of(
            run.client,
            run.kind,
            inputs,
            target=target,
            part=run.is_part,
            fresh_token=again,
            may_start=partial(claim_from_thread, run.pk, me),
        )
    except ActionRefused as trouble:
        refused = RunResult(Run.Status.INTERRUPTED, cut_short(str(trouble)), time.perf_counter() - started)
        _persist(close_run, run, me, refused)
        return
    if diagnosis.contract.version != run.contract_version:  # another came into force while the run was queued
        run.contract_version = diagnosis.contract.version
        Run.objects.filter(pk=run.pk, worker=me).update(contract_version=diagnosis.contract.version)
    planned = tuple(check for check in all_checks() if check.id in run.planned)
    written = Written()
    for found in diagnosis.steps(planned):
        step = _store_safely(run.pk, me, found, written)
        _trace(step)
        written = written.after(step)
    ended = RunResult(
        Run.Status.FINISHED,
        diagnosis.verdict(),
        time.perf_counter() - started,
        path_ms=diagnosis.critical_path_ms,
        environment=diagnosis.environment(),
        aim=diagnosis.aim,
    )
    _persist(close_run, run, me, ended)
    log.info("run %s ended: %s, %s, %.1f s", run.pk, ended.verdict["cause"], ended.verdict["certainty"], ended.seconds)
    measured = next((f.code for f in diagnosis.findings if f.check_id == "provider.configured"), "")
    _persist(remember_gateway, run.client, measured)
    _persist(remember_token, run.client, diagnosis.issued_token)


def _store_safely(run_id: int, me: str, step: CheckStep, written: "Written") -> CheckStep:
    """Store a step; where the database refuses what is in it, what can be said without it. Returns what was stored."""
    try:
        _persist(_store, run_id, me, step, written)
    except _LostLease:
        raise
    except Exception as error:
        if is_environment(error):
            raise
        log.error("run %s: what %s found could not be stored: %s", run_id, step.check_id, where(error))
        step = replace(step, findings=(_not_stored(step.findings[0]),) if step.findings else (), exchanges=())
        _persist(_store, run_id, me, step, written)
    return step


def _not_stored(finding: FindingResult) -> FindingResult:
    sentence = "This check ran, but its result could not be stored because of an error in Cobrowse Doctor."
    return FindingResult(finding.check_id, finding.check_version, "", Outcome.ERROR, "not_stored", sentence, "")


def _trace(step: CheckStep) -> None:
    for each in step.exchanges:
        facts = {"check": each.check_id, "url.full": each.url, "correlation_id": each.correlation_id}
        traces.past(each.method, each.started_at, each.ms, failed=bool(each.error), status=each.status or 0, **facts)


@dataclass(frozen=True)
class Written:
    """How many rows of a run are stored: the position of the next one."""

    findings: int = 0
    exchanges: int = 0

    def after(self, step: CheckStep) -> "Written":
        return Written(self.findings + len(step.findings), self.exchanges + len(step.exchanges))


def _persist(write: Callable[Given, object], *given: Given.args, **named: Given.kwargs) -> None:
    """Do a write, and again after a while where the database is away: findings that are in are not given up."""
    for pause in (0.5, 1, 2, 4, 8, 8, None):
        try:
            write(*given, **named)
            return
        except OperationalError:
            if pause is None:
                raise
            log.warning("the database does not answer; the findings wait %s s", pause)
            close_old_connections()
            time.sleep(pause)


@transaction.atomic
def _store(run_id: int, me: str, step: CheckStep, written: Written) -> None:
    _check_lease(run_id, me)
    FindingRow.objects.bulk_create(_finding_rows(run_id, step.findings, written.findings))
    ExchangeRow.objects.bulk_create(_exchange_rows(run_id, step.exchanges, written.exchanges))


def _check_lease(run_id: int, me: str) -> None:
    mine = Run.objects.select_for_update().filter(pk=run_id, worker=me, status=Run.Status.RUNNING)
    if not mine.exists():
        raise _LostLease


def _finding_rows(run_id: int, findings: tuple[FindingResult, ...], position: int) -> list[FindingRow]:
    return [
        FindingRow(
            run_id=run_id,
            position=place,
            check_id=each.check_id,
            check_version=each.check_version,
            subject=each.subject,
            outcome=each.outcome,
            code=each.code,
            sentence=each.sentence,
            hint=each.hint,
            evidence=each.evidence,
        )
        for place, each in enumerate(findings, position)
    ]


def _exchange_rows(run_id: int, exchanges: tuple[HttpExchange, ...], position: int) -> list[ExchangeRow]:
    return [
        ExchangeRow(
            run_id=run_id,
            position=place,
            check_id=each.check_id,
            method=each.method,
            url=each.url,
            status=each.status,
            ms=each.ms,
            started_at=each.started_at,
            correlation_id=each.correlation_id,
            request_headers=[list(pair) for pair in each.request_headers],
            response_headers=[list(pair) for pair in each.response_headers],
            body=each.body,
            error=each.error,
        )
        for place, each in enumerate(exchanges, position)
    ]
