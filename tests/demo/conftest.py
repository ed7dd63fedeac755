"""Fixtures: the demo orgs served for one test, and a visitor to each of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from diagnostics.demo.orgs import DemoClient, Endpoint
from diagnostics.demo.server import Running, start

FULL = "Demo: published API"


@dataclass
class Visitor:
    """Talks to one endpoint as one of its clients; tokens are fetched once."""

    url: str
    endpoint: Endpoint
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, name: str = FULL) -> DemoClient:
        return next(client for org in self.endpoint.orgs for client in org.clients if client.name == name)

    def conversation(self, slug: str) -> str:
        found = (item for org in self.endpoint.orgs for item in org.conversations.values())
        return str(next(item["id"] for item in found if item["slug"] == slug))

    def login(self, client_id: str, secret: str, grant_type: str = "client_credentials") -> requests.Response:
        form = {"grant_type": grant_type}
        return requests.post(f"{self.url}/oauth/token", data=form, auth=(client_id, secret), timeout=5)

    def token(self, name: str = FULL) -> str:
        if name not in self.tokens:
            client = self.client(name)
            self.tokens[name] = self.login(client.id, client.secret).json()["access_token"]
        return self.tokens[name]

    def ask(self, path: str, name: str = FULL, method: str = "GET", **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token(name)}"}
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=5, allow_redirects=False, **more)

    def read(self, slug: str, name: str = FULL) -> requests.Response:
        return self.ask(f"/api/v2/conversations/{self.conversation(slug)}", name)


@pytest.fixture
def demo() -> Iterator[Running]:
    running = start()
    yield running
    running.stop()


@pytest.fixture
def published(demo: Running) -> Visitor:
    return Visitor(demo.urls["published"], demo.orgs["published"])


@pytest.fixture
def gateway(demo: Running) -> Visitor:
    return Visitor(demo.urls["gateway"], demo.orgs["gateway"])
