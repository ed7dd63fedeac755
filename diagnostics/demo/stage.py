"""Temporary demo orgs to record the story with, and the org states of the story."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.conf import settings

from diagnostics.demo import server
from diagnostics.demo.orgs import DemoOrg, Endpoint
from diagnostics.demo.server import Running
from diagnostics.demo.story import STATES, OrgState
from diagnostics.orgs.models import OAuthClient


@contextmanager
def running_demo_orgs() -> Iterator[Running]:
    """Separate demo orgs, whose state can be changed without affecting others."""
    before, running = settings.GENESYS_ENDPOINTS, server.start()
    settings.GENESYS_ENDPOINTS = {**before, **running.endpoints}
    try:
        yield running
    finally:
        settings.GENESYS_ENDPOINTS = before
        running.stop()


@contextmanager
def org_in_state(client: OAuthClient, running: Running, name: str) -> Iterator[None]:
    """Puts the client's org into the state with that name for the duration of the block."""
    endpoint, org = next(
        (candidate, org) for candidate in running.orgs.values() if (org := candidate.org_of(client.client_id))
    )
    original = org.configurations, org.deployments, endpoint.providers
    before = org.update_client(client.client_id, **STATES[name].client)
    _change(endpoint, org, STATES[name])
    try:
        yield
    finally:
        org.configurations, org.deployments, endpoint.providers = original
        org.add_clients([before])


def _change(endpoint: Endpoint, org: DemoOrg, state: OrgState) -> None:
    if state.renamed:
        current, former = state.renamed
        endpoint.providers = tuple(
            replace(provider, id=former) if provider.id == current else provider for provider in endpoint.providers
        )
    if state.published:
        version, is_on = state.published
        org.configurations = tuple(
            {**configuration, "version": version, "cobrowse": {**configuration["cobrowse"], "enabled": is_on}}
            for configuration in org.configurations
        )
        org.deployments = tuple(
            {**deployment, "configuration": {**deployment["configuration"], "version": version}}
            for deployment in org.deployments
        )
