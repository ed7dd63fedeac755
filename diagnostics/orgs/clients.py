"""Writes about OAuth clients: registering, changing, verifying, retiring."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from diagnostics.accounts import actor as acting
from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.checks.base import all_checks
from diagnostics.engine.finding import FindingResult
from diagnostics.jobs.row_failures import Kind, forget_failure, rows_together, without_set_aside
from diagnostics.orgs.connection import diagnosis_of
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.status import update_status_from_verification
from diagnostics.orgs.tokens import forget_token, remember_token
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.limits import VERIFICATIONS, enforce_limit
from diagnostics.runs.models import Run
from diagnostics.web.refusals import ActionRefused

VERIFYING = ("oauth.token", "oauth.identity", "provider.configured")
LONGEST_VERIFICATION = timedelta(seconds=90)


@transaction.atomic
def create_client(
    *,
    name: str,
    region_key: str,
    client_id: str,
    secret: str,
    user: User | None,
    tier: str = "",
    company_gateway: str = "",
) -> OAuthClient:
    """An unverified client. The caller has validated the fields; a name in use raises IntegrityError."""
    client = OAuthClient.objects.create(
        name=name,
        region=region_key,
        client_id=client_id,
        secret=secret,
        created_by=user,
        tier=tier,
        company_gateway=company_gateway,
    )
    record("client.added", client, after=_audit_values(client), person=user)
    return client


@transaction.atomic
def change_client(
    client: OAuthClient, *, name: str, region_key: str, client_id: str, tier: str, company_gateway: str | None = None
) -> None:
    """What is known of the org belongs to the old address, so a changed region or id is unverified again."""
    before = _audit_values(client)
    moved = (client.region, client.client_id) != (region_key, client_id)
    client.name, client.region, client.client_id, client.tier = name, region_key, client_id, tier
    if company_gateway is not None:
        client.company_gateway = company_gateway
    changed = ["name", "region", "client_id", "tier", "company_gateway", "updated_at"]
    client.save(update_fields=changed + _forget_org(client) if moved else changed)
    record("client.changed", client, before=before, after=_audit_values(client))


@transaction.atomic
def replace_secret(client: OAuthClient, secret: str) -> None:
    client.secret, client.secret_set_at = secret, timezone.now()
    forget_token(client)
    client.state, client.verification = OAuthClient.State.UNVERIFIED, []
    client.save(update_fields=["secret", "secret_set_at", "state", "verification", "updated_at"])
    record("client.secret_replaced", client)


@transaction.atomic
def retire_client(client: OAuthClient) -> None:
    """No run can be started with it any more; those it has stay readable. The secret is gone for good."""
    client.retired_at, client.secret, client.state = timezone.now(), "", OAuthClient.State.UNVERIFIED
    forget_token(client)
    client.save(update_fields=["retired_at", "secret", "state", "updated_at"])
    record("client.retired", client)


def _audit_values(client: OAuthClient) -> dict[str, Any]:
    return {
        "name": client.name,
        "region": client.region,
        "client_id": client.client_id,
        "tier": client.tier,
        **({"company_gateway": client.company_gateway} if client.company_gateway else {}),
    }


def _forget_org(client: OAuthClient) -> list[str]:
    """Which fields were emptied. The token is gone as well."""
    forget_token(client)
    empty: dict[str, Any] = {
        "state": OAuthClient.State.UNVERIFIED,
        "verification": [],
        "verified_at": None,
        "org_id": "",
        "org_name": "",
        "gateway": None,
        "gateway_seen_at": None,
        "standing": OAuthClient.Standing.UNKNOWN,
        "standing_cause": "",
        "standing_reason": "",
        "standing_since": None,
        "standing_at": None,
    }
    for field, value in empty.items():
        setattr(client, field, value)
    return list(empty)


@transaction.atomic
def start_verification(client: OAuthClient) -> bool:
    """Mark the client as being verified; False when that is already under way, or the client is retired.

    Raises TooOften where the person who acts has started too many.
    """
    enforce_limit(VERIFICATIONS, acting.current_actor().person())
    started = timezone.now()
    idle = OAuthClient.objects.filter(pk=client.pk, retired_at=None).exclude(state=OAuthClient.State.VERIFYING)
    won = idle.update(state=OAuthClient.State.VERIFYING, verification=[], verification_started_at=started)
    forget_token(client)
    forget_failure(Kind.CLIENT, client.pk)
    client.refresh_from_db()
    if won:
        record("client.verification_started", client)
    return bool(won)


def verify_client(client_id: int) -> None:
    """Ask the org, and write each step as it ends, so that the page shows it. Harmless when rung twice."""
    client = OAuthClient.objects.filter(pk=client_id, state=OAuthClient.State.VERIFYING).defer("secret").first()
    if client is None or client.verification:
        return
    try:
        diagnosis = diagnosis_of(client, Run.Kind.HEALTH, Inputs(), deadline=30)
    except ActionRefused as trouble:
        _end_verification(client, [refusal(str(trouble))])
        return
    steps: list[dict[str, Any]] = []
    checks = tuple(check for check in all_checks() if check.id in VERIFYING)
    for step in diagnosis.steps(checks):
        took = round(sum(each.ms for each in step.exchanges))
        steps += [{**finding.as_dict(), "ms": took} for finding in step.findings]
        OAuthClient.objects.filter(pk=client.pk, state=OAuthClient.State.VERIFYING).update(verification=steps)
    _end_verification(client, steps)
    remember_token(client, diagnosis.issued_token)


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
        now = timezone.now()  # what the org has set up is read next
        changes |= {"verified_at": now, "next_reading_at": now}
        changes |= {"org_id": evidence["org_id"], "org_name": evidence["org_name"]}
    OAuthClient.objects.filter(pk=client.pk, state=state.VERIFYING).update(**changes)
    update_status_from_verification(client.pk, steps)
    remember_gateway(client, said.get("provider.configured", {}).get("code", ""))


def refusal(sentence: str) -> dict[str, Any]:
    return FindingResult("oauth.token", 1, "", "error", "not_asked", sentence, "").as_dict() | {"ms": 0}


def remember_gateway(client: OAuthClient, code: str) -> None:
    """The capability as last measured; a measurement that told nothing leaves the one before."""
    has_one = {"listed": True, "none_configured": True, "no_provider_list": False}.get(code)
    if has_one is not None:
        OAuthClient.objects.filter(pk=client.pk).update(gateway=has_one, gateway_seen_at=timezone.now())


def give_up_verifications(now: datetime | None = None) -> None:
    now = now or timezone.now()
    stuck = OAuthClient.objects.filter(
        state=OAuthClient.State.VERIFYING, verification_started_at__lt=now - LONGEST_VERIFICATION
    )

    def end(pks: list[int]) -> None:
        sentence = "The verification did not come to an end: no worker finished it. Start it again."
        stuck.filter(pk__in=pks).update(state=OAuthClient.State.UNVERIFIED, verification=[refusal(sentence)])

    rows_together(Kind.CLIENT, without_set_aside(stuck, Kind.CLIENT).values_list("pk", flat=True)[:500], end)


def give_up_verification(client_id: int) -> None:
    """For one that failed by a fault of ours."""
    sentence = "The verification failed because of an error in Cobrowse Doctor. Start it again."
    verifying = OAuthClient.objects.filter(pk=client_id, state=OAuthClient.State.VERIFYING)
    verifying.update(state=OAuthClient.State.UNVERIFIED, verification=[refusal(sentence)])
