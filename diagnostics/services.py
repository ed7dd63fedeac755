"""Writes: clients and their verification, runs and their execution, and the sweep that lets none get lost."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import OperationalError, close_old_connections, connection, transaction
from django.db.models import Q
from django.utils import timezone

from diagnostics import models
from diagnostics.calls.aim import read_aim
from diagnostics.checks.base import all_checks, planned_checks
from diagnostics.engine import Diagnosis, Finding, Step, judge_with_mend
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.exchange import Exchange
from diagnostics.genesys.regions import region
from diagnostics.inputs import Inputs
from diagnostics.models import OAuthClient, Run, User
from diagnostics.runner import DEADLINE_SECONDS
from diagnostics.verdict import ENGINE_VERSION

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=45)
HEARTBEAT_SECONDS = 10.0
LONGEST_RUN_SECONDS = DEADLINE_SECONDS + 60
RING_AGAIN_AFTER = timedelta(seconds=20)
LONGEST_QUEUED = timedelta(minutes=30)
LONGEST_VERIFICATION = timedelta(seconds=90)
VERIFYING = ("oauth.token", "oauth.identity", "provider.configured")


class Refused(Exception):
    """What was asked for cannot be done. str() is the sentence for the screen."""


# ---------------------------------------------------------------------- clients


def create_client(*, name: str, region_key: str, client_id: str, secret: str, user: User | None) -> OAuthClient:
    """An unverified client. The caller has validated the fields; a name in use raises IntegrityError."""
    return OAuthClient.objects.create(name=name, region=region_key, client_id=client_id, secret=secret, created_by=user)


def change_client(client: OAuthClient, *, name: str, region_key: str, client_id: str) -> None:
    """What is known of the org belongs to the old address, so a changed region or id is unverified again."""
    moved = (client.region, client.client_id) != (region_key, client_id)
    client.name, client.region, client.client_id = name, region_key, client_id
    if moved:
        _forget_org(client)
    client.save()


def replace_secret(client: OAuthClient, secret: str) -> None:
    client.secret, client.secret_set_at = secret, timezone.now()
    client.state, client.verification = OAuthClient.State.UNVERIFIED, []
    client.save()


def retire_client(client: OAuthClient) -> None:
    """No run can be started with it any more; those it has stay readable. The secret is gone for good."""
    client.retired_at, client.secret, client.state = timezone.now(), "", OAuthClient.State.UNVERIFIED
    client.save()


def _forget_org(client: OAuthClient) -> None:
    client.state, client.verification, client.verified_at = OAuthClient.State.UNVERIFIED, [], None
    client.org_id = client.org_name = ""
    client.gateway = client.gateway_seen_at = None


def start_verification(client: OAuthClient) -> bool:
    """Mark the client as being verified; False when that is already under way, or the client is retired."""
    started = timezone.now()
    idle = OAuthClient.objects.filter(pk=client.pk, retired_at=None).exclude(state=OAuthClient.State.VERIFYING)
    won = idle.update(state=OAuthClient.State.VERIFYING, verification=[], verification_started_at=started)
    client.refresh_from_db()
    return bool(won)


def verify_client(client_id: int) -> None:
    """Ask the org, and write each step as it ends, so that the page shows it. Harmless when rung twice."""
    client = OAuthClient.objects.filter(pk=client_id, state=OAuthClient.State.VERIFYING).first()
    if client is None or client.verification:
        return
    try:
        diagnosis = _diagnosis_of(client, Run.Kind.HEALTH, Inputs(), deadline=30)
    except Refused as trouble:
        _end_verification(client, [_refusal(str(trouble))])
        return
    steps: list[dict[str, Any]] = []
    checks = tuple(check for check in all_checks() if check.id in VERIFYING)
    for step in diagnosis.steps(checks):
        took = round(sum(each.ms for each in step.exchanges))
        steps += [{**finding.as_dict(), "ms": took} for finding in step.findings]
        OAuthClient.objects.filter(pk=client.pk, state=OAuthClient.State.VERIFYING).update(verification=steps)
    _end_verification(client, steps)


def _end_verification(client: OAuthClient, steps: list[dict[str, Any]]) -> None:
    said = {step["check"]: step for step in steps}
    known = said.get("oauth.identity", {})
    right = known.get("outcome") == "pass"
    failed = any(step["outcome"] == "fail" for step in steps)
    state = OAuthClient.State
    changes: dict[str, Any] = {
        "verification": steps,
        "state": state.VERIFIED if right else state.FAILED if failed else state.UNVERIFIED,
    }
    if right:
        evidence = known["evidence"]
        changes |= {"verified_at": timezone.now(), "org_id": evidence["org_id"], "org_name": evidence["org_name"]}
    OAuthClient.objects.filter(pk=client.pk, state=state.VERIFYING).update(**changes)
    _remember_gateway(client, said.get("provider.configured", {}).get("code", ""))


def _refusal(sentence: str) -> dict[str, Any]:
    return Finding("oauth.token", 1, "", "error", "not_asked", sentence, "").as_dict() | {"ms": 0}


def _remember_gateway(client: OAuthClient, code: str) -> None:
    """The capability as last measured; a measurement that told nothing leaves the one before."""
    has_one = {"listed": True, "none_configured": True, "no_provider_list": False}.get(code)
    if has_one is not None:
        OAuthClient.objects.filter(pk=client.pk).update(gateway=has_one, gateway_seen_at=timezone.now())


# ---------------------------------------------------------------------- runs


def create_run(
    *,
    client: OAuthClient,
    kind: str,
    inputs: Inputs,
    user: User | None,
    source: str,
) -> Run:
    """A queued run with a frozen snapshot of its inputs. Raises Refused for a retired client."""
    if client.is_retired:
        raise Refused(f"The client {client.name} is retired: no run can be started with it. Choose another client.")
    aim = read_aim(inputs.call, inputs.conversation_id, bundled()) if inputs.call else None
    target = {"region": client.region, "client_name": client.name, "client_id": client.client_id}
    return Run.objects.create(
        client=client,
        kind=kind,
        source=source,
        inputs={**inputs.to_json(), "target": target},
        conversation_id=(inputs.conversation_id or (aim.id_text if aim and aim.id_state == "uuid" else ""))[:200],
        planned=[check.id for check in planned_checks(inputs.given)],
        engine_version=ENGINE_VERSION,
        contract_version=bundled().version,
        started_by=user,
        rung_at=timezone.now(),
    )


def repeat_run(run: Run, user: User | None, source: str = Run.Source.WEB) -> Run:
    """A new run of the same inputs with the client as it is today."""
    return create_run(client=run.client, kind=run.kind, inputs=Inputs.from_json(run.inputs), user=user, source=source)


def execute_run(run_id: int, worker: str = "") -> bool:
    """Claim the run, walk its checks and store each as it ends. False when another worker has, or had, it."""
    me = f"{worker or socket.gethostname()}:{os.getpid()}:{uuid4().hex[:12]}"
    if not _claim(run_id, me):
        return False
    run = Run.objects.select_related("client").get(pk=run_id)
    started = time.perf_counter()
    try:
        with _lease(run_id, me):
            _walk(run, me, started)
    except _LostLease:
        log.warning("run %s was closed while it was being worked on; its later findings are dropped", run_id)
    return True


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


def _walk(run: Run, me: str, started: float) -> None:
    inputs = Inputs.from_json(run.inputs)
    try:
        diagnosis = _diagnosis_of(run.client, run.kind, inputs, target=run.inputs.get("target"))
    except Refused as trouble:
        _persist(lambda: _close(run.pk, me, Run.Status.INTERRUPTED, started, _cut_short(str(trouble)), 0.0))
        return
    planned = tuple(check for check in all_checks() if check.id in run.planned)
    written = Written()
    for step in diagnosis.steps(planned):
        _persist(lambda step=step: _store(run.pk, me, step, written))
        written = written.after(step)
    verdict = diagnosis.verdict()
    _persist(lambda: _close(run.pk, me, Run.Status.FINISHED, started, verdict, diagnosis.critical_path_ms))
    measured = next((f.code for f in diagnosis.findings if f.check_id == "provider.configured"), "")
    _persist(lambda: _remember_gateway(run.client, measured))


@dataclass(frozen=True)
class Written:
    """How many rows of a run are stored: the position of the next one."""

    findings: int = 0
    exchanges: int = 0

    def after(self, step: Step) -> "Written":
        return Written(self.findings + len(step.findings), self.exchanges + len(step.exchanges))


def _diagnosis_of(
    client: OAuthClient, kind: str, inputs: Inputs, *, target: dict[str, str] | None = None, deadline: float = 0
) -> Diagnosis:
    """Raises Refused where the org cannot even be asked."""
    target = target or {"region": client.region, "client_name": client.name, "client_id": client.client_id}
    try:
        where = region(target["region"])
    except KeyError:
        raise Refused(
            f"The region {target['region']} is not known to this server. If it is the demo's, start `manage.py up`; "
            "if it is your own, set GENESYS_ENDPOINTS."
        ) from None
    if client.is_retired:
        raise Refused(f"The client {client.name} was retired before the run began, and its secret with it.")
    return Diagnosis(
        region=where,
        client_id=target["client_id"],
        secret=client.secret,
        client_name=target["client_name"],
        kind=kind,
        inputs=inputs,
        deadline=deadline or DEADLINE_SECONDS,
    )


def _persist(write: Callable[[], None]) -> None:
    """Do a write, and again after a while where the database is away: findings that are in are not given up."""
    for pause in (0.5, 1, 2, 4, 8, 8, None):
        try:
            write()
            return
        except OperationalError:
            if pause is None:
                raise
            log.warning("the database does not answer; the findings wait %s s", pause)
            close_old_connections()
            time.sleep(pause)


@transaction.atomic
def _store(run_id: int, me: str, step: Step, written: Written) -> None:
    _still_mine(run_id, me)
    models.Finding.objects.bulk_create(_finding_rows(run_id, step.findings, written.findings))
    models.Exchange.objects.bulk_create(_exchange_rows(run_id, step.exchanges, written.exchanges))


def _still_mine(run_id: int, me: str) -> None:
    mine = Run.objects.select_for_update().filter(pk=run_id, worker=me, status=Run.Status.RUNNING)
    if not mine.exists():
        raise _LostLease


def _finding_rows(run_id: int, findings: tuple[Finding, ...], position: int) -> list[models.Finding]:
    return [
        models.Finding(
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


def _exchange_rows(run_id: int, exchanges: tuple[Exchange, ...], position: int) -> list[models.Exchange]:
    return [
        models.Exchange(
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


def _close(run_id: int, me: str, status: str, started: float, verdict: dict[str, Any], path_ms: float) -> None:
    mine = Run.objects.filter(pk=run_id, worker=me, status=Run.Status.RUNNING)
    mine.update(
        status=status,
        finished_at=timezone.now(),
        lease_until=None,
        cause=verdict["cause"],
        certainty=verdict["certainty"],
        verdict=verdict,
        duration_ms=(time.perf_counter() - started) * 1000,
        critical_path_ms=path_ms,
    )


def _cut_short(sentence: str) -> dict[str, Any]:
    return {
        "cause": "undetermined",
        "certainty": "undetermined",
        "sentence": sentence,
        "remedy": "",
        "because": [],
        "also": [],
    }


# ---------------------------------------------------------------------- the sweep


@dataclass(frozen=True)
class Swept:
    """`to_ring` are queued runs whose message may be lost; `closed` those ended as interrupted just now."""

    to_ring: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()


def sweep(now: datetime | None = None) -> Swept:
    """Ring again for rows queued too long, close rows whose lease ran out. Two sweeps at once are harmless."""
    now = now or timezone.now()
    _give_up_verifications(now)
    return Swept(to_ring=tuple(_silent_runs(now)), closed=tuple(_abandoned_runs(now)))


def _silent_runs(now: datetime) -> list[int]:
    silent = Run.objects.filter(status=Run.Status.QUEUED).filter(
        Q(rung_at__lt=now - RING_AGAIN_AFTER) | Q(rung_at=None), created_at__gte=now - LONGEST_QUEUED
    )
    found = list(silent.order_by("id").values_list("pk", flat=True)[:500])
    Run.objects.filter(pk__in=found).update(rung_at=now)
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


def _interrupt(run: Run, now: datetime) -> None:
    """Close a run that nobody works on any more; its findings are kept, and its verdict is drawn from them."""
    said = (
        "No worker took this run up."
        if run.status == Run.Status.QUEUED
        else "The worker stopped before the end of this run."
    )
    verdict = _verdict_of_rows(run)
    verdict["sentence"] = f"{said} {verdict['sentence']}" if run.findings.exists() else f"{said} Run it again."
    run.status, run.finished_at, run.lease_until = Run.Status.INTERRUPTED, now, None
    run.cause, run.certainty, run.verdict = verdict["cause"], verdict["certainty"], verdict
    run.save()


def _verdict_of_rows(run: Run) -> dict[str, Any]:
    inputs = Inputs.from_json(run.inputs)
    try:
        where = region(run.inputs["target"]["region"])
    except KeyError:
        return _cut_short("")
    contract = bundled()
    aim = read_aim(inputs.call, inputs.conversation_id, contract) if inputs.call else None
    verdict = judge_with_mend(list(run.findings.all()), inputs, where, contract, aim)
    # What was not asked cannot acquit: a run cut short is never "nothing wrong".
    return _cut_short("") | {"mend": verdict["mend"]} if verdict["cause"] == "none" else verdict


def _give_up_verifications(now: datetime) -> None:
    stuck = OAuthClient.objects.filter(
        state=OAuthClient.State.VERIFYING, verification_started_at__lt=now - LONGEST_VERIFICATION
    )
    stuck.update(
        state=OAuthClient.State.UNVERIFIED,
        verification=[_refusal("The verification did not come to an end: no worker finished it. Start it again.")],
    )
