"""Registers the demo clients and creates their history. Existing data is left unchanged."""

from dataclasses import dataclass

from django.db.models import QuerySet

from diagnostics.demo import narration, story
from diagnostics.demo.in_process_server import serve_demo_region
from diagnostics.demo.orgs import KEYS, REGION
from diagnostics.demo.registration import register
from diagnostics.orgs.clients import start_verification, verify_client
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, UsageReading
from diagnostics.orgs.sync.lifecycle import run_sync, start_sync
from diagnostics.orgs.usage import read_usage
from diagnostics.runs.models import Run
from diagnostics.storage.clock import DATABASE_NOW


@dataclass(frozen=True)
class Seeded:
    """The number of new clients and runs."""

    clients: int
    runs: int


def seed() -> Seeded:
    """Registers and verifies the clients, and creates the history unless it exists."""
    for key in KEYS:
        serve_demo_region(REGION.format(key=key))
    registered = [client for key in KEYS for client in register(key)]
    runs = 0 if Run.objects.filter(source=Run.Source.DEMO).exists() else seed_story()
    for client in demo_clients(OAuthClient.State.UNVERIFIED):  # also those left over from an interrupted start
        if start_verification(client):
            verify_client(client.pk)
            read_org(client)
    for client in demo_clients(OAuthClient.State.VERIFIED).filter(usage_reading=None):
        read_usage_now(client)
    return Seeded(len(registered), runs)


def demo_clients(state: str) -> QuerySet[OAuthClient]:
    regions = [REGION.format(key=key) for key in KEYS]
    return OAuthClient.objects.filter(region__in=regions, retired_at=None, state=state).defer("secret")


def read_usage_now(client: OAuthClient) -> None:
    """Both requests of a reading at once: the demo orgs have their results ready."""
    reading = UsageReading.objects.create(client=client)
    read_usage(client.pk)
    UsageReading.objects.filter(pk=reading.pk, state=UsageReading.State.REQUESTED).update(next_at=DATABASE_NOW)
    read_usage(client.pk)


def seed_story() -> int:
    """Creates the history, and returns the number of runs. Does nothing if one of the story's clients is missing."""
    found = OAuthClient.objects.filter(name__in=story.CLIENTS, region__startswith="demo-", retired_at=None)
    clients = {client.name: client for client in found}
    return narration.narrate(clients) if set(clients) == set(story.CLIENTS) else 0


def read_org(client: OAuthClient) -> None:
    """Syncs the org of a verified client, as the product does after each successful verification."""
    client.refresh_from_db()
    if client.state == OAuthClient.State.VERIFIED:
        snapshot = start_sync(client, source=ConfigurationSync.Source.REGISTRATION, user=None)
        if snapshot is not None:
            run_sync(snapshot.pk)
