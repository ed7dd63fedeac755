"""Web deployments, with the cobrowse settings of their active configuration version.

`GET /api/v2/webdeployments/deployments` and `.../{deploymentId}/configurations`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from diagnostics.genesys.fields import (
    boolean,
    field,
    identifier,
    items,
    mapping,
    mappings,
    number,
    text,
    text_list,
    texts,
)
from diagnostics.genesys.response import OrgResponse, UnreadableResponse

LIST_PATH = "/api/v2/webdeployments/deployments"
SWITCHES = ("allowAgentControl", "allowAgentNavigation", "allowDraw")
SELECTORS = ("maskSelectors", "readonlySelectors")
# Cobrowse settings of a configuration version, by their API names.
VERSION_SETTINGS = ("enabled", "channels", *SWITCHES, *SELECTORS, "pauseCriteria")
DEPLOYMENT_SETTINGS = ("allowAllDomains", "allowedDomains")
MOST_LISTED, LONGEST_WORD = 100, 300


def configuration_path(deployment_id: str) -> str:
    return f"{LIST_PATH}/{deployment_id}/configurations"


@dataclass(frozen=True)
class Deployment:
    """A web deployment. `cobrowse` has the settings of its active version, None if the response lacks them."""

    id: str
    name: str
    status: str
    cobrowse: Mapping[str, Any] | None = None
    version: str = ""
    published: str = ""
    configuration_id: str = ""
    configuration_name: str = ""
    allows_all_domains: bool | None = None
    allowed_domains: tuple[str, ...] = ()

    @classmethod
    def parse(cls, entry: Any) -> Self | None:
        """None if the entry has no usable ID."""
        id = identifier(entry, "id")
        if not id:
            return None
        configuration = mapping(entry, "configuration")
        deployment = cls(
            id=id,
            name=text(entry, "name"),
            status=text(entry, "status", limit=40),
            version=_version_of(configuration),
            configuration_id=text(configuration, "id"),
            configuration_name=text(configuration, "name"),
            allows_all_domains=boolean(entry, "allowAllDomains"),
            allowed_domains=_distinct(entry, "allowedDomains", MOST_LISTED, LONGEST_WORD),
        )
        return deployment.with_version(configuration)

    def with_version(self, version: Any) -> Self:
        """Add the cobrowse settings of the published configuration version, if the response has them."""
        cobrowse = mapping(version, "cobrowse")
        if boolean(cobrowse, "enabled") is None:
            return self
        number, published = _version_of(version) or self.version, text(version, "datePublished", limit=40)
        return replace(self, cobrowse=cobrowse, version=number, published=published)

    @property
    def is_active(self) -> bool:
        return self.status.lower() == "active"

    def offers(self, channel: str) -> bool | None:
        """Is cobrowse enabled for the channel, or for any channel if ""? None if unknown."""
        enabled = boolean(self.cobrowse, "enabled")
        if not enabled or not channel or field(self.cobrowse, "channels") is None:
            return enabled
        if channel.lower() in {name.lower() for name in texts(self.cobrowse, "channels")}:
            return True
        return None if text_list(self.cobrowse, "channels") is None else False


@dataclass(frozen=True)
class DeploymentList:
    """A page of the list. `is_complete` is false if the org has more deployments, or some that can't be read."""

    deployments: tuple[Deployment, ...]
    is_complete: bool = True

    @classmethod
    def parse(cls, response: OrgResponse) -> Self | UnreadableResponse:
        """The deployments with a usable ID. UnreadableResponse if the list isn't empty, but has none."""
        listed = items(response.data, "entities") if response.ok else None
        if listed is None:
            return UnreadableResponse(response)
        found = tuple(deployment for deployment in map(Deployment.parse, listed) if deployment is not None)
        if listed and not found:
            return UnreadableResponse(response)
        return cls(found, is_complete=not field(response.data, "nextUri") and len(found) == len(listed))


def published_version(response: OrgResponse) -> Any:
    """The configuration version in the response about one deployment's configuration, None if it failed."""
    return (mapping(response.data, "configurationVersion") or response.data) if response.ok else None


def parse_cobrowse_settings(version: Any) -> dict[str, Any] | None:
    """The cobrowse settings of a configuration version in the form in which they are stored, None without `enabled`."""
    cobrowse = mapping(version, "cobrowse")
    return None if boolean(cobrowse, "enabled") is None else cobrowse_settings(cobrowse)


def cobrowse_settings(cobrowse: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "enabled": cobrowse["enabled"],
        "channels": list(_distinct(cobrowse, "channels", 20, 40)),
        **{name: boolean(cobrowse, name) for name in SWITCHES},
        **{name: list(_distinct(cobrowse, name, MOST_LISTED, LONGEST_WORD)) for name in SELECTORS},
        "pauseCriteria": [
            {
                "urlFragment": text(criterion, "urlFragment", limit=LONGEST_WORD),
                "condition": text(criterion, "condition", limit=40),
            }
            for criterion in mappings(cobrowse, "pauseCriteria")[:MOST_LISTED]
        ],
    }


def _version_of(version: Any) -> str:
    return text(version, "version", limit=40) or str(number(version, "version") or "")


def _distinct(value: Any, name: str, most: int, length: int) -> tuple[str, ...]:
    """The distinct texts of a list, in order."""
    return tuple(dict.fromkeys(texts(value, name, limit=length)))[:most]
