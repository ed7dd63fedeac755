"""Ends a run: its verdict, what it saw and by what it is found again, and what others keep of it, in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from diagnostics.calls.aim import Aim, read_aim
from diagnostics.environment import read_environment
from diagnostics.genesys.answer import understand
from diagnostics.inputs import Inputs
from diagnostics.marks import marks_of
from diagnostics.models import Finding, OAuthClient, Run
from diagnostics.services.diagnosing import cut_short
from diagnostics.services.in_force import contract_in_force
from diagnostics.services.incidents import look_for_incidents
from diagnostics.services.known import remember_findings
from diagnostics.services.row_failures import Kind, count_failure, is_busy, is_environment
from diagnostics.services.seen import remember_seen
from diagnostics.services.standing import look_at_standing


@dataclass(frozen=True)
class Ended:
    """How a run ended, by the worker that had it. `environment` is what it saw, {} where it saw nothing."""

    status: str
    verdict: dict[str, Any]
    seconds: float
    path_ms: float = 0.0
    environment: dict[str, Any] = field(default_factory=dict)
    aim: Aim | None = None


@transaction.atomic
def close_run(run: Run, me: str, ended: Ended) -> None:
    """Nothing happens where the run is no longer this worker's. What others keep of the run can fail and costs no run."""
    mine = Run.objects.filter(pk=run.pk, worker=me, status=Run.Status.RUNNING)
    if not mine.update(
        status=ended.status,
        finished_at=timezone.now(),
        lease_until=None,
        cause=ended.verdict["cause"],
        certainty=ended.verdict["certainty"],
        verdict=ended.verdict,
        duration_ms=ended.seconds * 1000,
        critical_path_ms=ended.path_ms,
    ):
        return
    findings = list(run.findings.all())
    keep_safely(run, lambda: _keep_marks(run, findings, ended.environment, ended.aim))
    keep_safely(run, lambda: remember_findings(run, findings))
    keep_safely(run, lambda: remember_seen(run, findings))
    keep_safely(run, lambda: look_at_standing(run))
    look_for_incidents(run)


def keep_safely(run: Run, work: Callable[[], None]) -> None:
    """In a transaction of its own within the run's; a failure is listed on the system page, where it can be retried."""
    try:
        with transaction.atomic():
            work()
    except Exception as error:
        if is_environment(error) or is_busy(error):
            raise
        count_failure(Kind.RUN_SEARCH, run.pk, error, most=1)


def close_plainly(run_id: int, worker: str | None = None) -> bool:
    """Close an open run, whatever its row holds: the one statement reads and writes nothing of its inputs or findings.

    With `worker`, only while the run is still that worker's. False where it was closed already.
    """
    sentence = (
        "This run could not be completed because of an error in Cobrowse Doctor. Its findings are kept. Run it again."
    )
    verdict = cut_short(sentence)
    mine = Run.objects.filter(pk=run_id, status__in=(Run.Status.QUEUED, Run.Status.RUNNING))
    if worker is not None:
        mine = mine.filter(worker=worker)
    return bool(
        mine.update(
            status=Run.Status.INTERRUPTED,
            finished_at=timezone.now(),
            lease_until=None,
            cause=verdict["cause"],
            certainty=verdict["certainty"],
            verdict=verdict,
        )
    )


def keep_what_it_saw(run: Run, environment: dict[str, Any], aim: Aim | None) -> None:
    """What the run can be compared by and found by. The caller holds the transaction in which the run is closed."""
    findings = list(run.findings.all())
    _keep_marks(run, findings, environment, aim)
    remember_findings(run, findings)
    remember_seen(run, findings)


def _keep_marks(run: Run, findings: list[Finding], environment: dict[str, Any], aim: Aim | None) -> None:
    Run.objects.filter(pk=run.pk).update(
        environment={**_of_row(run), **environment} if environment else {},
        marks=marks_of(findings, environment, aim),
    )


def keep_from_rows(run: Run) -> None:
    """The same for a run whose worker is gone: from the findings and exchanges that it stored."""
    inputs = Inputs.from_json(run.inputs)
    contract = contract_in_force(run.inputs.get("target", {}).get("region", run.client.region))
    aim = read_aim(inputs.call, inputs.conversation_id, contract) if inputs.call else None
    needed = aim.operation.permissions if aim and aim.operation else ()
    answers = [understand(each.value()) for each in run.exchanges.order_by("position")]
    keep_what_it_saw(run, read_environment(answers, needed) if answers else {}, aim)


def _of_row(run: Run) -> dict[str, Any]:
    """What the row and the client say at the time of the run: its target is frozen, the client may have changed since."""
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
