"""Converts the state of a case's org, described in a few words, to a demo org that answers over HTTP."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from diagnostics.demo.orgs import DemoClient, DemoOrg, DemoProvider, Endpoint, read_data
from diagnostics.evaluation.cases import org_id_of, part_of, split_words
from diagnostics.evaluation.conversations import conversation_of
from diagnostics.genesys import gateway
from diagnostics.genesys.regions import Region, find_region
from diagnostics.parsing.company_gateway import BadGateway, clean_gateway

CONDITION = re.compile(r"condition|\b(?:only|if|when|where|except|limited|restricted)\b", re.IGNORECASE)
LICENCE = re.compile("licen|product|feature|catalog|subscription")
FALLBACK_REGION = "us-east-1"
CALLER, READER = "caller-role", "reader-role"
# Permissions that the client gets in addition to the caller's, so that the diagnosis can read the org.
READS = (
    "webDeployments:deployment:view",
    "webDeployments:configuration:view",
    "authorization:grant:view",
    "authorization:role:view",
    "oauth:client:view",
    "analytics:conversationDetail:view",
)


def region_of(state: Mapping[str, Any]) -> Region:
    """The org's region, found in a text such as "ap-southeast-2 (api.mypurecloud.com.au)"."""
    words = re.findall(r"[\w.-]+", str(state.get("region") or ""))
    found = next((region for word in words if (region := find_region(word))), None)
    fallback = find_region(FALLBACK_REGION)
    assert fallback is not None  # noqa: S101  (one of the bundled regions)
    return found or fallback


def client_of(state: Mapping[str, Any]) -> DemoClient:
    """The caller as an OAuth client of the org. A user's token becomes a client with that grant type and its scopes."""
    token = part_of(state, "token")
    granted_in = part_of(state, "divisions").get("role_granted_in")
    granted = split_words(granted_in) if granted_in is not None else ["Home"]
    granted = division_names(state) if re.search(r"\*|\ball\b", " ".join(granted).lower()) else granted
    token_state = f"{token.get('state') or ''} {token.get('client_state') or ''}".lower()
    scopes, grant = token.get("scopes"), str(token.get("grant") or "")
    default_scopes = gateway.SCOPES if state.get("providers") else ()
    return DemoClient(
        id=org_id_of("client"),
        name="The caller's client",
        secret="evaluation-only",  # noqa: S106  (of an org that lives for one case)
        grants=(
            *((CALLER, org_id_of(f"division {name}")) for name in granted),
            *((READER, org_id_of(f"division {name}")) for name in division_names(state)),
        ),
        scopes=tuple(map(str, scopes)) if isinstance(scopes, list) else default_scopes,
        reported_grant="" if not grant or "client" in grant.lower() else "CODE",
        state="disabled" if re.search(r"client (is )?(disabled|inactive|deleted)", token_state) else "active",
    )


def division_names(state: Mapping[str, Any]) -> list[str]:
    divisions = part_of(state, "divisions")
    named = [*split_words(divisions.get("role_granted_in")), *split_words(divisions.get("conversation_in"))]
    return list(
        dict.fromkeys(["Home", *(name for name in named if not re.fullmatch(r"\*|all( divisions)?", name.lower()))])
    )


def endpoint_of(state: Mapping[str, Any]) -> Endpoint:
    """The endpoint of the org's region, with a provider gateway if the case mentions providers or a gateway."""
    providers = tuple(
        _provider(provider) for provider in state.get("providers") or () if isinstance(provider, dict | str)
    )
    org = org_of(state)
    orgs = (org, other_org_of(state)) if has_foreign_token(state) else (org,)
    routes = str(state.get("routes") or "").lower()
    has_gateway = re.search(r"(?<!no )(?<!company )(?<!api )gateway", routes) is not None and not company_gateway_of(
        state
    )
    return Endpoint("evaluation", orgs, bool(providers) or has_gateway, providers)


def company_gateway_of(state: Mapping[str, Any]) -> str:
    """The address of the company's own gateway in front of the API if the state contains one, otherwise ""."""
    texts = [value for key, value in _texts(state) if "gateway" in key or "gateway" in value.lower()]
    for word in re.findall(r"(?:https://)?(?:[\w-]+\.)+[a-z]{2,}(?:/[\w./~-]*)?", " ".join(texts)):
        try:
            return clean_gateway(word if word.startswith("https://") else f"https://{word}")
        except BadGateway:
            continue
    return ""


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text inside a value, with the path of keys to it in lower case."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, f"{key} {name}".lower())
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, key)
    elif isinstance(value, str):
        yield key, value


def org_of(state: Mapping[str, Any]) -> DemoOrg:
    shared = read_data("shared.json")
    deployments = [_deployment(deployment, number) for number, deployment in enumerate(_deployments(state))]
    data = {
        **shared,
        "id": org_id_of("org"),
        "name": "The case's org",
        "domain": "case",
        "divisions": {org_id_of(f"division {name}"): name for name in division_names(state)},
        "users": {org_id_of("agent"): "The agent"},
        "queues": {org_id_of("queue"): "The queue"},
        "catalogue": [p for p in shared["catalogue"] if is_licensed(state) or "cobrowse" not in p.lower()],
        "deployments": [deployment for deployment, _ in deployments],
        "configurations": [configuration for _, configuration in deployments],
        "roles": [
            {"id": CALLER, "name": "The caller's role", "policies": permissions_of(state, shared["catalogue"])},
            {"id": READER, "name": "What the diagnosis may read", "policies": dict.fromkeys(READS, "")},
        ],
        "clients": [],
    }
    conversation = conversation_of(state)
    org = DemoOrg(data, {conversation["id"]: conversation} if conversation else {})
    if not has_foreign_token(state):
        org.add_clients([client_of(state)])
    return org


def has_foreign_token(state: Mapping[str, Any]) -> bool:
    """Whether the caller's token belongs to another org or region than the conversation."""
    token_state = str(part_of(state, "token").get("state") or "").lower()
    issued = re.search(r"issued (?:in|by|at|for) (?:login\.)?([\w.-]+)", token_state)
    issuer = find_region(issued[1]) if issued else None
    is_other_region = issuer is not None and issuer.key != region_of(state).key
    return (
        is_other_region or re.search(r"\b(?:an)?other org|\bdifferent org|\bforeign|wrong org", token_state) is not None
    )


def other_org_of(state: Mapping[str, Any]) -> DemoOrg:
    """The other org that the caller's token belongs to: a copy without the conversation."""
    org = org_of({**state, "conversation": {}, "token": {**part_of(state, "token"), "state": "valid"}})
    org.id, org.name = org_id_of("other org"), "Another org"
    return org


def permissions_of(state: Mapping[str, Any], catalogue: list[str]) -> dict[str, str]:
    """Permission -> the condition of its grant, "" for none."""
    found: dict[str, str] = {}
    conditions = {**part_of(state, "conditions"), **part_of(state, "condition")}
    for text in split_words(state.get("permissions")):
        name = re.match(r"[\w.*]+:[\w.*]+:[\w.*]+", text)
        remainder = text[name.end() :] if name else ""
        is_conditional = CONDITION.search(remainder) is not None or bool(conditions.get(name[0] if name else text))
        condition = "a condition" if is_conditional else _condition(state)
        found |= dict.fromkeys(_expanded(name[0] if name else text, catalogue), condition)
    return found


def _expanded(text: str, catalogue: list[str]) -> list[str]:
    """The permissions meant by a name, a wildcard, or a phrase such as "all cobrowse permissions"."""
    lowered = text.strip().lower()
    everything = [f"{domain}:*:*" for domain in dict.fromkeys(permission.split(":")[0] for permission in catalogue)]
    if lowered.startswith("*:"):
        return [f"{wildcard.split(':')[0]}{text.strip()[1:]}" for wildcard in everything]
    if ":" in lowered:
        return [text]
    if re.search(r"\ball\b|every|both", lowered) and re.search(r"co-?browse", lowered):
        return [permission for permission in catalogue if "cobrowse" in permission.lower()]
    return everything if re.fullmatch(r"\*|all( permissions)?|everything", lowered) else []


def _condition(state: Mapping[str, Any]) -> str:
    policies = str(state.get("policies") or state.get("policy") or "").lower()
    return "a condition" if re.search(r"\bcondition", policies) else ""


def is_licensed(state: Mapping[str, Any]) -> bool:
    """False if the case says that cobrowse isn't licensed, or lists a permission catalogue without it."""
    missing = [str(state[key]) for key in state if "catalog" in key and "missing" in key]
    if any("cobrowse" in permission.lower() for permission in missing):
        return False
    licence_entries = {key: state[key] for key in state if "missing" not in key and LICENCE.search(key)}
    catalogue = next((value for key, value in licence_entries.items() if "catalog" in key), None)
    if isinstance(catalogue, list):
        return any("cobrowse" in str(permission).lower() for permission in catalogue)
    clauses = [
        clause.strip() for value in licence_entries.values() for clause in re.split(r"[;,()]", str(value).lower())
    ]
    about_cobrowse = [clause for clause in clauses if re.search(r"co-?browse", clause)]
    return not any(map(_denies_cobrowse, about_cobrowse or clauses))


def _denies_cobrowse(clause: str) -> bool:
    """Whether a clause about the licence says that cobrowse is missing, rather than another product."""
    denied = re.search(r"\b(?:no|not|none|without|missing|absent|lacks?)\b|n't\b", clause) is not None
    if re.search(r"\bcx ?1\b", clause):
        return denied or "add" not in clause
    about = re.search(r"co-?browse|licen[cs]|feature|permission|catalog|includ|add-?on", clause) is not None
    return denied and (about or len(clause.split()) == 1)


def _deployments(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The deployments of `web_deployment` and `web_deployments` (each an object or a list), without duplicates."""
    found: dict[str, Mapping[str, Any]] = {}
    for name in ("web_deployment", "web_deployments"):
        value = state.get(name)
        for deployment in value if isinstance(value, list) else [value]:
            if isinstance(deployment, dict) and deployment:
                found[str(deployment.get("id") or len(found))] = deployment
    return list(found.values())


def _deployment(deployment: Mapping[str, Any], number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The deployment and its own configuration."""
    cobrowse = deployment.get("cobrowse")
    settings = dict(cobrowse) if isinstance(cobrowse, dict) else {}
    settings["channels"] = [_channel(channel) for channel in settings.get("channels") or ()]
    state_text = " ".join(
        str(deployment.get(key, "")) for key in ("status", "state", "configuration", "published")
    ).lower()
    found = re.search(r"inactive|error|deleting|pending|unpublished|not published|draft|false|disabled", state_text)
    status = {
        "": "Active",
        "error": "Error",
        "deleting": "Deleting",
        "inactive": "Inactive",
        "disabled": "Inactive",
    }.get(found[0] if found else "", "Pending")
    identity = {
        "id": str(deployment.get("id") or org_id_of(f"deployment {number}")),
        "name": str(deployment.get("name") or "Website"),
    }
    configuration = {
        "id": org_id_of(f"configuration {number}"),
        "name": "Messenger configuration",
        "version": "1",
        "status": "Active",
        "cobrowse": settings,
    }
    reference = {key: configuration[key] for key in ("id", "name", "version")}
    return {**identity, "status": status, "configuration": reference}, configuration


def _channel(text: Any) -> str:
    return "Voice" if re.search("voice|call", str(text).lower()) else "Webmessaging"


def _provider(provider: Mapping[str, Any] | str) -> DemoProvider:
    if isinstance(provider, str):
        return DemoProvider(provider, provider, True)
    return DemoProvider(
        str(provider.get("id") or ""), str(provider.get("name") or ""), provider.get("enabled") is not False
    )
