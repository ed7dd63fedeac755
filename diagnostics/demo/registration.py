"""Registers the demo's clients. Harmless when done again: what is there stays as it is."""

from django.db import transaction

from diagnostics.demo import story
from diagnostics.demo.orgs import KEYS, REGION, DemoClient, load_endpoint
from diagnostics.demo.scenarios import scenarios
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import OAuthClient

TIERS = {
    story.PUBLISHED_CLIENT: OAuthClient.Tier.PRODUCTION,
    story.GATEWAY_CLIENT: OAuthClient.Tier.PRODUCTION,
    story.PRODUCTION_CLIENT: OAuthClient.Tier.PRODUCTION,
    story.SANDBOX_CLIENT: OAuthClient.Tier.SANDBOX,
}  # all others are there to be tried with


def register_named(name: str) -> None:
    """Register the demo's clients, without any history, if one of them is meant and not there: `up` never ran here."""
    told = {each.client.lower() for each in scenarios()}
    if name.lower() in told and not OAuthClient.objects.filter(name__iexact=name).exists():
        for key in KEYS:
            register(key)


def register(key: str) -> list[OAuthClient]:
    """The clients of one endpoint's scenarios that are not there yet. One that somebody changed is left alone."""
    told = {each.client for each in scenarios()}
    wanted = [client for org in load_endpoint(key).orgs for client in org.clients if client.name in told]
    return [made for client in wanted if (made := register_one(REGION.format(key=key), client))]


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
        tier=TIERS.get(client.name, OAuthClient.Tier.DEVELOPMENT),
    )
