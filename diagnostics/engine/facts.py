"""The facts about a client and its org that a run found out, for comparison with another run.

They are stored with the run as JSON (`Run.environment`). A fact that wasn't read, or couldn't be, is None or "", never an
empty list.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self
from urllib.parse import urlsplit

from diagnostics.checks.permissions import READS
from diagnostics.genesys import gateway
from diagnostics.genesys.documents import grants, token_info
from diagnostics.genesys.documents.deployment import (
    LIST_PATH,
    DeploymentList,
    configuration_path,
    published_version,
)
from diagnostics.genesys.documents.gateway_providers import GatewayProvider, GatewayProviders, is_absent
from diagnostics.genesys.documents.grants import EVERYWHERE, Grants
from diagnostics.genesys.documents.token_info import TokenInfo
from diagnostics.genesys.fields import boolean, items, mapping, mappings, text, texts
from diagnostics.genesys.response import OrgResponse, UnreadableResponse

VERSION = 1
# The permissions that start a session, and the medium that each one is for.
STARTING = ("conversation:cobrowse:add", "conversation:cobrowseVoice:add")
MEDIA = ("web messaging", "voice")
MOST = 100  # stored entries of one list

Places = Mapping[str, tuple[str, ...] | None]


@dataclass(frozen=True)
class Change:
    """A change of an org. `kind` is appeared, vanished, returned, enabled, disabled or changed.

    `about` is deployment, gateway, grant or client; `ref` and `name` identify the one that changed. `before` and `after`
    are the values of the setting, as JSON.
    """

    kind: str
    setting: str = ""
    before: Any = None
    after: Any = None
    about: str = ""
    ref: str = ""
    name: str = ""


@dataclass(frozen=True)
class ProviderCounts:
    """The number of current web deployments, or of gateway providers, in each state."""

    on: int = 0
    off: int = 0
    inactive: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        return self.on + self.off + self.inactive + self.unknown


@dataclass(frozen=True)
class DeploymentFacts:
    """A web deployment, with the cobrowse settings of its active version."""

    name: str = ""
    status: str = ""
    version: str = ""
    cobrowse: bool | None = None
    channels: tuple[str, ...] | None = None

    @property
    def is_active(self) -> bool:
        return self.status.lower() == "active"


@dataclass(frozen=True)
class OrgFacts:
    """`permissions` and `conditional` have the places (division names) in which each permission is granted.

    The latter are grants under a condition, None in old runs. `roles` are pairs of a role and a place. `has_more` is true
    if the org has deployments that aren't listed. The client's own fields are those of the time when the run was created.
    """

    client_name: str = ""
    client_id: str = ""
    secret_set_at: str = ""
    region: str = ""
    org_id: str = ""
    org_name: str = ""
    grant_type: str = ""
    scopes: tuple[str, ...] | None = None
    roles: tuple[tuple[str, str], ...] | None = None
    permissions: Places | None = None
    conditional: Places | None = None
    deployments: Mapping[str, DeploymentFacts] | None = None
    has_more: bool = False
    gateway: bool | None = None
    providers: tuple[GatewayProvider, ...] | None = None
    contract: str = ""
    engine: str = ""

    @classmethod
    def of_responses(cls, responses: Iterable[OrgResponse], needed: Iterable[str] = ()) -> Self:
        """`responses` are all that the run got, in order; `needed` are the permissions of the call itself."""
        by_path = {urlsplit(response.exchange.url).path: response for response in responses if response.exchange}
        absent = OrgResponse(None)
        facts = cls()
        facts = facts._with_token(TokenInfo.parse(by_path.get(token_info.PATH, absent)))
        facts = facts._with_grants(Grants.parse(by_path.get(grants.PATH, absent)), (*STARTING, *READS, *needed))
        facts = facts._with_deployments(DeploymentList.parse(by_path.get(LIST_PATH, absent)), by_path)
        return facts._with_gateway(by_path.get(gateway.PROVIDERS_PATH, absent))

    @classmethod
    def parse(cls, stored: object) -> Self:
        """The facts of a run, also of an old version. What is missing or malformed counts as not read."""
        deployments = mapping(stored, "deployments") if isinstance(mapping(stored).get("deployments"), dict) else None
        listed = items(stored, "providers")
        return cls(
            client_name=text(stored, "client", "name"),
            client_id=text(stored, "client", "client_id"),
            secret_set_at=text(stored, "client", "secret_set_at"),
            region=text(stored, "region"),
            org_id=text(stored, "org", "id"),
            org_name=text(stored, "org", "name"),
            grant_type=text(stored, "grant_type"),
            scopes=_names(stored, "scopes"),
            roles=_roles(stored),
            permissions=_places(stored, "permissions"),
            conditional=_places(stored, "conditional"),
            deployments=None if deployments is None else {key: _deployment(item) for key, item in deployments.items()},
            has_more=boolean(stored, "deployments_more") is True,
            gateway=boolean(stored, "gateway"),
            providers=None if listed is None else tuple(map(_provider, filter(_has_id, listed))),
            contract=text(stored, "contract"),
            engine=text(stored, "engine"),
        )

    @property
    def provider_counts(self) -> ProviderCounts:
        """The gateway's providers by state."""
        states = [provider.enabled for provider in self.providers or ()]
        return ProviderCounts(on=states.count(True), off=states.count(False), unknown=states.count(None))

    def to_json(self) -> dict[str, Any]:
        """The facts that the run itself read. Those of its client and its versions are added from the run's row."""
        was_identified = bool(self.org_id or self.org_name or self.grant_type or self.scopes is not None)
        return {
            "version": VERSION,
            "org": {"id": self.org_id, "name": self.org_name} if was_identified else None,
            "grant_type": self.grant_type or None,
            "scopes": list(self.scopes) if self.scopes is not None else None,
            "roles": [{"role": role, "division": place} for role, place in self.roles]
            if self.roles is not None
            else None,
            "permissions": _places_to_json(self.permissions),
            "conditional": _places_to_json(self.conditional),
            "deployments": None
            if self.deployments is None
            else {id: {**asdict(item), "channels": list(item.channels or ())} for id, item in self.deployments.items()},
            "deployments_more": self.has_more,
            "gateway": self.gateway,
            "providers": None if self.providers is None else [asdict(provider) for provider in self.providers],
        }

    def _with_token(self, me: TokenInfo | UnreadableResponse) -> Self:
        if isinstance(me, UnreadableResponse):
            return self
        scopes = tuple(sorted(me.scopes)[:MOST]) if me.scopes is not None else None
        return replace(self, org_id=me.org_id, org_name=me.org_name, grant_type=me.grant_type, scopes=scopes)

    def _with_grants(self, held: Grants | UnreadableResponse, wanted: tuple[str, ...]) -> Self:
        # An incomplete or malformed list doesn't show which permissions are missing.
        if isinstance(held, UnreadableResponse) or not all(entry.role for entry in held.entries):
            return self
        roles = tuple(sorted({(entry.role, entry.place) for entry in held.entries})[:MOST])
        if held.unread:
            return replace(self, roles=roles)
        permissions, conditional = {}, {}
        for name in dict.fromkeys(wanted):
            found = held.that_may_hold(name)
            permissions[name] = tuple(sorted({entry.place for entry in found if entry.holds(name)})[:MOST])
            if places := sorted({entry.place for entry in found if entry.holds_conditionally(name)}):
                conditional[name] = tuple(places[:MOST])
        return replace(self, roles=roles, permissions=permissions, conditional=conditional)

    def _with_deployments(
        self, listed: DeploymentList | UnreadableResponse, by_path: Mapping[str, OrgResponse]
    ) -> Self:
        if isinstance(listed, UnreadableResponse):
            return self
        found = {}
        for deployment in listed.deployments[:MOST]:
            separate = by_path.get(configuration_path(deployment.id))
            shown = deployment
            if deployment.cobrowse is None and separate is not None:
                shown = deployment.with_version(published_version(separate))
            found[deployment.id] = DeploymentFacts(
                shown.name,
                shown.status,
                shown.version,
                boolean(shown.cobrowse, "enabled"),
                tuple(sorted(texts(shown.cobrowse, "channels", limit=40))[:10]),
            )
        return replace(self, deployments=found, has_more=not listed.is_complete or len(listed.deployments) > MOST)

    def _with_gateway(self, response: OrgResponse) -> Self:
        listed = GatewayProviders.parse(response)
        if isinstance(listed, UnreadableResponse):
            return replace(self, gateway=False) if is_absent(response) else self
        providers = tuple(sorted(listed.providers, key=lambda provider: provider.id)[:MOST])
        return replace(self, gateway=True, providers=providers)


def _names(stored: object, name: str) -> tuple[str, ...] | None:
    return None if items(stored, name) is None else tuple(sorted(set(texts(stored, name))))


def _roles(stored: object) -> tuple[tuple[str, str], ...] | None:
    if items(stored, "roles") is None:
        return None
    pairs = {(text(entry, "role"), text(entry, "division") or EVERYWHERE) for entry in mappings(stored, "roles")}
    return tuple(sorted(pair for pair in pairs if pair[0]))


def _places(stored: object, name: str) -> Places | None:
    held = mapping(stored).get(name)
    return {permission: _names(held, permission) for permission in held} if isinstance(held, dict) else None


def _places_to_json(held: Places | None) -> dict[str, Any] | None:
    return None if held is None else {name: list(places or ()) for name, places in held.items()}


def _deployment(stored: object) -> DeploymentFacts:
    return DeploymentFacts(
        text(stored, "name"),
        text(stored, "status"),
        text(stored, "version"),
        boolean(stored, "cobrowse"),
        _names(stored, "channels"),
    )


def _has_id(provider: object) -> bool:
    return bool(mapping(provider).get("id"))


def _provider(stored: object) -> GatewayProvider:
    return GatewayProvider(str(mapping(stored)["id"]), text(stored, "name"), boolean(stored, "enabled"))
