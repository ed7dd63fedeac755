"""The state of the demo orgs, read from the data files, and the changes to it that tests and the history need."""

import json
import threading
import uuid
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
REGION = "demo-{key}"
CLIENT_CREDENTIALS = "CLIENT-CREDENTIALS"


@dataclass(frozen=True)
class DemoPolicy:
    """One policy of a role. `entity` and `action` may be `*`. A policy with a condition never allows anything."""

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
    policies: tuple[DemoPolicy, ...]


@dataclass(frozen=True)
class DemoClient:
    """An OAuth client of the org. `grants` are pairs of role ID and division ID.

    `typed_secret` is the wrong secret that was registered in the product, if any. `reported_grant` is the grant type that
    tokens/me returns, if it differs from `grant_type`, as for a user's token. The API rejects the token of a client that
    `is_foreign`, as if the login host belonged to another region.
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
    reported_grant: str = ""
    is_foreign: bool = False


@dataclass(frozen=True)
class DemoProvider:
    id: str
    name: str
    enabled: bool


class DemoOrg:
    """The state of an org. Its values are immutable; the methods replace them, for example to publish a configuration."""

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

    def client(self, client_id: str) -> DemoClient | None:
        return self._clients.get(client_id)

    @property
    def clients(self) -> tuple[DemoClient, ...]:
        return tuple(self._clients.values())

    def update_client(self, client_id: str, **changes: Any) -> DemoClient:
        """Changes a client for future requests. Returns the client as it was before."""
        with self._lock:
            before = self._clients[client_id]
            self._clients[client_id] = replace(before, **changes)
        return before

    def update_deployment(self, deployment_id: str, **changes: Any) -> None:
        with self._lock:
            self.deployments = tuple(
                {**deployment, **changes} if deployment["id"] == deployment_id else deployment
                for deployment in self.deployments
            )

    def remove_deployment(self, deployment_id: str) -> None:
        with self._lock:
            self.deployments = tuple(deployment for deployment in self.deployments if deployment["id"] != deployment_id)

    def add_deployments(self, count: int) -> None:
        """Adds numbered copies of the first deployment, the same ones every time."""
        with self._lock:
            first, existing = self.deployments[0], len(self.deployments)
            more = ({**first, **numbered(first, number)} for number in range(existing, existing + count))
            self.deployments = (*self.deployments, *more)

    def publish(self, configuration_id: str, **cobrowse: Any) -> None:
        """Publishes a new version with these cobrowse settings, which all deployments of the configuration use at once."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        with self._lock:
            before = next(item for item in self.configurations if item["id"] == configuration_id)
            version = {"version": str(int(before["version"]) + 1), "dateModified": now, "datePublished": now}
            after = {**before, **version, "cobrowse": {**before["cobrowse"], **cobrowse}}
            after.pop("draft", None)
            self._put(after)
            self.deployments = tuple(
                {**deployment, "configuration": {**deployment["configuration"], "version": version["version"]}}
                if deployment["configuration"]["id"] == configuration_id
                else deployment
                for deployment in self.deployments
            )

    def edit_draft(self, configuration_id: str, **cobrowse: Any) -> None:
        """Changes the draft without publishing it."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        with self._lock:
            before = next(item for item in self.configurations if item["id"] == configuration_id)
            self._put({**before, "draft": {"dateModified": now, "cobrowse": {**before["cobrowse"], **cobrowse}}})

    def _put(self, configuration: dict[str, Any]) -> None:
        self.configurations = tuple(
            configuration if current["id"] == configuration["id"] else current for current in self.configurations
        )

    def add_clients(self, clients: Iterable[DemoClient]) -> None:
        with self._lock:
            self._clients.update({client.id: client for client in clients})


def numbered(deployment: dict[str, Any], number: int) -> dict[str, Any]:
    """The ID and name of a numbered copy of the deployment."""
    space = uuid.UUID(deployment["id"])
    return {"id": str(uuid.uuid5(space, str(number))), "name": f"{deployment['name']} {number:04d}"}


@dataclass
class Endpoint:
    """A region served on one port. It can have several orgs; the token determines the org.

    Tests may replace `providers`, as if an admin of the gateway had renamed one.
    """

    key: str
    orgs: tuple[DemoOrg, ...]
    has_gateway: bool = False
    providers: tuple[DemoProvider, ...] = ()

    def org_of(self, client_id: str) -> DemoOrg | None:
        return next((org for org in self.orgs if org.client(client_id)), None)


def read_role(data: dict[str, Any]) -> Role:
    return Role(data["id"], data["name"], tuple(read_policy(*item) for item in data["policies"].items()))


def read_policy(permission: str, condition: str) -> DemoPolicy:
    domain, entity, action = permission.split(":")
    return DemoPolicy(domain, entity, action, condition)


def read_client(data: dict[str, Any]) -> DemoClient:
    grants = tuple((role, division) for role, division in data.get("grants", ()))
    known = {"grants": grants, "scopes": tuple(data.get("scopes", ()))}
    return DemoClient(**{**data, **known})


@cache
def read_data(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def load_endpoint(key: str) -> Endpoint:
    """A new copy of the endpoint's orgs, so that two servers never share state."""
    data = read_data(f"{key}.json")
    shared = read_data("shared.json")
    conversations = read_data("conversations.json")
    orgs = tuple(load_org(shared, org, conversations[org["id"]]) for org in data["orgs"])
    providers = tuple(DemoProvider(**provider) for provider in data.get("providers", ()))
    return Endpoint(key, orgs, bool(providers), providers)


def load_org(shared: dict[str, Any], data: dict[str, Any], conversations: list[dict[str, Any]]) -> DemoOrg:
    """Merges the data shared by all orgs (permission catalogue, limits) with that of this org."""
    without = tuple(data.get("catalogue_without", ()))
    catalogue = [permission for permission in shared["catalogue"] if not permission.startswith(without)]
    return DemoOrg({**shared, **data, "catalogue": catalogue}, {item["id"]: item for item in conversations})
