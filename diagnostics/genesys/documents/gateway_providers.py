"""The provider list of a provider gateway, which isn't part of the published API. Gateways differ in its format."""

from dataclasses import dataclass
from typing import Any, Self

from diagnostics.genesys.fields import boolean, items, number, text, word
from diagnostics.genesys.response import OrgResponse, UnreadableResponse

# Where the list is in a gateway's response, which can also be the list itself.
LIST_FIELDS = (("entities",), ("providers",), ())


@dataclass(frozen=True)
class GatewayProvider:
    """A provider in the gateway's list. `enabled` is None if unknown."""

    id: str
    name: str = ""
    enabled: bool | None = None


@dataclass(frozen=True)
class GatewayProviders:
    """The providers in any known format of the list. `unreadable` counts its entries without an ID."""

    providers: tuple[GatewayProvider, ...]
    unreadable: int = 0

    @classmethod
    def parse(cls, response: OrgResponse) -> Self | UnreadableResponse:
        """A bare empty list, or a list of objects without IDs, doesn't count as one, because it could be anything."""
        if response.status != 200 or response.error:
            return UnreadableResponse(response)
        lists = (items(response.data, *names) for names in LIST_FIELDS)
        listed = next((found for found in lists if found is not None), None)
        providers = tuple(provider for provider in map(_provider, listed or ()) if provider.id)
        if listed is None or (not providers and (listed or listed is response.data)):
            return UnreadableResponse(response)
        return cls(providers, len(listed) - len(providers))


def _provider(entry: Any) -> GatewayProvider:
    """An entry is an ID, or an object with an ID, which can be a number. `id` is "" if there is none."""
    ids = (word(entry), word(entry, "id"), word(entry, "providerId"), number(entry, "id"), number(entry, "providerId"))
    id = next((str(value) for value in ids if value not in ("", None)), "")
    return GatewayProvider(id, text(entry, "name"), boolean(entry, "enabled"))


def is_absent(response: OrgResponse) -> bool:
    """Did the API respond that there is no provider list, and so no gateway?"""
    return response.status == 404 and response.error in ("", "empty")
