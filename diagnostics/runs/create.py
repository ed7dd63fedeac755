"""Creates runs, new ones and repetitions."""

from dataclasses import replace

from django.db import transaction

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.accounts.rate_limits import enforce_run_limit
from diagnostics.checks.base import Check, branch_of, planned_checks
from diagnostics.engine.diagnosis import aim_of
from diagnostics.engine.verdict import ENGINE_VERSION
from diagnostics.monitoring.models import Schedule
from diagnostics.orgs.clients import refuse_unusable
from diagnostics.orgs.contracts import current_contract
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.models import STARTED_BY_USERS, Run
from diagnostics.runs.search_keys import target_of
from diagnostics.storage.clock import database_now
from diagnostics.web.refusals import ActionRefused

AUDITED_SOURCES = (Run.Source.WEB, Run.Source.CLI)  # other sources have their own audit log entries


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
