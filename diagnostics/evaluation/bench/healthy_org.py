"""A healthy demo org with a response delay, and many clients of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from django.utils import timezone
from kombu import Connection

from diagnostics import tasks
from diagnostics.demo.log import RequestLog
from diagnostics.demo.orgs import PUBLISHED, DemoClient, DemoOrg, load_endpoint
from diagnostics.demo.scenarios import scenario
from diagnostics.demo.server import serve
from diagnostics.demo.tokens import Allowance
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.models import Run

REGION = "bench"


@dataclass(frozen=True)
class HealthyOrg:
    """`endpoints` are for the workers' settings."""

    endpoints: dict[str, dict[str, str]]
    org: DemoOrg
    client: DemoClient

    def make_clients(self, many: int, name: str = "Fleet") -> list[OAuthClient]:
        """Each with its own client ID, and so its own rate limit."""
        known = [replace(self.client, id=str(uuid4()), name=f"{name} {number}") for number in range(1, many + 1)]
        self.org.add_clients(known)
        return OAuthClient.objects.bulk_create(
            [
                OAuthClient(
                    name=client.name,
                    region=REGION,
                    client_id=client.id,
                    secret=client.secret,
                    state=OAuthClient.State.VERIFIED,
                    verified_at=timezone.now(),
                )
                for client in known
            ],
            batch_size=500,
        )


def queue_health_run(client: OAuthClient, broker_url: str) -> Run:
    """A scheduled run of the client, with its message in that broker."""
    run = create_run(client=client, kind=Run.Kind.HEALTH, inputs=Inputs(), user=None, source=Run.Source.SCHEDULE)
    with Connection(broker_url) as connection:
        options: Any = {"connection": connection}
        tasks.execute_scheduled_run.apply_async((run.pk,), **options)
    return run


@contextmanager
def healthy_org(
    latency_ms: float, *, allowance: Allowance | None = None, log: RequestLog | None = None
) -> Iterator[HealthyOrg]:
    """Serves the org during the block."""
    endpoint = load_endpoint(PUBLISHED)
    name = scenario("healthy-web").client
    org, client = next((org, client) for org in endpoint.orgs for client in org.clients if client.name == name)
    with serve(endpoint, latency_s=latency_ms / 1000, allowance=allowance, log=log) as address:
        yield HealthyOrg({REGION: {"api": address, "login": address}}, org, client)
