"""The environment of a run: the facts about the client and its org that the run read, for comparison with another run.

It is a JSON-like dict. The value of a fact that wasn't read, or couldn't be, is None, never an empty list.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from diagnostics.checks.permissions import GRANTS_PATH, READS
from diagnostics.checks.provider import providers_of
from diagnostics.genesys import gateway
from diagnostics.genesys.documents.grants import Grants, read_grants
from diagnostics.genesys.fields import boolean, field, items, mapping, mappings, text, texts
from diagnostics.genesys.response import OrgResponse

VERSION = 1
TOKEN_PATH = "/api/v2/tokens/me"  # noqa: S105  (an address)
DEPLOYMENTS_PATH = "/api/v2/webdeployments/deployments"
# The permissions that start a session, and the medium that each one is for.
STARTING = ("conversation:cobrowse:add", "conversation:cobrowseVoice:add")
MEDIA = ("web messaging", "voice")
MOST = 100  # stored entries of one list


def read_environment(responses: Iterable[OrgResponse], needed: Iterable[str] = ()) -> dict[str, Any]:
    """`responses` are all that the run got, in order; `needed` are the permissions of the call itself."""
    by_path = {urlsplit(response.exchange.url).path: response for response in responses if response.exchange}
    return {
        "version": VERSION,
        **_token(by_path.get(TOKEN_PATH)),
        **_grants(by_path, needed),
        **_deployments(by_path),
        **_gateway(by_path.get(gateway.PROVIDERS_PATH)),
    }


def _token(response: OrgResponse | None) -> dict[str, Any]:
    """The org, grant type and scopes of the token (models `TokenInfo` and `TokenInfoOAuthClient`)."""
    if response is None or not response.ok:
        return {"org": None, "grant_type": None, "scopes": None}
    return {
        "org": {"id": text(response.data, "organization", "id"), "name": text(response.data, "organization", "name")},
        "grant_type": text(response.data, "OAuthClient", "authorizedGrantType") or None,
        "scopes": _scopes(response.data),
    }


def _scopes(data: Any) -> list[str] | None:
    for names in (("authorizedScope",), ("OAuthClient", "scope")):
        if items(data, *names) is not None:
            return sorted(texts(data, *names, limit=120))[:MOST]
    return None


def _grants(by_path: Mapping[str, OrgResponse], needed: Iterable[str]) -> dict[str, Any]:
    response = by_path.get(GRANTS_PATH)
    listed = items(response.data, "grants") if response is not None and response.ok else None
    # An incomplete or malformed list doesn't show which permissions are missing.
    if response is None or listed is None or len(mappings(listed)) < len(listed):
        return {"roles": None, "permissions": None, "conditional": None}
    pairs = {(_name(mapping(entry, "role")), _name(mapping(entry, "division"))) for entry in listed}
    roles = [{"role": role, "division": division or "every division"} for role, division in sorted(pairs) if role]
    grants = read_grants(response.data)
    wanted = (*STARTING, *READS, *needed)
    if grants.unread:
        return {"roles": roles[:MOST], "permissions": None, "conditional": None}
    conditional = {name: found for name, found in _divisions(grants, wanted, conditional=True).items() if found}
    return {
        "roles": roles[:MOST],
        "permissions": _divisions(grants, wanted, conditional=False),
        "conditional": conditional,
    }


def _divisions(grants: Grants, wanted: Iterable[str], *, conditional: bool) -> dict[str, list[str]]:
    """Permission -> names of the divisions in which it is granted, either with or without a condition."""
    found = {}
    for name in dict.fromkeys(wanted):
        matching = (grant for grant in grants.policies if grant.covers(name) and bool(grant.condition) is conditional)
        found[name] = sorted({grant.division_name for grant in matching})[:MOST]
    return found


def _name(data: Mapping[str, Any]) -> str:
    return text(data, "name") or text(data, "id")


def _deployments(by_path: Mapping[str, OrgResponse]) -> dict[str, Any]:
    response = by_path.get(DEPLOYMENTS_PATH)
    listed = items(response.data, "entities") if response is not None and response.ok else None
    if response is None or listed is None:
        return {"deployments": None, "deployments_more": False}
    deployments = [deployment for deployment in mappings(listed) if text(deployment, "id")]
    found = {text(deployment, "id", limit=100): _deployment(deployment, by_path) for deployment in deployments[:MOST]}
    return {"deployments": found, "deployments_more": bool(response.data.get("nextUri")) or len(listed) > len(found)}


def _deployment(entry: dict[str, Any], by_path: Mapping[str, OrgResponse]) -> dict[str, Any]:
    """Models `WebDeployment` and `WebDeploymentConfigurationVersion`. The latter may come from a request of its own."""
    version = mapping(entry, "configuration")
    separate = by_path.get(f"{DEPLOYMENTS_PATH}/{entry['id']}/configurations")
    if "cobrowse" not in version and separate is not None and separate.ok:
        version = mapping(separate.data, "configurationVersion") or separate.data
    cobrowse = mapping(version, "cobrowse")
    return {
        "name": text(entry, "name"),
        "status": text(entry, "status", limit=40),
        "version": str(field(version, "version") or "")[:40],
        "cobrowse": boolean(cobrowse, "enabled"),
        "channels": sorted(texts(cobrowse, "channels", limit=40))[:10],
    }


def _gateway(response: OrgResponse | None) -> dict[str, Any]:
    """Whether the org has a provider gateway, and its providers; None if unknown."""
    providers = providers_of(response) if response is not None else None
    if providers is not None:
        entries = [{"id": provider.id, "name": provider.name, "enabled": provider.enabled} for provider in providers]
        return {"gateway": True, "providers": sorted(entries, key=lambda entry: str(entry["id"]))[:MOST]}
    has_none = response is not None and response.status == 404 and response.error in ("", "empty")
    return {"gateway": False if has_none else None, "providers": None}
