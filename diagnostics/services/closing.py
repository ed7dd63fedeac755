"""Ends a run: its verdict, what it saw and by what it is found again, and what others keep of it, in one transaction."""

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from diagnostics.calls.aim import Aim, read_aim
from diagnostics.environment import read_environment
from diagnostics.genesys.answer import understand
from diagnostics.inputs import Inputs
from diagnostics.marks import marks_of
from diagnostics.models import OAuthClient, Run
from diagnostics.services.in_force import contract_in_force
from diagnostics.services.incidents import look_for_incidents
from diagnostics.services.known import remember_findings
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
    """Nothing happens where the run is no longer this worker's."""
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
    keep_what_it_saw(run, ended.environment, ended.aim)
    look_at_standing(run)
    look_for_incidents(run)


def keep_what_it_saw(run: Run, environment: dict[str, Any], aim: Aim | None) -> None:
    """What the run can be compared by and found by. The caller holds the transaction in which the run is closed."""
    findings = list(run.findings.all())
    Run.objects.filter(pk=run.pk).update(
        environment={**_of_row(run), **environment} if environment else {},
        marks=marks_of(findings, environment, aim),
    )
    remember_findings(run, findings)
    remember_seen(run, findings)


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
