"""Registers the demo's clients. Existing clients are left unchanged."""

from django.db import transaction

from diagnostics.demo import story
from diagnostics.demo.orgs import KEYS, REGION, DemoClient, load_endpoint
from diagnostics.demo.scenarios import scenarios
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import OAuthClient

ENVIRONMENTS = {
    story.PUBLISHED_CLIENT: OAuthClient.Environment.PRODUCTION,
    story.GATEWAY_CLIENT: OAuthClient.Environment.PRODUCTION,
    story.PRODUCTION_CLIENT: OAuthClient.Environment.PRODUCTION,
    story.SANDBOX_CLIENT: OAuthClient.Environment.SANDBOX,
}  # all other clients are for development


def register_named(name: str) -> None:
    """Registers the demo's clients without a history if `name` is one of them and `up` never registered them."""
    demo_names = {scenario.client.lower() for scenario in scenarios()}
    if name.lower() in demo_names and not OAuthClient.objects.filter(name__iexact=name).exists():
        for key in KEYS:
            register(key)


def register(key: str) -> list[OAuthClient]:
    """Registers the missing clients of one endpoint's scenarios and returns them."""
    demo_names = {scenario.client for scenario in scenarios()}
    missing = [client for org in load_endpoint(key).orgs for client in org.clients if client.name in demo_names]
    return [created for client in missing if (created := register_one(REGION.format(key=key), client))]


@transaction.atomic
def register_one(region: str, client: DemoClient) -> OAuthClient | None:
    if OAuthClient.objects.filter(name__iexact=client.name).exists():
        return None
    secret = client.typed_secret or client.secret
    return create_client(
        name=client.name,
        region_key=region,
        client_id=client.id,
        secret=secret,
        user=None,
        environment=ENVIRONMENTS.get(client.name, OAuthClient.Environment.DEVELOPMENT),
    )
