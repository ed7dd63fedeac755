"""What a run saw of the client and its org, for the comparison with what another run saw. Pure.

The value is a JSON-like dict. A key whose fact could not be read, or was not asked, is None: never an empty list.
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
# Whose holding decides whether a session can be started, beside what the checks themselves must read.
STARTING = ("conversation:cobrowse:add", "conversation:cobrowseVoice:add")
MEDIA = ("web messaging", "voice")  # what each of them is for
MOST = 100  # entries kept of one list


def read_environment(seen: Iterable[OrgResponse], needed: Iterable[str] = ()) -> dict[str, Any]:
    """From every answer that a run got, in their order. `needed` are the permissions of the call itself."""
    answers = {urlsplit(each.exchange.url).path: each for each in seen if each.exchange}
    return {
        "version": VERSION,
        **_of_token(answers.get(TOKEN_PATH)),
        **_of_grants(answers, needed),
        **_of_deployments(answers),
        **_of_gateway(answers.get(gateway.PROVIDERS_PATH)),
    }


def _of_token(answer: OrgResponse | None) -> dict[str, Any]:
    """Models `TokenInfo` and `TokenInfoOAuthClient`: which org, which grant, which scopes."""
    if answer is None or not answer.ok:
        return {"org": None, "grant_type": None, "scopes": None}
    return {
        "org": {"id": text(answer.data, "organization", "id"), "name": text(answer.data, "organization", "name")},
        "grant_type": text(answer.data, "OAuthClient", "authorizedGrantType") or None,
        "scopes": _scopes(answer.data),
    }


def _scopes(data: Any) -> list[str] | None:
    for names in (("authorizedScope",), ("OAuthClient", "scope")):
        if items(data, *names) is not None:
            return sorted(texts(data, *names, most=120))[:MOST]
    return None


def _of_grants(answers: Mapping[str, OrgResponse], needed: Iterable[str]) -> dict[str, Any]:
    answer = answers.get(GRANTS_PATH)
    listed = items(answer.data, "grants") if answer is not None and answer.ok else None
    # Cut short, or garbage: then it is not known what is missing.
    if answer is None or listed is None or len(mappings(listed)) < len(listed):
        return {"roles": None, "permissions": None, "conditional": None}
    pairs = {(_name(mapping(each, "role")), _name(mapping(each, "division"))) for each in listed}
    roles = [{"role": role, "division": division or "every division"} for role, division in sorted(pairs) if role]
    grants = read_grants(answer.data)
    wanted = (*STARTING, *READS, *needed)
    held, conditional = (None if grants.unread else _held(grants, wanted, condition=each) for each in (False, True))
    if conditional is not None:
        conditional = {name: divisions for name, divisions in conditional.items() if divisions}
    return {"roles": roles[:MOST], "permissions": held, "conditional": conditional}


def _held(grants: Grants, wanted: Iterable[str], *, condition: bool) -> dict[str, list[str]]:
    """By permission the names of the divisions in which it is held: without a condition, or under one."""
    found = {
        name: sorted(
            {each.division_name for each in grants.held if each.covers(name) and bool(each.condition) is condition}
        )
        for name in dict.fromkeys(wanted)
    }
    return {name: divisions[:MOST] for name, divisions in found.items()}


def _name(thing: Mapping[str, Any]) -> str:
    return text(thing, "name") or text(thing, "id")


def _of_deployments(answers: Mapping[str, OrgResponse]) -> dict[str, Any]:
    answer = answers.get(DEPLOYMENTS_PATH)
    listed = items(answer.data, "entities") if answer is not None and answer.ok else None
    if answer is None or listed is None:
        return {"deployments": None, "deployments_more": False}
    told = [each for each in mappings(listed) if text(each, "id")]
    found = {text(each, "id", most=100): _deployment(each, answers) for each in told[:MOST]}
    return {"deployments": found, "deployments_more": bool(answer.data.get("nextUri")) or len(listed) > len(found)}


def _deployment(entry: dict[str, Any], answers: Mapping[str, OrgResponse]) -> dict[str, Any]:
    """Models `WebDeployment` and `WebDeploymentConfigurationVersion`, or the version in use where it was read alone."""
    version = mapping(entry, "configuration")
    alone = answers.get(f"{DEPLOYMENTS_PATH}/{entry['id']}/configurations")
    if "cobrowse" not in version and alone is not None and alone.ok:
        version = mapping(alone.data, "configurationVersion") or alone.data
    cobrowse = mapping(version, "cobrowse")
    return {
        "name": text(entry, "name"),
        "status": text(entry, "status", most=40),
        "version": str(field(version, "version") or "")[:40],
        "cobrowse": boolean(cobrowse, "enabled"),
        "channels": sorted(texts(cobrowse, "channels", most=40))[:10],
    }


def _of_gateway(answer: OrgResponse | None) -> dict[str, Any]:
    """Whether the org has a provider list, and what is in it; None where that could not be told."""
    providers = providers_of(answer) if answer is not None else None
    if providers is not None:
        told = [{"id": each.id, "name": each.name, "enabled": each.enabled} for each in providers]
        return {"gateway": True, "providers": sorted(told, key=lambda each: str(each["id"]))[:MOST]}
    has_none = answer is not None and answer.status == 404 and answer.trouble in ("", "empty")
    return {"gateway": False if has_none else None, "providers": None}
