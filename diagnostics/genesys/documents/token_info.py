"""`GET /api/v2/tokens/me`: the org, client, grant type and scopes of the token."""

from dataclasses import dataclass
from typing import Self

from diagnostics.genesys.fields import identifier, items, mapping, text, text_list, word
from diagnostics.genesys.response import OrgResponse, UnreadableResponse

PATH = "/api/v2/tokens/me"


@dataclass(frozen=True)
class TokenInfo:
    """Models `TokenInfo` and `TokenInfoOAuthClient`. Any field can be missing; `scopes` is None if they can't be read."""

    org_id: str = ""
    org_name: str = ""
    client_id: str = ""
    client_name: str = ""
    client_state: str = ""
    grant_type: str = ""
    is_user: bool = False
    scopes: tuple[str, ...] | None = None

    @classmethod
    def parse(cls, response: OrgResponse) -> Self | UnreadableResponse:
        if not response.ok:
            return UnreadableResponse(response)
        data = response.data
        client = mapping(data, "OAuthClient")
        org = mapping(data, "organization") or mapping(data, "homeOrganization") or mapping(client, "organization")
        is_own = items(data, "authorizedScope") is not None
        scopes = text_list(data, "authorizedScope") if is_own else text_list(client, "scope")
        return cls(
            org_id=identifier(org, "id"),
            org_name=text(org, "name"),
            client_id=text(client, "id"),
            client_name=text(client, "name"),
            client_state=text(client, "state", limit=40),
            grant_type=word(client, "authorizedGrantType"),
            is_user=bool(mapping(data, "clonedUser") or mapping(data, "user")),
            scopes=tuple(scopes) if scopes is not None else None,
        )

    @property
    def is_known(self) -> bool:
        return bool(self.org_id or self.org_name or self.client_name or self.client_id)

    @property
    def acts_for_user(self) -> bool:
        return self.is_user or (bool(self.grant_type) and "client" not in self.grant_type.lower())
