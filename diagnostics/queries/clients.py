"""Reads of OAuth clients."""

from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from diagnostics.genesys import regions
from diagnostics.models import OAuthClient, Run


@dataclass(frozen=True)
class ClientRow:
    client: OAuthClient
    last_run: Run | None

    @property
    def region_name(self) -> str:
        return region_name(self.client.region)


def region_name(key: str) -> str:
    """A region that is no longer configured shows its key."""
    try:
        return regions.region(key).name
    except KeyError:
        return key


def client_rows(*, retired: bool = False) -> list[ClientRow]:
    """Clients by name with the run that was started last for each."""
    newest = Run.objects.filter(client=OuterRef("pk")).order_by("-id").values("pk")[:1]
    clients = list(
        OAuthClient.objects.filter(retired_at__isnull=not retired)
        .defer("secret", "verification")
        .annotate(last_run_id=Subquery(newest))
        .order_by("name")
    )
    runs = Run.objects.defer("inputs", "verdict").in_bulk(
        [client.last_run_id for client in clients if client.last_run_id]
    )
    return [ClientRow(client, runs.get(client.last_run_id)) for client in clients]
