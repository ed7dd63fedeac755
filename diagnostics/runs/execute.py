"""Claims runs and executes their checks, under a lease that is renewed while the worker lives."""

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from uuid import uuid4

from django.db import OperationalError, close_old_connections, connection
from django.db.models.functions import Coalesce
from structlog.contextvars import bound_contextvars

from diagnostics.checks.base import all_checks
from diagnostics.engine.runner import DEADLINE_SECONDS
from diagnostics.jobs.row_failures import Kind, count_failure, is_environment
from diagnostics.orgs.clients import store_gateway
from diagnostics.orgs.connection import diagnosis_of, incomplete_verdict, store_token
from diagnostics.orgs.rate_limits import MOST_WAITING_S, ClientPace
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.as_it_was import verdict_of
from diagnostics.runs.close import RunResult, close_run
from diagnostics.runs.interruption import end_broken_run
from diagnostics.runs.live_start import claim_start_in_thread
from diagnostics.runs.models import Run
from diagnostics.runs.rate_limit_waits import return_to_queue, waits_for_refusal
from diagnostics.runs.store_steps import (
    LostLease,
    StoredCounts,
    retry_on_outage,
    store_safely,
    stored_steps,
)
from diagnostics.runs.turns import claim_next_run
from diagnostics.storage.clock import DATABASE_NOW, database_now
from diagnostics.telemetry import tracing as traces
from diagnostics.web.refusals import ActionRefused

log = logging.getLogger(__name__)

# A dead worker is noticed when its lease is over, at the next sweep, which comes every START_DUE_SECONDS.
LEASE = timedelta(seconds=12)
HEARTBEAT_SECONDS = 4.0
LONGEST_RUN_SECONDS = DEADLINE_SECONDS + MOST_WAITING_S + 60
SHORTEST_DEADLINE = 20.0  # of a run that another worker continues


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
        except LostLease:
            log.warning("run %s was closed while it was being worked on; its later findings are dropped", run_id)


def _seconds_before(run: Run) -> float:
    """How long ago the run started, if this worker continues it."""
    if run.resumed_at is None or run.started_at is None:
        return 0.0
    return (database_now() - run.started_at).total_seconds()


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
        with ClientPace(run.client, is_background=run.source == Run.Source.SCHEDULE) as pace:
            if pace.start():
                return_to_queue(run.pk, worker_name)
            else:
                _run_checks(run, worker_name, started, pace)
    except LostLease:
        raise
    except Exception as error:
        if is_environment(error):
            raise
        close_old_connections()
        retry_on_outage(count_failure, Kind.RUN, run.pk, error, most=1)
        retry_on_outage(end_broken_run, run.pk, worker_name)


def _run_checks(run: Run, worker_name: str, started: float, pace: ClientPace) -> None:
    done = stored_steps(run, worker_name)
    try:
        diagnosis = diagnosis_of(
            run.client,
            run.kind,
            Inputs.from_json(run.inputs),
            target=run.inputs.get("target"),
            part=run.is_part,
            # A token keeps the permissions it was issued with, so a repeated run needs a new one to see a fix.
            fresh_token=run.repeats_id is not None,
            may_start=partial(claim_start_in_thread, run.pk, worker_name),
            pace=pace,
            deadline=max(SHORTEST_DEADLINE, DEADLINE_SECONDS - _seconds_before(run)),
            stored=done,
        )
    except ActionRefused as refusal:
        refused = RunResult(Run.Status.INTERRUPTED, incomplete_verdict(str(refusal)), time.perf_counter() - started)
        retry_on_outage(close_run, run, worker_name, refused)
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
        stored = store_safely(run.pk, worker_name, batch, stored)
    result = RunResult(
        Run.Status.FINISHED,
        verdict_of(diagnosis, run.client, is_part=run.is_part),
        time.perf_counter() - started,
        path_ms=diagnosis.critical_path_ms,
        environment=diagnosis.environment(),
        aim=diagnosis.aim,
    )
    retry_on_outage(close_run, run, worker_name, result)
    log.info(
        "run %s ended: %s, %s, %.1f s", run.pk, result.verdict["cause"], result.verdict["certainty"], result.seconds
    )
    gateway = next((f.code for f in diagnosis.findings if f.check_id == "provider.configured"), "")
    retry_on_outage(store_gateway, run.client, gateway)
    retry_on_outage(store_token, run.client, diagnosis.issued_token)
