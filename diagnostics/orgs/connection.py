"""Builds what sends requests to a client's org, for runs and in the background. Only this module decrypts secrets.

The access token of each client is stored encrypted, and shared between runs until shortly before it expires.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from diagnostics.checks.base import never
from diagnostics.engine.diagnosis import NOTHING_STORED, Diagnosis, StoredSteps
from diagnostics.engine.runner import DEADLINE_SECONDS
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.pace import UNPACED, Pace
from diagnostics.genesys.regions import Region, region
from diagnostics.genesys.response import TokenResult
from diagnostics.orgs.contracts import current_contract
from diagnostics.orgs.models import AccessToken, OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.storage.clock import DATABASE_NOW, database_now
from diagnostics.storage.model_fields import UnreadableSecret
from diagnostics.web.refusals import ActionRefused

EXPIRY_MARGIN = timedelta(minutes=5)  # of a token


def diagnosis_of(
    client: OAuthClient,
    kind: str,
    inputs: Inputs,
    *,
    target: dict[str, str] | None = None,
    part: bool = False,
    fresh_token: bool = False,
    may_start: Callable[[], bool] = never,
    deadline: float = 0,
    pace: Pace = UNPACED,
    stored: StoredSteps = NOTHING_STORED,
) -> Diagnosis:
    """Return a diagnosis of the client's org. Raises ActionRefused if no request can be sent.

    Pass `fresh_token` if permissions may have changed since the stored token was issued.
    """
    if target is None:  # a new run
        inputs = replace(inputs, company_gateway=client.company_gateway)
    target = target or {"region": client.region, "client_name": client.name, "client_id": client.client_id}
    target_region, secret = _access(client, target["region"])
    is_same = (target["region"], target["client_id"]) == (client.region, client.client_id)
    return Diagnosis(
        region=target_region,
        client_id=target["client_id"],
        secret=secret,
        client_name=target["client_name"],
        kind=kind,
        inputs=inputs,
        contract=current_contract(target_region.key),
        part=part,
        may_start=may_start,
        cached_token=stored_token(client) if is_same and not fresh_token else "",
        org_id=client.org_id if is_same else "",
        deadline=deadline or DEADLINE_SECONDS,
        pace=pace,
        stored=stored,
    )


def genesys_client_of(client: OAuthClient, *, max_calls: int, pace: Pace) -> tuple[GenesysClient, tuple[str, ...]]:
    """Return an API client for background reads, and the secrets to redact. Raises ActionRefused."""
    client_region, secret = _access(client, client.region)
    token = stored_token(client)
    genesys = GenesysClient(client_region, client.client_id, secret, saved_token=token, max_calls=max_calls, pace=pace)
    return genesys, tuple(filter(None, (secret, f"{client.client_id}:{secret}", token)))


def _access(client: OAuthClient, region_key: str) -> tuple[Region, str]:
    """The region to send requests to, and the client's secret. Raises ActionRefused."""
    try:
        found = region(region_key)
    except KeyError:
        raise ActionRefused(
            f"This server doesn't know the region {region_key}. If it's the demo's, start `manage.py up`; "
            "if it's your own, set GENESYS_ENDPOINTS."
        ) from None
    if client.is_retired:
        raise ActionRefused(f"The client {client.name} was retired, and its secret was deleted.")
    try:
        return found, client.secret
    except UnreadableSecret as error:
        raise ActionRefused(str(error)) from None


def incomplete_verdict(sentence: str) -> dict[str, Any]:
    return {
        "cause": "undetermined",
        "certainty": "undetermined",
        "sentence": sentence,
        "remedy": "",
        "because": [],
        "also": [],
    }


def stored_token(client: OAuthClient) -> str:
    """Return the client's stored token, or "" if it is missing, expired or can't be decrypted."""
    try:
        found = AccessToken.objects.filter(client=client, until__gt=DATABASE_NOW).first()
    except UnreadableSecret:
        delete_token(client)
        return ""
    return found.value if found else ""


def store_token(client: OAuthClient, token: TokenResult | None) -> None:
    """Store the token, unless the client's credentials changed since `client` was loaded."""
    if token is None or token.lifetime_s <= 2 * EXPIRY_MARGIN.total_seconds():
        return
    credentials = {"region": client.region, "client_id": client.client_id, "secret_set_at": client.secret_set_at}
    if not OAuthClient.objects.filter(pk=client.pk, retired_at=None, **credentials).exists():
        return
    until = database_now() + timedelta(seconds=token.lifetime_s) - EXPIRY_MARGIN
    AccessToken.objects.update_or_create(client=client, defaults={"value": token.value, "until": until})


def delete_token(client: OAuthClient) -> None:
    AccessToken.objects.filter(client=client).delete()
