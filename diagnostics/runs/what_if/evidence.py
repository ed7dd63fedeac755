"""Applies changes of an org to the stored responses of a run.

A response that the change would replace by one that nobody has seen is left out, with the reason in `unknown`: the checks
that read it are then inconclusive.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from diagnostics.genesys import gateway
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.documents import catalogue, deployment, grants, token_info
from diagnostics.genesys.documents.catalogue import Catalogue
from diagnostics.genesys.documents.conversation import KINDS
from diagnostics.genesys.documents.gateway_providers import LIST_FIELDS, GatewayProviders
from diagnostics.genesys.documents.grants import EVERY_DIVISION, Grants
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.fields import field as field_of
from diagnostics.genesys.fields import identifier, items, mapping, mappings, text, texts, word
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.response import OrgResponse, UnreadableResponse, response_from
from diagnostics.runs.what_if.changes import OF_DEPLOYMENTS, OF_GRANTS, OFF, ON, ChangeKind, PlannedChange

CONVERSATIONS = "/api/v2/conversations/"
ROLES = "/api/v2/authorization/roles/"
NEW_ROLE = "New role"
NEED_ROLE = (
    ChangeKind.ADD_PERMISSION,
    ChangeKind.REMOVE_PERMISSION,
    ChangeKind.REMOVE_ROLE,
    ChangeKind.REMOVE_DIVISION,
)
# The media of cobrowse. Only if both views were read do they replace the conversation's own document.
VIEWS_WITH_COBROWSE = ("messages", "calls")


@dataclass
class ChangedEvidence:
    """The responses after the changes. `unknown` says what can't be known, `notes` what was concluded, as sentences."""

    exchanges: tuple[HttpExchange, ...]
    unknown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def changed_evidence(
    exchanges: Iterable[HttpExchange], changes: Sequence[PlannedChange], contract: Contract
) -> ChangedEvidence:
    evidence = ChangedEvidence(tuple(exchanges))
    if not changes:
        return evidence
    before = _held(evidence.exchanges)
    divisions: dict[str, str] = {}
    for id, name in known_names(evidence.exchanges).divisions.items():
        divisions |= {name.lower(): id, id.lower(): id}
    for change in changes:
        if problem := _why_impossible(change, evidence.exchanges):
            evidence.unknown.append(problem)
        else:
            meant = _deployments_of(evidence.exchanges, change)
            evidence.exchanges = tuple(_changed(exchange, change, divisions, meant) for exchange in evidence.exchanges)
    after = _held(evidence.exchanges)
    if before is not None and after is not None and before != after:
        evidence.exchanges = tuple(_as_allowed(evidence, before, after, contract))
    elif before is None and any(change.kind in OF_GRANTS for change in changes):
        evidence.unknown.append("The client's roles weren't read in this run, so we can't know what they allow.")
    return evidence


def path_of(exchange: HttpExchange) -> str:
    return urlsplit(exchange.url).path


def _responses(exchanges: Iterable[HttpExchange]) -> dict[str, OrgResponse]:
    """The newest response by path."""
    return {path_of(exchange): response_from(exchange) for exchange in exchanges if exchange.method == "GET"}


def _held(exchanges: Iterable[HttpExchange]) -> Grants | None:
    responses = _responses(exchanges)
    absent = OrgResponse(None)
    held = Grants.parse(responses.get(grants.PATH, absent))
    if isinstance(held, UnreadableResponse):
        return None
    return held.with_hidden_roles(lambda path: responses.get(path, absent))


def _why_impossible(change: PlannedChange, exchanges: Iterable[HttpExchange]) -> str:
    """The reason why nobody could make this change in the org of this run, "" if there is none."""
    exchanges = tuple(exchanges)
    role = change.value if change.kind == ChangeKind.REMOVE_ROLE else change.of
    if change.kind in NEED_ROLE and role and role.lower() not in map(str.lower, known_names(exchanges).roles):
        return f"The client had no role {role} in this run."
    if change.kind in OF_DEPLOYMENTS and not _deployments_of(exchanges, change):
        return f"This run read no deployment{f' {change.of}' if change.of else ''}."
    if change.kind != ChangeKind.ADD_PERMISSION:
        return ""
    domain = change.value.split(":")[0].lower()
    for exchange in exchanges:
        if path_of(exchange) != catalogue.PATH or f"query={domain}&" not in exchange.url.lower():
            continue
        listed = Catalogue.parse(response_from(exchange))
        if isinstance(listed, UnreadableResponse) or not listed.is_complete or "*" in change.value:
            continue
        if change.value.lower() not in listed.permissions:
            return f"{change.value} can't be added to a role: it isn't in the org's permission catalog."
    return ""


def _changed(
    exchange: HttpExchange, change: PlannedChange, divisions: dict[str, str], deployments: set[str]
) -> HttpExchange:
    path, kind = path_of(exchange), change.kind
    if exchange.method != "GET":
        return exchange
    if kind in OF_GRANTS and path == grants.PATH:
        return _edited(exchange, lambda data: _change_grants(data, change, divisions))
    if kind in OF_GRANTS and path.startswith(ROLES):
        return _edited(exchange, lambda data: _change_role(data, change))
    if kind in (ChangeKind.ADD_SCOPE, ChangeKind.REMOVE_SCOPE) and path == token_info.PATH:
        return _edited(exchange, lambda data: _change_scopes(data, change))
    if kind in OF_DEPLOYMENTS and path == deployment.LIST_PATH:
        return _edited(exchange, lambda data: _change_deployments(data, change, deployments))
    if kind in OF_DEPLOYMENTS and path in map(deployment.configuration_path, deployments):
        return _edited(exchange, lambda data: _change_cobrowse(mapping(data, "configurationVersion") or data, change))
    if kind == ChangeKind.PROVIDER and path == gateway.PROVIDERS_PATH:
        return _edited(exchange, lambda data: _change_providers(data, change))
    return exchange


def _edited(exchange: HttpExchange, edit: Callable[[Any], None]) -> HttpExchange:
    """The exchange with a changed document. A response that isn't one stays as it is."""
    response = response_from(exchange)
    if response.status != 200 or response.error or not isinstance(response.data, dict | list):
        return exchange
    data = deepcopy(response.data)
    edit(data)
    return exchange if data == response.data else replace(exchange, body=json.dumps(data))


def _change_grants(data: Any, change: PlannedChange, divisions: dict[str, str]) -> None:
    listed = items(data, "grants")
    if listed is None:
        return
    kind, value, of = change.kind, change.value, change.of
    division = divisions.get(value.lower(), value)
    if kind == ChangeKind.ADD_PERMISSION:
        if not of:
            listed.append({"role": {"name": NEW_ROLE, "policies": []}})
        for entry in _of_role(listed, of or NEW_ROLE):
            _add_permission(items(entry, "role", "policies"), value)
    elif kind == ChangeKind.REMOVE_PERMISSION:
        for entry in _of_role(listed, of):
            _remove_permission(mappings(entry, "role", "policies"), value)
    elif kind == ChangeKind.ADD_ROLE:
        place = {"division": {"id": divisions.get(of.lower(), of), "name": of}} if of else {}
        known = next((mapping(entry, "role") for entry in _of_role(listed, value)), None)
        listed.append({**place, "role": known or {"name": value}})
    elif kind == ChangeKind.REMOVE_ROLE:
        listed[:] = [entry for entry in listed if entry not in _of_role(listed, value)]
    elif kind == ChangeKind.ADD_DIVISION:
        known = next((mapping(entry, "role") for entry in _of_role(listed, of)), None)
        listed.append({"division": {"id": division, "name": value}, "role": known or {"name": of}})
    else:
        roles = _of_role(listed, of)
        listed[:] = [e for e in listed if not (e in roles and text(e, "division", "id") == division)]


def _of_role(listed: list[Any], name: str) -> list[Any]:
    """The grants of the role, of every role for ""."""
    return [
        entry
        for entry in listed
        if not name or name.lower() in (text(entry, "role", "name").lower(), text(entry, "role", "id").lower())
    ]


def _change_role(data: Any, change: PlannedChange) -> None:
    """A role's own document, which a run reads if the list of grants leaves out its permissions."""
    is_named = change.of.lower() in (text(data, "name").lower(), text(data, "id").lower())
    if change.kind == ChangeKind.ADD_PERMISSION and is_named:
        _add_permission(items(data, "permissionPolicies"), change.value)
    elif change.kind == ChangeKind.REMOVE_PERMISSION and (is_named or not change.of):
        _remove_permission(mappings(data, "permissionPolicies"), change.value)


def _add_permission(policies: list[Any] | None, permission: str) -> None:
    if policies is not None:
        domain, entity, action = permission.split(":")
        policies.append({"domain": domain, "entityName": entity, "actions": [action]})


def _remove_permission(policies: list[dict[str, Any]], permission: str) -> None:
    """Remove what grants exactly this. A wildcard that includes it stays, as it does in the org's own pages."""
    for policy in policies:
        prefix = f"{text(policy, 'domain')}:{text(policy, 'entityName')}".lower()
        for name in ("actions", "actionSet"):
            if isinstance(policy.get(name), list):
                policy[name] = [item for item in policy[name] if f"{prefix}:{item}".lower() != permission.lower()]


def _change_scopes(data: Any, change: PlannedChange) -> None:
    for holder, name in ((data, "authorizedScope"), (mapping(data, "OAuthClient"), "scope")):
        if (scopes := items(holder, name)) is not None:
            rest = [scope for scope in scopes if scope != change.value]
            holder[name] = [*rest, change.value] if change.kind == ChangeKind.ADD_SCOPE else rest


def _deployments_of(exchanges: Iterable[HttpExchange], change: PlannedChange) -> set[str]:
    """The IDs of the deployments that it changes: a setting applies to all that use the same configuration."""
    if change.kind not in OF_DEPLOYMENTS:
        return set()
    listed = _responses(exchanges).get(deployment.LIST_PATH, OrgResponse(None))
    entries = mappings(listed.data, "entities")
    meant = [entry for entry in entries if change.of.lower() in ("", text(entry, "id"), text(entry, "name").lower())]
    if change.kind != ChangeKind.STATUS:
        used = {text(entry, "configuration", "id") for entry in meant} - {""}
        meant = [entry for entry in entries if entry in meant or text(entry, "configuration", "id") in used]
    return {text(entry, "id") for entry in meant}


def _change_deployments(data: Any, change: PlannedChange, meant: set[str]) -> None:
    for entry in mappings(data, "entities"):
        if text(entry, "id") not in meant:
            continue
        if change.kind == ChangeKind.STATUS:
            entry["status"] = change.value
        else:
            _change_cobrowse(mapping(entry, "configuration"), change)


def _change_cobrowse(version: dict[str, Any], change: PlannedChange) -> None:
    """Change the settings of a configuration version if the response has them."""
    settings = version.get("cobrowse")
    if isinstance(settings, dict) and change.kind == ChangeKind.ENABLED:
        settings["enabled"] = change.value != OFF
    elif isinstance(settings, dict) and change.kind == ChangeKind.CHANNELS:
        settings["channels"] = [name.strip() for name in change.value.split(",") if name.strip()]


def _change_providers(data: Any, change: PlannedChange) -> None:
    listed = next((found for names in LIST_FIELDS if (found := items(data, *names)) is not None), None)
    if listed is None:
        return
    for entry in listed:
        if isinstance(entry, dict) and change.of in (entry.get("id"), entry.get("providerId")):
            entry["enabled"] = change.value != OFF
            return
    if change.of not in listed and change.value == ON:
        listed.append({"id": change.of, "enabled": True})


def _as_allowed(evidence: ChangedEvidence, before: Grants, after: Grants, contract: Contract) -> Iterable[HttpExchange]:
    """The responses by what the client may read after the change of its roles."""
    for exchange in evidence.exchanges:
        operation = contract.match("GET", path_of(exchange)).operation if exchange.method == "GET" else None
        if operation is None or not operation.permissions:
            yield exchange
            continue
        old, new = _places(before, operation), _places(after, operation)
        if exchange.status == 200 and old - new:
            yield _if_still_allowed(exchange, operation, new)
        elif exchange.status in (403, 404) and new - old and not (exchange.status == 404 and old):
            yield from _if_allowed_now(evidence, exchange, operation, new)
        else:
            yield exchange


def _places(held: Grants, operation: Operation) -> set[str]:
    """The IDs of the divisions in which the client may use the operation."""
    by_permission = [{e.division for e in held.entries if e.holds(name)} for name in operation.permissions]
    if operation.rule == "any":
        return set().union(*by_permission)
    return set.intersection(*by_permission)


def _if_still_allowed(exchange: HttpExchange, operation: Operation, new: set[str]) -> HttpExchange:
    divisions = _divisions_in(response_from(exchange).data)
    if new and (EVERY_DIVISION in new or not divisions or new & divisions):
        return exchange
    code = "missing.division.permission" if new else "missing.any.permissions"
    message = f"You are missing the following permission(s): [{', '.join(operation.permissions)}]"
    return replace(exchange, status=403, body=json.dumps({"message": message, "code": code, "status": 403}))


def _if_allowed_now(
    evidence: ChangedEvidence, exchange: HttpExchange, operation: Operation, new: set[str]
) -> Iterable[HttpExchange]:
    path = path_of(exchange)
    views = _views_of(evidence.exchanges, path)
    divisions: set[str] = set().union(*(_divisions_in(view) for view in views.values()))
    if divisions and EVERY_DIVISION not in new and not new & divisions:
        yield exchange  # the permission was added in other divisions
        return
    if views and operation.path == f"{CONVERSATIONS}{{conversationId}}":
        evidence.notes.append(
            f"The run couldn't read the conversation itself. Its {' and '.join(views)} were readable, so we used them."
        )
        yield replace(exchange, status=200, body=json.dumps(_conversation_of(views)))
        return
    evidence.unknown.append(f"The org refused {path} in this run ({exchange.status}), so we can't know its content.")


def _divisions_in(data: Any) -> set[str]:
    return {id for entry in mappings(data, "divisions") if (id := identifier(entry, "division", "id"))}


def _views_of(exchanges: Iterable[HttpExchange], path: str) -> dict[str, Any]:
    """The documents about the conversation by medium. {} unless all media with cobrowse were read."""
    responses, (_, _, id) = _responses(exchanges), path.rpartition("/")
    views = {kind: responses[view] for kind in KINDS if (view := f"{CONVERSATIONS}{kind}/{id}") in responses}
    if any(kind not in views or views[kind].status not in (200, 404) for kind in VIEWS_WITH_COBROWSE):
        return {}
    return {kind: view.data for kind, view in views.items() if view.ok}


def _conversation_of(views: dict[str, Any]) -> dict[str, Any]:
    """A conversation's document, made from its views: they list the same participants, each with one communication."""
    names = ("state", "type", "provider", "held")
    first = next(iter(views.values()))
    return {
        "id": text(first, "id"),
        "divisions": field_of(first, "divisions"),
        "participants": [
            {
                "id": text(participant, "id"),
                "purpose": word(participant, "purpose"),
                kind: [{name: participant[name] for name in names if name in participant}],
            }
            for kind, view in views.items()
            for participant in mappings(view, "participants")
        ],
    }


def divisions_of_conversations(exchanges: Iterable[HttpExchange]) -> list[str]:
    """The IDs of the divisions in any document about the conversation."""
    found: dict[str, None] = {}
    for path, response in _responses(exchanges).items():
        if path.startswith(CONVERSATIONS):
            found |= dict.fromkeys(sorted(_divisions_in(response.data)))
    return list(found)


@dataclass(frozen=True)
class KnownNames:
    """What a run read that a change can refer to. Deployments and divisions are by ID."""

    roles: tuple[str, ...] = ()
    deployments: dict[str, str] = field(default_factory=dict)
    divisions: dict[str, str] = field(default_factory=dict)
    providers: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


def known_names(exchanges: Iterable[HttpExchange]) -> KnownNames:
    exchanges = tuple(exchanges)
    responses, absent = _responses(exchanges), OrgResponse(None)
    held = _held(exchanges)
    listed = deployment.DeploymentList.parse(responses.get(deployment.LIST_PATH, absent))
    providers = GatewayProviders.parse(responses.get(gateway.PROVIDERS_PATH, absent))
    divisions = {
        id: text(entry, "division", "name") or id
        for response in responses.values()
        for entry in (*mappings(response.data, "grants"), *mappings(response.data, "divisions"))
        if (id := identifier(entry, "division", "id"))
    }
    return KnownNames(
        roles=held.roles if held is not None else (),
        deployments={}
        if isinstance(listed, UnreadableResponse)
        else {item.id: item.name or item.id for item in listed.deployments},
        divisions=divisions,
        providers=()
        if isinstance(providers, UnreadableResponse)
        else tuple(provider.id for provider in providers.providers),
        scopes=tuple(texts(responses.get(token_info.PATH, absent).data, "authorizedScope")),
    )
