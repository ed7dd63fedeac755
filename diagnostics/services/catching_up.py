"""Gives runs of earlier versions what newer ones keep: what they saw, what they are about, by what they are found."""

import logging

from django.db import transaction

from diagnostics.calls.aim import read_aim
from diagnostics.inputs import Inputs
from diagnostics.marks import target_of
from diagnostics.models import Run
from diagnostics.services.closing import keep_from_rows
from diagnostics.services.in_force import contract_in_force

log = logging.getLogger(__name__)

A_TICK = 50


def catch_up() -> int:
    """Do the next few, newest first, each in a transaction of its own; how many there were. Two at once are harmless."""
    behind = Run.objects.filter(target="", status__in=(Run.Status.FINISHED, Run.Status.INTERRUPTED))
    done = 0
    for pk in list(behind.order_by("-id").values_list("pk", flat=True)[:A_TICK]):
        with transaction.atomic():
            run = behind.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
            if run is not None:
                _fill_safely(run)
                done += 1
    return done


def _fill_safely(run: Run) -> None:
    """A row that cannot be read gets what can be said without its inputs: it holds up neither the others nor the tick."""
    try:
        with transaction.atomic():
            _fill(run)
    except Exception:
        log.exception("run %s could not be read for what it was about", run.pk)
        Run.objects.filter(pk=run.pk).update(target=target_of(run.client_id, run.kind, None))


def _fill(run: Run) -> None:
    inputs = Inputs.from_json(run.inputs)
    contract = contract_in_force(run.client.region)
    aim = read_aim(inputs.call, inputs.conversation_id, contract) if inputs.call else None
    Run.objects.filter(pk=run.pk).update(target=target_of(run.client_id, run.kind, aim))
    keep_from_rows(run)
