"""Closes a run: stores its verdict, environment and search keys, and notifies issues and monitoring."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F

from diagnostics.engine.facts import OrgFacts
from diagnostics.genesys.response import response_from
from diagnostics.jobs.row_failures import Kind, count_failure, is_busy, is_environment
from diagnostics.orgs.connection import incomplete_verdict
from diagnostics.orgs.contract_in_force import current_contract
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.parsing.intent import Aim, read_aim
from diagnostics.runs.client_status import update_status_from_run
from diagnostics.runs.models import Finding, Run
from diagnostics.runs.search_keys import past_target, search_keys_of
from diagnostics.runs.seen_providers import store_seen_providers
from diagnostics.runs.signals import findings_stored, run_closed, run_ended
from diagnostics.storage.clock import DATABASE_NOW


@dataclass(frozen=True)
class RunResult:
    """How a worker ended a run. `environment` is what the run read of its org, {} if nothing."""

    status: str
    verdict: dict[str, Any]
    seconds: float
    path_ms: float = 0.0
    environment: dict[str, Any] = field(default_factory=dict)
    aim: Aim | None = None


@transaction.atomic
def close_run(run: Run, worker: str, result: RunResult) -> None:
    """Close the run in one transaction. Does nothing if the run no longer belongs to this worker.

    A failure to store search keys, findings, providers or the org status does not undo the closing.
    """
    mine = Run.objects.filter(pk=run.pk, worker=worker, status=Run.Status.RUNNING)
    if not mine.update(
        status=result.status,
        finished_at=DATABASE_NOW,
        lease_until=None,
        cause=result.verdict["cause"],
        certainty=result.verdict["certainty"],
        verdict=result.verdict,
        duration_ms=result.seconds * 1000,
        critical_path_ms=result.path_ms,
        target=past_target(run.client_id, result.verdict) or F("target"),
    ):
        return
    findings = list(run.findings.all())
    run_in_savepoint(run, lambda: _store_search_keys(run, findings, result.environment, result.aim))
    run_in_savepoint(run, lambda: _send_findings(run, findings))
    run_in_savepoint(run, lambda: store_seen_providers(run, findings))
    run_in_savepoint(run, lambda: update_status_from_run(run))
    run_closed.send(sender=Run, run=run)
    send_run_ended(run)


def send_run_ended(run: Run) -> None:
    def send() -> None:
        run_ended.send(sender=Run, run=run)

    run_in_savepoint(run, send)


def run_in_savepoint(run: Run, work: Callable[[], None]) -> None:
    """Do the work in a savepoint. A failure is listed on the system page, where it can be retried."""
    try:
        with transaction.atomic():
            work()
    except Exception as error:
        if is_environment(error) or is_busy(error):
            raise
        count_failure(Kind.RUN_SEARCH, run.pk, error, most=1)


@transaction.atomic
def force_close_run(run_id: int, worker: str | None = None) -> bool:
    """Close an open run without reading or writing its inputs and findings, so that no stored content can make it fail.

    With `worker`, only if the run still belongs to that worker. False if the run was already closed.
    """
    sentence = (
        "This run couldn't be completed because of an error in Cobrowse Doctor. Its findings are stored. Run it again."
    )
    verdict = incomplete_verdict(sentence)
    mine = Run.objects.filter(pk=run_id, status__in=(Run.Status.QUEUED, Run.Status.RUNNING))
    if worker is not None:
        mine = mine.filter(worker=worker)
    is_closed = mine.update(
        status=Run.Status.INTERRUPTED,
        finished_at=DATABASE_NOW,
        lease_until=None,
        cause=verdict["cause"],
        certainty=verdict["certainty"],
        verdict=verdict,
    )
    if is_closed:
        send_run_ended(Run(pk=run_id))
    return bool(is_closed)


def store_results(run: Run, environment: dict[str, Any], aim: Aim | None) -> None:
    """Store what the run can be compared by and found by. Call it in the transaction that closes the run."""
    findings = list(run.findings.all())
    _store_search_keys(run, findings, environment, aim)
    _send_findings(run, findings)
    store_seen_providers(run, findings)


def _send_findings(run: Run, findings: list[Finding]) -> None:
    findings_stored.send(sender=Run, run=run, findings=findings)


def _store_search_keys(run: Run, findings: list[Finding], environment: dict[str, Any], aim: Aim | None) -> None:
    Run.objects.filter(pk=run.pk).update(
        environment={**_environment_of_row(run), **environment} if environment else {},
        search_keys=search_keys_of(findings, environment, aim),
    )


def store_results_from_rows(run: Run) -> None:
    """Store the results of a run whose worker is gone, from its stored findings and exchanges."""
    inputs = Inputs.from_json(run.inputs)
    contract = current_contract(run.inputs.get("target", {}).get("region", run.client.region))
    aim = read_aim(inputs.call, inputs.conversation_id, contract) if inputs.call else None
    needed = aim.operation.permissions if aim and aim.operation else ()
    responses = [response_from(exchange.value()) for exchange in run.exchanges.order_by("position")]
    store_results(run, OrgFacts.of_responses(responses, needed).to_json() if responses else {}, aim)


def _environment_of_row(run: Run) -> dict[str, Any]:
    """The environment that the row itself knows. The target is frozen, but the client may have changed since."""
    target = run.inputs.get("target", {})
    set_at = OAuthClient.objects.filter(pk=run.client_id).values_list("secret_set_at", flat=True).first()
    return {
        "client": {
            "name": target.get("client_name", ""),
            "client_id": target.get("client_id", ""),
            "secret_set_at": set_at.isoformat() if set_at and set_at <= run.created_at else "",
        },
        "region": target.get("region", ""),
        "contract": run.contract_version,
        "engine": run.engine_version,
    }
