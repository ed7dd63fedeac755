"""A healthy demo org with a response delay, and many clients of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from diagnostics.demo.orgs import PUBLISHED, load_endpoint
from diagnostics.demo.scenarios import scenario
from diagnostics.demo.server import serve
from diagnostics.orgs.models import OAuthClient

REGION = "bench"


@contextmanager
def healthy_org(latency_ms: float) -> Iterator[dict[str, dict[str, str]]]:
    """Serves the org during the block. Yields the endpoints for the workers' settings."""
    with serve(load_endpoint(PUBLISHED), latency_s=latency_ms / 1000) as address:
        yield {REGION: {"api": address, "login": address}}


def make_clients(many: int, name: str = "Fleet") -> list[OAuthClient]:
    client_name = scenario("healthy-web").client
    demo_client = next(
        client for org in load_endpoint(PUBLISHED).orgs for client in org.clients if client.name == client_name
    )
    return OAuthClient.objects.bulk_create(
        [
            OAuthClient(
                name=f"{name} {number}",
                region=REGION,
                client_id=demo_client.id,
                secret=demo_client.secret,
                state=OAuthClient.State.VERIFIED,
                verified_at=timezone.now(),
            )
            for number in range(1, many + 1)
        ],
        batch_size=500,
    )
