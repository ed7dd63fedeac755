"""Judges a finished diagnosis by the time of its failure, with what syncs and runs of the client have kept."""

from collections.abc import Sequence
from typing import Any

from diagnostics.checks.base import CheckContext
from diagnostics.engine.as_it_was import judge_as_it_was, narrowed
from diagnostics.engine.diagnosis import Diagnosis
from diagnostics.engine.facts import OrgFacts
from diagnostics.engine.finding import AnyFinding
from diagnostics.genesys.response import OrgResponse
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.past_configuration import history_around
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.models import Run

MOST_RUNS = 20  # between two syncs


def verdict_of(diagnosis: Diagnosis, client: OAuthClient, *, is_part: bool = False) -> dict[str, Any]:
    """The verdict on the time of the failure if the paste has it, else on today.

    A repeated branch and the start of a session are always about today.
    """
    today, inputs = diagnosis.verdict(), diagnosis.inputs
    if not inputs.failed_at or inputs.start or is_part:
        return today
    return verdict_then(today, diagnosis.findings, diagnosis.responses, diagnosis.context, inputs, client)


def verdict_then(
    today: dict[str, Any],
    findings: Sequence[AnyFinding],
    responses: Sequence[OrgResponse],
    ctx: CheckContext,
    inputs: Inputs,
    client: OAuthClient,
) -> dict[str, Any]:
    """See `judge_as_it_was`."""
    history = history_around(client, inputs.failed_at)
    if history is not None and history.before_at and history.after_at:
        runs = Run.objects.filter(client=client, started_at__gt=history.before_at, started_at__lt=history.after_at)
        read = runs.exclude(environment={}).order_by("started_at").values_list("started_at", "environment")[:MOST_RUNS]
        history = narrowed(history, [(at, OrgFacts.parse(facts)) for at, facts in read if at is not None])
    return judge_as_it_was(today, findings, responses, ctx, inputs, history)
