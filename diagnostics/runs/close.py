"""Closes a run: stores its verdict, environment and search keys, and notifies issues and monitoring."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from diagnostics.engine.diagnosis import aim_of
from diagnostics.engine.facts import OrgFacts
from diagnostics.genesys.response import response_from
from diagnostics.jobs.row_failures import Kind, count_failure, is_busy, is_environment
from diagnostics.orgs.connection import incomplete_verdict
from diagnostics.orgs.contracts import current_contract
from diagnostics.orgs.models import OAuthClient, Provider
from diagnostics.orgs.status import store_status
from diagnostics.orgs.status_rules import ClientStatus, status_from_verdict
from diagnostics.parsing.inputs import Inputs
from diagnostics.parsing.intent import Aim
from diagnostics.runs.models import OPEN, Finding, Run
from diagnostics.runs.search_keys import past_target, search_keys_of
from diagnostics.runs.signals import findings_stored, run_closed, run_ended
from diagnostics.storage.clock import DATABASE_NOW

SEEN_PROVIDERS = "provider.seen"  # the check whose evidence lists them
MAX_PROVIDERS = 50  # per run


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
    mine = Run.objects.filter(pk=run_id, status__in=OPEN)
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
    contract = current_contract(run.inputs.get("target", {}).get("region", run.client.region))
    aim = aim_of(Inputs.from_json(run.inputs), contract)
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


def update_status_from_run(run: Run) -> None:
    """Store what the run shows about its client's org. The run is loaded again, because the caller's may be stale."""
    found = status_from_run(run)
    if found is not None:
        store_status(run.client_id, *found)


def status_from_run(run: Run) -> tuple[ClientStatus, datetime] | None:
    """Return the status and the time it applies to, or None if the run doesn't show the status of the org.

    That is the case for a run that isn't a complete health check, and for a run of the org that the client had before it
    was moved.
    """
    run = Run.objects.select_related("client").defer("client__secret").get(pk=run.pk)
    is_complete = run.kind == Run.Kind.HEALTH and run.status == Run.Status.FINISHED and not run.is_part
    target = run.inputs.get("target", {})
    is_same = (target.get("region"), target.get("client_id")) == (run.client.region, run.client.client_id)
    if not is_complete or not is_same or run.finished_at is None:
        return None
    return status_from_verdict(run.verdict, OrgFacts.parse(run.environment)), run.finished_at


def store_seen_providers(run: Run, findings: Iterable[Finding]) -> None:
    """Store the providers that the run saw on communications. Their IDs can't be used as providerId in a call.

    Call this in the transaction that closes the run. Runs may be stored out of order, so times only widen.
    """
    at = run.finished_at or timezone.now()
    lists = [finding.evidence.get("providers") for finding in findings if finding.check_id == SEEN_PROVIDERS]
    names = {str(name)[:200] for providers in lists if isinstance(providers, list) for name in providers}
    is_masked = re.compile(r"\[(?:masked|hidden)").search
    for name in sorted(name for name in names if name.strip() and not is_masked(name))[:MAX_PROVIDERS]:
        row, _ = Provider.objects.get_or_create(
            client_id=run.client_id,
            source=Provider.Source.ON_CONVERSATION,
            ref=name,
            defaults={"name": name, "first_seen_at": at, "last_seen_at": at},
        )
        stored = Provider.objects.filter(pk=row.pk)
        stored.filter(last_seen_at__lt=at).update(last_seen_at=at)
        stored.filter(first_seen_at__gt=at).update(first_seen_at=at)
