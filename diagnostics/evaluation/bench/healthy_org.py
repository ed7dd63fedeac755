"""One org that answers late and is in order, and many clients of it."""

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
    """Served for as long as the block runs; gives the endpoints that workers need to find it."""
    with serve(load_endpoint(PUBLISHED), latency_s=latency_ms / 1000) as address:
        yield {REGION: {"api": address, "login": address}}


def make_clients(many: int, name: str = "Fleet") -> list[OAuthClient]:
    told = scenario("healthy-web").client
    known = next(each for org in load_endpoint(PUBLISHED).orgs for each in org.clients if each.name == told)
    return OAuthClient.objects.bulk_create(
        [
            OAuthClient(
                name=f"{name} {number}",
                region=REGION,
                client_id=known.id,
                secret=known.secret,
                state=OAuthClient.State.VERIFIED,
                verified_at=timezone.now(),
            )
            for number in range(1, many + 1)
        ],
        batch_size=500,
    )
