"""Orgs: the clients that verification found to belong to one Genesys Cloud org."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404

from diagnostics.accounts.models import User
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_clients

Status, Environment = OAuthClient.Status, OAuthClient.Environment
STATUSES = (Status.BROKEN, Status.UNKNOWN, Status.WORKS)  # needs attention first
ENVIRONMENTS = (Environment.PRODUCTION, Environment.NOT_SET, Environment.SANDBOX, Environment.DEVELOPMENT)
ORG_ID = re.compile(r"(?!client-)[\w-]{1,64}", re.ASCII)
CLIENT_KEY = re.compile(r"client-(\d{1,18})", re.ASCII)


@dataclass(frozen=True)
class Org:
    """An org and its clients, by name. A client whose org isn't known yet is an org of its own, without an ID."""

    clients: tuple[OAuthClient, ...]

    @property
    def key(self) -> str:
        """The org in URLs: its ID, or one of its clients if the ID is unknown or doesn't fit in a path."""
        first = min(self.clients, key=lambda client: client.pk)
        return first.org_id if ORG_ID.fullmatch(first.org_id) else f"client-{first.pk}"

    @property
    def is_known(self) -> bool:
        return bool(self.clients[0].org_id)

    @property
    def org_id(self) -> str:
        return self.clients[0].org_id

    @property
    def name(self) -> str:
        """The name that the org reports; its ID or client where it reports none."""
        return self.deciding.org_name or self.org_id or self.clients[0].name

    @property
    def region(self) -> str:
        return self.clients[0].region

    @property
    def deciding(self) -> OAuthClient:
        """The client whose status is the org's: one that is down, otherwise one that works."""
        order = (Status.BROKEN, Status.WORKS, Status.UNKNOWN)
        return min(self.clients, key=lambda client: order.index(Status(client.status)))

    @property
    def checker(self) -> OAuthClient | None:
        """The client to check the org with: the deciding one, else another with a secret. None if none has one."""
        clients = (self.deciding, *self.clients)
        return next((client for client in clients if client.has_secret), None)

    @property
    def reader(self) -> OAuthClient | None:
        """The client to read the org with, None if none was verified."""
        verified = (client for client in self.clients if client.state == client.State.VERIFIED)
        return next((client for client in verified if not client.is_retired), None)

    @property
    def status(self) -> str:
        return self.deciding.status

    @property
    def same_status(self) -> tuple[OAuthClient, ...]:
        return tuple(client for client in self.clients if client.status == self.status)

    @property
    def since(self) -> datetime | None:
        return min((client.status_since for client in self.same_status if client.status_since), default=None)

    @property
    def checked_at(self) -> datetime | None:
        return max((client.status_at for client in self.clients if client.status_at), default=None)

    @property
    def representative(self) -> OAuthClient:
        """The client whose environment counts for the org: production before anything else."""
        return min(self.clients, key=lambda client: ENVIRONMENTS.index(Environment(client.environment)))

    @property
    def pks(self) -> list[int]:
        return [client.pk for client in self.clients]


def group_by_org(clients: Iterable[OAuthClient]) -> list[Org]:
    """Group the clients, in the order of each org's first client."""
    groups: dict[str, list[OAuthClient]] = {}
    for client in clients:
        groups.setdefault(client.org_id or f"client-{client.pk}", []).append(client)
    return [Org(tuple(found)) for found in groups.values()]


def find_org(key: str, viewer: User) -> Org:
    """Return the org with its active clients, or with its retired ones if no other is left. Raises 404."""
    clients = visible_clients(viewer).defer("secret", "verification").order_by("name")
    if match := CLIENT_KEY.fullmatch(key):
        client = clients.filter(pk=int(match[1])).first()
        found = [] if client is None else list(clients.filter(org_id=client.org_id)) if client.org_id else [client]
    else:
        found = list(clients.filter(org_id=key)) if ORG_ID.fullmatch(key) else []
    if not found:
        raise Http404("No org with this ID.")
    return Org(tuple(client for client in found if not client.is_retired) or tuple(found))


def org_of(client: OAuthClient) -> Org:
    """The org of one client, for links: it holds only this client."""
    return Org((client,))
