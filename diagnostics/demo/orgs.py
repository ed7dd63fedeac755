"""The demo orgs as values, read from the data files, with the few switches that tests and history need."""

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
PUBLISHED = "published"
GATEWAY = "gateway"
KEYS = (PUBLISHED, GATEWAY)
CLIENT_CREDENTIALS = "CLIENT-CREDENTIALS"


@dataclass(frozen=True)
class Policy:
    """One line of a role. `entity` and `action` may be `*`; a policy with a condition never allows anything here."""

    domain: str
    entity: str
    action: str
    condition: str = ""

    def allows(self, permission: str) -> bool:
        domain, entity, action = permission.split(":")
        fits = self.domain == domain and self.entity in ("*", entity) and self.action in ("*", action)
        return fits and not self.condition


@dataclass(frozen=True)
class Role:
    id: str
    name: str
    policies: tuple[Policy, ...]


@dataclass(frozen=True)
class Client:
    """An OAuth client as the org knows it. `grants` are pairs of role id and division id.

    `typed_secret` is what a person registered in the product, where that is not the right one. `told_grant` is the
    grant type that tokens/me tells, where it is not the one by which the token was fetched: a user's token. The token
    of one that `is_foreign` is issued here but refused by the API, as where login and API belong to different regions.
    """

    id: str
    name: str
    secret: str
    grants: tuple[tuple[str, str], ...] = ()
    scopes: tuple[str, ...] = ()
    state: str = "active"
    grant_type: str = CLIENT_CREDENTIALS
    validity: int = 86_400
    behaviour: dict[str, Any] = field(default_factory=dict)
    typed_secret: str = ""
    told_grant: str = ""
    is_foreign: bool = False


@dataclass(frozen=True)
class Provider:
    id: str
    name: str
    enabled: bool


class Org:
    """One org's state. Values are frozen; `update_client` swaps a client, which is how a test removes a role."""

    def __init__(self, data: dict[str, Any], conversations: dict[str, dict[str, Any]]) -> None:
        self.id: str = data["id"]
        self.name: str = data["name"]
        self.domain: str = data["domain"]
        self.divisions: dict[str, str] = data["divisions"]
        self.home_division: str = next(iter(self.divisions))
        self.users: dict[str, str] = data["users"]
        self.queues: dict[str, str] = data["queues"]
        self.catalogue: tuple[str, ...] = tuple(data["catalogue"])
        self.limits: dict[str, dict[str, int]] = data["limits"]
        self.features: dict[str, bool] = data["features"]
        self.scopes: tuple[str, ...] = (*data["scopes"], *data.get("extra_scopes", ()))
        self.unaware_of_divisions: tuple[str, ...] = tuple(data["unaware_of_divisions"])
        self.deployments: tuple[dict[str, Any], ...] = tuple(data["deployments"])
        self.configurations: tuple[dict[str, Any], ...] = tuple(data["configurations"])
        self.roles = {role.id: role for role in map(read_role, data["roles"])}
        self.conversations = conversations
        self.started_at = datetime.now(UTC)
        self._clients = {client.id: client for client in map(read_client, data["clients"])}
        self._lock = threading.Lock()

    def client(self, client_id: str) -> Client | None:
        return self._clients.get(client_id)

    @property
    def clients(self) -> tuple[Client, ...]:
        return tuple(self._clients.values())

    def update_client(self, client_id: str, **changes: Any) -> Client:
        """Change a client's state for the requests to come; returns what it was before."""
        with self._lock:
            before = self._clients[client_id]
            self._clients[client_id] = replace(before, **changes)
        return before

    def add_clients(self, clients: Iterable[Client]) -> None:
        with self._lock:
            self._clients.update({client.id: client for client in clients})


@dataclass(frozen=True)
class Endpoint:
    """What one port serves. Like a real region it may hold several orgs; the token says which one is meant."""

    key: str
    orgs: tuple[Org, ...]
    has_gateway: bool = False
    providers: tuple[Provider, ...] = ()

    def org_of(self, client_id: str) -> Org | None:
        return next((org for org in self.orgs if org.client(client_id)), None)


def read_role(data: dict[str, Any]) -> Role:
    return Role(data["id"], data["name"], tuple(read_policy(*item) for item in data["policies"].items()))


def read_policy(permission: str, condition: str) -> Policy:
    domain, entity, action = permission.split(":")
    return Policy(domain, entity, action, condition)


def read_client(data: dict[str, Any]) -> Client:
    grants = tuple((role, division) for role, division in data.get("grants", ()))
    known = {"grants": grants, "scopes": tuple(data.get("scopes", ()))}
    return Client(**{**data, **known})


@cache
def read_data(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def load_endpoint(key: str) -> Endpoint:
    """A fresh copy of one endpoint's orgs, so that two servers never share state."""
    data = read_data(f"{key}.json")
    shared = read_data("shared.json")
    conversations = read_data("conversations.json")
    orgs = tuple(load_org(shared, org, conversations[org["id"]]) for org in data["orgs"])
    providers = tuple(Provider(**provider) for provider in data.get("providers", ()))
    return Endpoint(key, orgs, bool(providers), providers)


def load_org(shared: dict[str, Any], data: dict[str, Any], conversations: list[dict[str, Any]]) -> Org:
    """What all orgs have (catalogue, limits) with what this org says of itself."""
    without = tuple(data.get("catalogue_without", ()))
    catalogue = [permission for permission in shared["catalogue"] if not permission.startswith(without)]
    return Org({**shared, **data, "catalogue": catalogue}, {item["id"]: item for item in conversations})
