"""`GET /api/v2/oauth/clients`: the OAuth clients of an org. Their secrets, if an org should return any, are not read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from diagnostics.genesys.fields import field, identifier, mappings, text, word
from diagnostics.genesys.response import OrgResponse, UnreadableResponse

PATH = "/api/v2/oauth/clients"
PERMISSION = "oauth:client:view"
MOST_PAGES = 20
MOST_CLIENTS = 500
CLIENT_CREDENTIALS = "CLIENT-CREDENTIALS"
GRANTS = {
    CLIENT_CREDENTIALS: "Client Credentials",
    "CODE": "Code Authorization",
    "TOKEN": "Token Implicit Grant",
    "SAML2-BEARER": "SAML2 Bearer",
    "PASSWORD": "Password",
}


@dataclass(frozen=True)
class ListedClient:
    """One client. `grant` and `state` are as the API spells them, "" if unreadable."""

    client_id: str
    name: str
    grant: str
    state: str

    @property
    def grant_name(self) -> str:
        return GRANTS.get(self.grant, self.grant or "Unknown")

    @property
    def unusable(self) -> str:
        """Why it can't be registered, "" if it can."""
        if self.grant != CLIENT_CREDENTIALS:
            if self.grant not in GRANTS:
                return "The org doesn't report its grant. Only Client Credentials works without a person."
            return f"{self.grant_name} signs in a person. Only Client Credentials works without one."
        if self.state not in ("", "active"):
            return f"It is {self.state} in Genesys Cloud."
        return ""

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        return cls(*(str(stored.get(name) or "") for name in cls.__dataclass_fields__))


@dataclass(frozen=True)
class ClientList:
    """`is_cut` is true if the org has more than were read."""

    clients: tuple[ListedClient, ...]
    is_cut: bool = False


def read_clients(get: Callable[..., OrgResponse]) -> ClientList | UnreadableResponse:
    """Read all pages with `get(path, **query)`. A page that repeats clients ends the list."""
    found: dict[str, ListedClient] = {}
    for number in range(1, MOST_PAGES + 1):
        response = get(PATH, **({"pageNumber": number} if number > 1 else {}))
        if not response.ok or not isinstance(field(response.data, "entities"), list):
            return UnreadableResponse(response)
        page = {
            client.client_id: client for client in map(_client, mappings(response.data, "entities")) if client.client_id
        }
        has_next = bool(field(response.data, "nextUri")) and not page.keys() <= found.keys()
        found |= page
        if not has_next or len(found) >= MOST_CLIENTS:
            return ClientList(tuple(found.values())[:MOST_CLIENTS], has_next or len(found) > MOST_CLIENTS)
    return ClientList(tuple(found.values())[:MOST_CLIENTS], is_cut=True)


def _client(entry: dict[str, Any]) -> ListedClient:
    return ListedClient(
        client_id=identifier(entry, "id"),
        name=text(entry, "name").strip(),
        grant=word(entry, "authorizedGrantType").upper(),
        state=word(entry, "state").lower(),
    )
