"""Creates, changes, verifies and retires OAuth clients."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from diagnostics.accounts import actor as acting
from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.accounts.rate_limits import Limit, enforce_limit
from diagnostics.checks.base import all_checks
from diagnostics.engine.finding import FindingResult
from diagnostics.jobs.row_failures import Kind, forget_failure, process_batch, without_set_aside
from diagnostics.orgs.connection import delete_token, diagnosis_of, store_token
from diagnostics.orgs.models import CallFailure, OAuthClient, UsageReading
from diagnostics.orgs.rate_limits import ClientPace
from diagnostics.orgs.status import update_status_from_verification
from diagnostics.parsing.inputs import Inputs
from diagnostics.storage.clock import DATABASE_NOW, database_now
from diagnostics.web.refusals import ActionRefused, SecretMissing

VERIFICATIONS = Limit(("client.verification_started",), 20, "started {} verifications")
State = OAuthClient.State
HEALTH_CHECK = "health"  # Run.Kind.HEALTH
MAX_VERIFICATION_TIME = timedelta(seconds=90)


def refuse_unusable(client: OAuthClient) -> None:
    """Raises SecretMissing or ActionRefused for a client that can't send requests."""
    if client.is_retired:
        raise ActionRefused(f"The client {client.name} is retired. Choose another client.")
    if not client.has_secret:
        raise SecretMissing(f"{client.name} has no secret yet. Add it on the client's page, then verify the client.")


@transaction.atomic
def create_client(
    *,
    name: str,
    region_key: str,
    client_id: str,
    secret: str,
    user: User | None,
    environment: str = "",
    company_gateway: str = "",
) -> OAuthClient:
    """Create an unverified client, without a secret if it is "". Raises IntegrityError if the name is in use.

    The caller validates the fields.
    """
    client = OAuthClient.objects.create(
        name=name,
        region=region_key,
        client_id=client_id,
        secret=secret,
        state=State.UNVERIFIED if secret else State.NO_SECRET,
        created_by=user,
        environment=environment,
        company_gateway=company_gateway,
    )
    record("client.added", client, after=_audit_values(client), person=user)
    return client


@transaction.atomic
def change_client(
    client: OAuthClient,
    *,
    name: str,
    region_key: str,
    client_id: str,
    environment: str,
    company_gateway: str | None = None,
) -> None:
    """Change the client. A new region or client ID makes it unverified and clears what is known about the org."""
    before = _audit_values(client)
    is_moved = (client.region, client.client_id) != (region_key, client_id)
    client.name, client.region, client.client_id, client.environment = name, region_key, client_id, environment
    if company_gateway is not None:
        client.company_gateway = company_gateway
    fields = ["name", "region", "client_id", "environment", "company_gateway", "updated_at"]
    client.save(update_fields=fields + _forget_org(client) if is_moved else fields)
    record("client.changed", client, before=before, after=_audit_values(client))


@transaction.atomic
def replace_secret(client: OAuthClient, secret: str) -> None:
    client.secret, client.secret_set_at = secret, database_now()
    delete_token(client)
    client.state, client.verification = State.UNVERIFIED, []
    client.save(update_fields=["secret", "secret_set_at", "state", "verification", "updated_at"])
    record("client.secret_replaced", client)


@transaction.atomic
def retire_client(client: OAuthClient) -> None:
    """Delete the secret and prevent new runs. Existing runs stay readable."""
    client.retired_at, client.secret, client.state = database_now(), "", State.UNVERIFIED
    delete_token(client)
    client.save(update_fields=["retired_at", "secret", "state", "updated_at"])
    record("client.retired", client)


def _audit_values(client: OAuthClient) -> dict[str, Any]:
    return {
        "name": client.name,
        "region": client.region,
        "client_id": client.client_id,
        "environment": client.environment,
        **({"company_gateway": client.company_gateway} if client.company_gateway else {}),
    }


def _forget_org(client: OAuthClient) -> list[str]:
    """Clear the token and what is known about the org, without saving. Returns the changed fields."""
    delete_token(client)
    UsageReading.objects.filter(client=client).delete()
    CallFailure.objects.filter(client=client).delete()
    empty: dict[str, Any] = {
        "state": State.UNVERIFIED if client.has_secret else State.NO_SECRET,
        "verification": [],
        "verified_at": None,
        "org_id": "",
        "org_name": "",
        "gateway": None,
        "gateway_seen_at": None,
        "status": OAuthClient.Status.UNKNOWN,
        "status_cause": "",
        "status_reason": "",
        "status_since": None,
        "status_at": None,
    }
    for field, value in empty.items():
        setattr(client, field, value)
    return list(empty)


@transaction.atomic
def start_verification(client: OAuthClient) -> bool:
    """Mark the client as being verified. Returns False if it is retired, has no secret or is being verified.

    Raises TooOften if the current user started too many verifications.
    """
    enforce_limit(VERIFICATIONS, acting.current_actor().person())
    return mark_verifying(client)


def mark_verifying(client: OAuthClient) -> bool:
    """As start_verification, without its limit, for an import."""
    idle = OAuthClient.objects.filter(pk=client.pk, retired_at=None).exclude(
        state__in=(State.VERIFYING, State.NO_SECRET)
    )
    is_started = idle.update(state=State.VERIFYING, verification=[], verification_started_at=DATABASE_NOW)
    delete_token(client)
    forget_failure(Kind.CLIENT, client.pk)
    client.refresh_from_db()
    if is_started:
        record("client.verification_started", client)
    return bool(is_started)


def verify_client(client_id: int) -> None:
    """Run the verification checks and store each step as it finishes, for the page to show. Safe to call twice."""
    client = OAuthClient.objects.filter(pk=client_id, state=State.VERIFYING).defer("secret").first()
    if client is None or client.verification:
        return
    pace = ClientPace(client, is_background=False, patience_s=MAX_VERIFICATION_TIME.total_seconds() / 2)
    try:
        diagnosis = diagnosis_of(client, HEALTH_CHECK, Inputs(), deadline=30, pace=pace)
    except ActionRefused as refused:
        _end_verification(client, [not_verified_step(str(refused))])
        return
    steps: list[dict[str, Any]] = []
    checks = tuple(check for check in all_checks() if check.verifies_client)
    with pace:
        pace.start()  # in this thread, which has a database connection
        for step in diagnosis.steps(checks):
            duration = round(sum(exchange.ms for exchange in step.exchanges))
            steps += [{**finding.as_dict(), "ms": duration} for finding in step.findings]
            OAuthClient.objects.filter(pk=client.pk, state=State.VERIFYING).update(verification=steps)
    _end_verification(client, steps)
    store_token(client, diagnosis.issued_token)


def _end_verification(client: OAuthClient, steps: list[dict[str, Any]]) -> None:
    by_check = {step["check"]: step for step in steps}
    identity = by_check.get("oauth.identity", {})
    is_verified = identity.get("outcome") == "pass"
    is_failed = any(step["outcome"] == "fail" for step in steps)
    changes: dict[str, Any] = {"verification": steps, "state": State.FAILED if is_failed else State.UNVERIFIED}
    if is_verified:
        evidence = identity["evidence"]
        now = database_now()
        changes |= {"state": State.VERIFIED, "verified_at": now, "next_sync_at": now}
        changes |= {"org_id": evidence["org_id"], "org_name": evidence["org_name"]}
    OAuthClient.objects.filter(pk=client.pk, state=State.VERIFYING).update(**changes)
    update_status_from_verification(client.pk, steps)
    store_gateway(client, by_check.get("provider.configured", {}).get("code", ""))


def not_verified_step(sentence: str) -> dict[str, Any]:
    return FindingResult("oauth.token", 1, "", "error", "not_asked", sentence, "").as_dict() | {"ms": 0}


def store_gateway(client: OAuthClient, code: str) -> None:
    """Store whether the org has a gateway. An inconclusive code leaves the previous value."""
    has_gateway = {"listed": True, "none_configured": True, "no_provider_list": False}.get(code)
    if has_gateway is not None:
        OAuthClient.objects.filter(pk=client.pk).update(gateway=has_gateway, gateway_seen_at=DATABASE_NOW)


def end_stuck_verifications(now: datetime | None = None) -> None:
    """End verifications that no worker finished within MAX_VERIFICATION_TIME."""
    now = now or database_now()
    stuck = OAuthClient.objects.filter(state=State.VERIFYING, verification_started_at__lt=now - MAX_VERIFICATION_TIME)

    def end(pks: list[int]) -> None:
        sentence = "No worker finished the verification. Verify again."
        stuck.filter(pk__in=pks).update(state=State.UNVERIFIED, verification=[not_verified_step(sentence)])

    process_batch(Kind.CLIENT, without_set_aside(stuck, Kind.CLIENT).values_list("pk", flat=True)[:500], end)


def end_failed_verification(client_id: int) -> None:
    """End a verification that failed because of an error in our code."""
    sentence = "The verification failed because of an error in Cobrowse Doctor. Verify again."
    verifying = OAuthClient.objects.filter(pk=client_id, state=State.VERIFYING)
    verifying.update(state=State.UNVERIFIED, verification=[not_verified_step(sentence)])
