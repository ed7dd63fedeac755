"""Fills the database with the orgs of a large installation: clients, providers, permissions, changes and runs."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from diagnostics.orgs.models import ConfigurationSync, HeldPermission, OAuthClient, OrgChange, Provider
from diagnostics.runs.models import Run

AT_ONCE = 5_000
EVERY_GATEWAY = 10  # one of this many clients has a gateway
NAMES = ("Shop", "Help centre", "Careers", "Checkout", "Partner portal", "Banking", "Claims", "Support")
PERMISSIONS = (
    "conversation:cobrowse:add",
    "conversation:cobrowsevoice:add",
    "webdeployments:*:view",
    "oauth:client:view",
)
SETTINGS: dict[str, Any] = {
    "enabled": True,
    "channels": ["Webmessaging", "Voice"],
    "allowAgentControl": True,
    "allowAgentNavigation": False,
    "allowDraw": True,
    "maskSelectors": [".card-number", "#iban", "[data-private]"],
    "readonlySelectors": [],
    "pauseCriteria": [{"urlFragment": "/pay", "condition": "Includes"}],
    "allowAllDomains": False,
    "allowedDomains": ["shop.example", "help.example"],
}
PARTS = [
    {"part": part, "state": "whole", "code": "read", "sentence": "All of it was read.", "items": 50}
    for part in ("rights", "gateway", "deployments", "drafts")
]


@dataclass(frozen=True)
class Sizes:
    """The number of rows of each kind. `in_one_org` is the number of deployments of the first client."""

    clients: int = 1_000
    deployments: int = 50_000
    in_one_org: int = 5_000
    changes: int = 50_000
    runs: int = 20_000


class Filler:
    """Creates the same rows every time."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.random = random.Random(7)  # noqa: S311 - not used for security
        self.now = timezone.now()

    def id(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def clients(self) -> Iterator[OAuthClient]:
        environments = [each.value for each in OAuthClient.Environment]
        for number in range(self.sizes.clients):
            yield OAuthClient(
                name=f"Client {number:04}",
                region="eu-west-1",
                client_id=self.id(),
                secret="bench",  # noqa: S106 - not a real secret
                state=OAuthClient.State.VERIFIED,
                verified_at=self.now,
                org_id=self.id(),
                org_name=f"Org {number}",
                gateway=_has_gateway(number),
                environment=environments[number % len(environments)],
                status=OAuthClient.Status.WORKS if number % 7 else OAuthClient.Status.BROKEN,
                status_since=self.now,
                status_at=self.now,
            )

    def snapshots(self, clients: Sequence[OAuthClient]) -> Iterator[ConfigurationSync]:
        for client in clients:
            yield ConfigurationSync(
                client=client,
                state=ConfigurationSync.State.COMPLETE,
                source=ConfigurationSync.Source.SCHEDULE,
                finished_at=self.now,
                parts=PARTS,
                permissions=_rights(client),
            )

    def providers(self, clients: Sequence[OAuthClient], snapshots: Sequence[ConfigurationSync]) -> Iterator[Provider]:
        """The first org has `in_one_org` of the deployments. One in ten orgs has a gateway with five providers."""
        for number in range(self.sizes.deployments):
            owner = 0 if number < self.sizes.in_one_org else number % len(clients)
            yield self._deployment(number, clients[owner], snapshots[owner])
        for number, client in enumerate(clients):
            for word in NAMES[:5] if _has_gateway(number) else ():
                ref = f"{word.lower().replace(' ', '-')}-{number % 50}"
                yield self._provider(client, snapshots[number], Provider.Source.GATEWAY, ref, word)

    def _deployment(self, number: int, client: OAuthClient, snapshot: ConfigurationSync) -> Provider:
        is_on = number % 5 > 0
        provider = self._provider(
            client, snapshot, Provider.Source.DEPLOYMENT, self.id(), f"{NAMES[number % len(NAMES)]} {number}"
        )
        provider.state = Provider.State.ON if is_on else Provider.State.OFF
        provider.status, provider.version = "Active", str(number % 30)
        provider.channels, provider.settings = SETTINGS["channels"], {**SETTINGS, "enabled": is_on}
        return provider

    def _provider(self, client: OAuthClient, snapshot: ConfigurationSync, source: str, ref: str, name: str) -> Provider:
        changed = self.now - timedelta(minutes=self.random.randrange(60 * 24 * 90))
        return Provider(
            client=client,
            source=source,
            ref=ref,
            name=name,
            state=Provider.State.ON,
            first_seen_at=changed,
            last_seen_at=self.now,
            changed_at=changed,
            sync=snapshot,
        )

    def held_permissions(self, clients: Sequence[OAuthClient]) -> Iterator[HeldPermission]:
        for client in clients:
            for permission in PERMISSIONS:
                for division in ("*", client.org_id):
                    yield HeldPermission(
                        client=client, permission=permission, role="Cobrowse reader", division=division
                    )

    def changes(self, providers: Sequence[Provider]) -> Iterator[OrgChange]:
        for number in range(self.sizes.changes):
            provider = providers[self.random.randrange(len(providers))]
            at = self.now - timedelta(minutes=self.sizes.changes - number)
            yield OrgChange(
                client_id=provider.client_id,
                provider=provider,
                about=provider.source,
                ref=provider.ref,
                name=provider.name,
                kind=OrgChange.Kind.DISABLED if number % 3 else OrgChange.Kind.CHANGED,
                setting="enabled" if number % 3 else "channels",
                before=True if number % 3 else ["Voice"],
                after=False if number % 3 else ["Webmessaging", "Voice"],
                not_before=at - timedelta(hours=6),
                at=at,
            )

    def runs(self, clients: Sequence[OAuthClient], providers: Sequence[Provider]) -> Iterator[Run]:
        for number in range(self.sizes.runs):
            provider = providers[self.random.randrange(len(providers))]
            kind = "deployment" if provider.source == Provider.Source.DEPLOYMENT else "provider"
            at = self.now - timedelta(minutes=self.sizes.runs - number)
            yield Run(
                client_id=provider.client_id,
                status=Run.Status.FINISHED,
                created_at=at,
                started_at=at,
                finished_at=at,
                cause="none" if number % 4 else "config.cobrowse_disabled",
                certainty="proved",
                duration_ms=900.0,
                target=f"start:{provider.client_id}",
                search_keys=[f"{kind}:{provider.ref}", f"permission:{PERMISSIONS[number % len(PERMISSIONS)]}"],
            )


def fill_orgs(sizes: Sizes) -> None:
    """Fills the current database."""
    filler = Filler(sizes)
    clients = list(OAuthClient.objects.bulk_create(filler.clients()))
    snapshots = list(ConfigurationSync.objects.bulk_create(filler.snapshots(clients)))
    providers = [
        provider for some in _batches(filler.providers(clients, snapshots)) for provider in _store(Provider, some)
    ]
    for model, rows in (
        (HeldPermission, filler.held_permissions(clients)),
        (OrgChange, filler.changes(providers)),
        (Run, filler.runs(clients, providers)),
    ):
        for some in _batches(rows):
            _store(model, some)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while some := list(islice(iterator, AT_ONCE)):
        yield some


def _store(model: Any, rows: list[Any]) -> list[Any]:
    stored: list[Any] = model.objects.bulk_create(rows)
    return stored


def _has_gateway(number: int) -> bool:
    return number % EVERY_GATEWAY == EVERY_GATEWAY - 1


def _rights(client: OAuthClient) -> dict[str, Any]:
    """The permissions of a client, in the form in which a sync stores them."""
    policies = list(PERMISSIONS)
    grants = [
        {
            "role": f"Role {number}",
            "role_id": f"role-{number}",
            "division": f"division-{number}",
            "division_name": f"Division {number}",
            "policies": policies,
            "conditional": [],
        }
        for number in range(6)
    ]
    return {
        "org": {"id": client.org_id, "name": client.org_name, "state": "active", "features": {}},
        "client": {
            "name": client.name,
            "state": "active",
            "grant_type": "CLIENT-CREDENTIALS",
            "scopes": [],
            "token_seconds": 86_400,
        },
        "grants": grants,
        "unread_roles": [],
        "catalogue": {"conversation:cobrowse:add": True, "conversation:cobrowsevoice:add": True},
        "limits": {"platform.api": {"client.credentials.token.rate.per.minute": 300}},
        "rate_left": 280,
        "divisions": 6,
        "read": {"tokens/me": "ok", "subjects/me": "ok"},
    }
