"""The environment of a run: the facts about the client and its org that the run read, for comparison with another run.

It is a JSON-like dict. The value of a fact that wasn't read, or couldn't be, is None, never an empty list.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from diagnostics.checks.permissions import READS
from diagnostics.genesys import gateway
from diagnostics.genesys.documents import grants, token_info
from diagnostics.genesys.documents.deployment import (
    LIST_PATH,
    Deployment,
    DeploymentList,
    configuration_path,
    published_version,
)
from diagnostics.genesys.documents.gateway_providers import GatewayProviders, is_absent
from diagnostics.genesys.documents.grants import Grants
from diagnostics.genesys.documents.token_info import TokenInfo
from diagnostics.genesys.fields import boolean, texts
from diagnostics.genesys.response import OrgResponse, UnreadableResponse

VERSION = 1
# The permissions that start a session, and the medium that each one is for.
STARTING = ("conversation:cobrowse:add", "conversation:cobrowseVoice:add")
MEDIA = ("web messaging", "voice")
MOST = 100  # stored entries of one list


def read_environment(responses: Iterable[OrgResponse], needed: Iterable[str] = ()) -> dict[str, Any]:
    """`responses` are all that the run got, in order; `needed` are the permissions of the call itself."""
    by_path = {urlsplit(response.exchange.url).path: response for response in responses if response.exchange}
    absent = OrgResponse(None)
    return {
        "version": VERSION,
        **_token(TokenInfo.parse(by_path.get(token_info.PATH, absent))),
        **_grants(Grants.parse(by_path.get(grants.PATH, absent)), (*STARTING, *READS, *needed)),
        **_deployments(DeploymentList.parse(by_path.get(LIST_PATH, absent)), by_path),
        **_gateway(by_path.get(gateway.PROVIDERS_PATH, absent)),
    }


def _token(me: TokenInfo | UnreadableResponse) -> dict[str, Any]:
    if isinstance(me, UnreadableResponse):
        return {"org": None, "grant_type": None, "scopes": None}
    return {
        "org": {"id": me.org_id, "name": me.org_name},
        "grant_type": me.grant_type or None,
        "scopes": sorted(me.scopes)[:MOST] if me.scopes is not None else None,
    }


def _grants(held: Grants | UnreadableResponse, wanted: tuple[str, ...]) -> dict[str, Any]:
    # An incomplete or malformed list doesn't show which permissions are missing.
    if isinstance(held, UnreadableResponse) or not all(entry.role for entry in held.entries):
        return {"roles": None, "permissions": None, "conditional": None}
    pairs = sorted({(entry.role, entry.place) for entry in held.entries})
    roles = [{"role": role, "division": place} for role, place in pairs][:MOST]
    if held.unread:
        return {"roles": roles, "permissions": None, "conditional": None}
    permissions, conditional = {}, {}
    for name in dict.fromkeys(wanted):
        found = held.that_may_hold(name)
        permissions[name] = sorted({entry.place for entry in found if entry.holds(name)})[:MOST]
        conditional[name] = sorted({entry.place for entry in found if entry.holds_conditionally(name)})[:MOST]
    return {
        "roles": roles,
        "permissions": permissions,
        "conditional": {name: places for name, places in conditional.items() if places},
    }


def _deployments(listed: DeploymentList | UnreadableResponse, by_path: Mapping[str, OrgResponse]) -> dict[str, Any]:
    if isinstance(listed, UnreadableResponse):
        return {"deployments": None, "deployments_more": False}
    found = {deployment.id: _deployment(deployment, by_path) for deployment in listed.deployments[:MOST]}
    return {"deployments": found, "deployments_more": not listed.is_complete or len(listed.deployments) > MOST}


def _deployment(deployment: Deployment, by_path: Mapping[str, OrgResponse]) -> dict[str, Any]:
    """The settings may come from a request of their own."""
    separate = by_path.get(configuration_path(deployment.id))
    if deployment.cobrowse is None and separate is not None:
        deployment = deployment.with_version(published_version(separate))
    return {
        "name": deployment.name,
        "status": deployment.status,
        "version": deployment.version,
        "cobrowse": boolean(deployment.cobrowse, "enabled"),
        "channels": sorted(texts(deployment.cobrowse, "channels", limit=40))[:10],
    }


def _gateway(response: OrgResponse) -> dict[str, Any]:
    """Whether the org has a provider gateway, and its providers; None if unknown."""
    listed = GatewayProviders.parse(response)
    if isinstance(listed, UnreadableResponse):
        return {"gateway": False if is_absent(response) else None, "providers": None}
    entries = [{"id": provider.id, "name": provider.name, "enabled": provider.enabled} for provider in listed.providers]
    return {"gateway": True, "providers": sorted(entries, key=lambda entry: str(entry["id"]))[:MOST]}
