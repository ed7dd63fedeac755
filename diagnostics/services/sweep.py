"""Lets no run get lost: rings again for rows that wait too long, closes rows whose worker is gone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from diagnostics import causes
from diagnostics.calls.aim import read_aim
from diagnostics.engine import judge_with_mend
from diagnostics.genesys.regions import region
from diagnostics.inputs import Inputs
from diagnostics.models import Run
from diagnostics.services.clients import give_up_verifications
from diagnostics.services.closing import keep_from_rows
from diagnostics.services.contracts import give_up_refreshes
from diagnostics.services.diagnosing import cut_short
from diagnostics.services.in_force import contract_in_force
from diagnostics.services.permit import tell_of_unseen_start
from diagnostics.verdict import judge

RING_AGAIN_AFTER = timedelta(seconds=20)
LONGEST_QUEUED = timedelta(minutes=30)


@dataclass(frozen=True)
class Swept:
    """`to_ring` are queued runs whose message may be lost, and `scheduled` those that no person waits for; `closed` are
    those ended as interrupted just now."""

    to_ring: tuple[int, ...] = ()
    scheduled: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()


def sweep(now: datetime | None = None) -> Swept:
    """Ring again for rows queued too long, close rows whose lease ran out. Two sweeps at once are harmless."""
    now = now or timezone.now()
    give_up_verifications(now)
    give_up_refreshes(now)
    silent = _silent_runs(now)
    return Swept(
        to_ring=tuple(pk for pk, source in silent if source != Run.Source.SCHEDULE),
        scheduled=tuple(pk for pk, source in silent if source == Run.Source.SCHEDULE),
        closed=tuple(_abandoned_runs(now)),
    )


def _silent_runs(now: datetime) -> list[tuple[int, str]]:
    silent = Run.objects.filter(status=Run.Status.QUEUED).filter(
        Q(rung_at__lt=now - RING_AGAIN_AFTER) | Q(rung_at=None, created_at__lt=now - RING_AGAIN_AFTER),
        created_at__gte=now - LONGEST_QUEUED,
    )
    found = list(silent.order_by("id").values_list("pk", "source")[:500])
    Run.objects.filter(pk__in=[pk for pk, _ in found]).update(rung_at=now)
    return found


def _abandoned_runs(now: datetime) -> list[int]:
    lost = Q(status=Run.Status.RUNNING, lease_until__lt=now)
    never = Q(status=Run.Status.QUEUED, created_at__lt=now - LONGEST_QUEUED)
    closed = []
    for pk in Run.objects.filter(lost | never).order_by("id").values_list("pk", flat=True)[:500]:
        with transaction.atomic():
            run = Run.objects.select_for_update(of=("self",), skip_locked=True).filter(lost | never, pk=pk).first()
            if run is not None:
                _interrupt(run, now)
                closed.append(pk)
    return closed


def interrupt_run(run_id: int) -> None:
    """End a run whose worker stops working on it, such as a command after Ctrl-C. One that has ended stays as it is."""
    with transaction.atomic():
        run = Run.objects.select_for_update(of=("self",)).filter(pk=run_id, finished_at=None).first()
        if run is not None:
            _interrupt(run, timezone.now())


def _interrupt(run: Run, now: datetime) -> None:
    """Close a run that nobody works on any more; its findings are kept, and its verdict is drawn from them."""
    said = (
        "No worker took this run up."
        if run.status == Run.Status.QUEUED
        else "The worker stopped before the end of this run."
    )
    tell_of_unseen_start(run)
    verdict = _verdict_of_rows(run)
    verdict["sentence"] = f"{said} {verdict['sentence']}" if run.findings.exists() else f"{said} Run it again."
    run.status, run.finished_at, run.lease_until = Run.Status.INTERRUPTED, now, None
    run.cause, run.certainty, run.verdict = verdict["cause"], verdict["certainty"], verdict
    run.save()
    keep_from_rows(run)


def _verdict_of_rows(run: Run) -> dict[str, Any]:
    """The verdict on what is stored; without a mend where the run's region is no longer known here."""
    findings = list(run.findings.all())
    try:
        where = region(run.inputs["target"]["region"])
    except KeyError:
        verdict = judge(findings, part=run.is_part).to_json()
    else:
        inputs, contract = Inputs.from_json(run.inputs), contract_in_force(where.key)
        aim = read_aim(inputs.call, inputs.conversation_id, contract) if inputs.call else None
        verdict = judge_with_mend(findings, inputs, where, contract, aim, part=run.is_part)
    # What was not asked cannot acquit: a run cut short is never "nothing wrong".
    return {**verdict, **cut_short("")} if verdict["cause"] == causes.NONE else verdict
