"""Demo orgs of our own for the time of the story's making, and one of them set up as it was in a state of the story."""

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
def served() -> Iterator[Running]:
    """Their state may be changed without anybody else noticing."""
    before, running = settings.GENESYS_ENDPOINTS, server.start()
    settings.GENESYS_ENDPOINTS = {**before, **running.endpoints}
    try:
        yield running
    finally:
        settings.GENESYS_ENDPOINTS = before
        running.stop()


@contextmanager
def set_up(client: OAuthClient, running: Running, name: str) -> Iterator[None]:
    """The client's org in the state of that name, for so long."""
    endpoint, org = next((each, org) for each in running.orgs.values() if (org := each.org_of(client.client_id)))
    kept = org.configurations, org.deployments, endpoint.providers
    before = org.update_client(client.client_id, **STATES[name].client)
    _change(endpoint, org, STATES[name])
    try:
        yield
    finally:
        org.configurations, org.deployments, endpoint.providers = kept
        org.add_clients([before])


def _change(endpoint: Endpoint, org: DemoOrg, state: OrgState) -> None:
    if state.renamed:
        now, then = state.renamed
        endpoint.providers = tuple(replace(each, id=then) if each.id == now else each for each in endpoint.providers)
    if state.published:
        version, is_on = state.published
        org.configurations = tuple(
            {**each, "version": version, "cobrowse": {**each["cobrowse"], "enabled": is_on}}
            for each in org.configurations
        )
        org.deployments = tuple(
            {**each, "configuration": {**each["configuration"], "version": version}} for each in org.deployments
        )
