"""A case's org, told in a few words, as a demo org that answers over HTTP."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from diagnostics.demo.orgs import DemoClient, DemoOrg, DemoProvider, Endpoint, read_data
from diagnostics.evaluation.conversations import conversation_of
from diagnostics.evaluation.text import org_id_of, part_of, split_words
from diagnostics.genesys import gateway
from diagnostics.genesys.regions import Region, find_region
from diagnostics.parsing.company_gateway import BadGateway, clean_gateway

CONDITION = re.compile(r"condition|\b(?:only|if|when|where|except|limited|restricted)\b", re.IGNORECASE)
LICENCE = re.compile("licen|product|feature|catalog|subscription")
FALLBACK_REGION = "us-east-1"
CALLER, READER = "caller-role", "reader-role"
# What a diagnosing client is given beside the caller's rights, so that the org can be asked at all.
READS = (
    "webDeployments:deployment:view",
    "webDeployments:configuration:view",
    "authorization:grant:view",
    "authorization:role:view",
    "oauth:client:view",
    "analytics:conversationDetail:view",
)


def region_of(state: Mapping[str, Any]) -> Region:
    """The org's region, out of words such as "ap-southeast-2 (api.mypurecloud.com.au)"."""
    words = re.findall(r"[\w.-]+", str(state.get("region") or ""))
    found = next((region for word in words if (region := find_region(word))), None)
    fallback = find_region(FALLBACK_REGION)
    assert fallback is not None  # noqa: S101  (one of the bundled regions)
    return found or fallback


def client_of(state: Mapping[str, Any]) -> DemoClient:
    """The caller, as a client of the org. A user's token becomes a client of that grant with its scopes."""
    token = part_of(state, "token")
    told = part_of(state, "divisions").get("role_granted_in")
    granted = split_words(told) if told is not None else ["Home"]
    granted = division_names(state) if re.search(r"\*|\ball\b", " ".join(granted).lower()) else granted
    words = f"{token.get('state') or ''} {token.get('client_state') or ''}".lower()
    scopes, grant = token.get("scopes"), str(token.get("grant") or "")
    unsaid = gateway.SCOPES if state.get("providers") else ()
    return DemoClient(
        id=org_id_of("client"),
        name="The caller's client",
        secret="evaluation-only",  # noqa: S106  (of an org that lives for one case)
        grants=(
            *((CALLER, org_id_of(f"division {name}")) for name in granted),
            *((READER, org_id_of(f"division {name}")) for name in division_names(state)),
        ),
        scopes=tuple(map(str, scopes)) if isinstance(scopes, list) else unsaid,
        told_grant="" if not grant or "client" in grant.lower() else "CODE",
        state="disabled" if re.search(r"client (is )?(disabled|inactive|deleted)", words) else "active",
    )


def division_names(state: Mapping[str, Any]) -> list[str]:
    divisions = part_of(state, "divisions")
    named = [*split_words(divisions.get("role_granted_in")), *split_words(divisions.get("conversation_in"))]
    return list(
        dict.fromkeys(["Home", *(name for name in named if not re.fullmatch(r"\*|all( divisions)?", name.lower()))])
    )


def endpoint_of(state: Mapping[str, Any]) -> Endpoint:
    """The org's region endpoint, with a provider gateway where the case lists providers or scopes of one."""
    providers = tuple(_provider(each) for each in state.get("providers") or () if isinstance(each, dict | str))
    org = org_of(state)
    orgs = (org, other_org_of(state)) if has_foreign_token(state) else (org,)
    routes = str(state.get("routes") or "").lower()
    of_providers = re.search(r"(?<!no )(?<!company )(?<!api )gateway", routes) is not None and not company_gateway_of(
        state
    )
    return Endpoint("evaluation", orgs, bool(providers) or of_providers, providers)


def company_gateway_of(state: Mapping[str, Any]) -> str:
    """The company's own gateway in front of the API, where the state tells the address of one; "" for none."""
    told = [value for key, value in _texts(state) if "gateway" in key or "gateway" in value.lower()]
    for word in re.findall(r"(?:https://)?(?:[\w-]+\.)+[a-z]{2,}(?:/[\w./~-]*)?", " ".join(told)):
        try:
            return clean_gateway(word if word.startswith("https://") else f"https://{word}")
        except BadGateway:
            continue
    return ""


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text below a value with the lower-case names that lead to it."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(each, f"{key} {name}".lower())
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, key)
    elif isinstance(value, str):
        yield key, value


def org_of(state: Mapping[str, Any]) -> DemoOrg:
    shared = read_data("shared.json")
    deployments = [_deployment(told, number) for number, told in enumerate(_deployments(state))]
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
    """Whether the caller's token belongs to another org or region than those of the conversation."""
    said = str(part_of(state, "token").get("state") or "").lower()
    issued = re.search(r"issued (?:in|by|at|for) (?:login\.)?([\w.-]+)", said)
    where = find_region(issued[1]) if issued else None
    elsewhere = where is not None and where.key != region_of(state).key
    return elsewhere or re.search(r"\b(?:an)?other org|\bdifferent org|\bforeign|wrong org", said) is not None


def other_org_of(state: Mapping[str, Any]) -> DemoOrg:
    """The org that the caller's token belongs to: alike, but with nothing of the case in it."""
    empty = {**state, "conversation": {}, "token": {**part_of(state, "token"), "state": "valid"}}
    org = org_of(empty)
    org.id, org.name = org_id_of("other org"), "Another org"
    return org


def permissions_of(state: Mapping[str, Any], catalogue: list[str]) -> dict[str, str]:
    """Permission -> the condition under which it is held, "" for none."""
    found: dict[str, str] = {}
    conditions = {**part_of(state, "conditions"), **part_of(state, "condition")}
    for words in split_words(state.get("permissions")):
        name = re.match(r"[\w.*]+:[\w.*]+:[\w.*]+", words)
        rest = words[name.end() :] if name else ""
        held = CONDITION.search(rest) is not None or bool(conditions.get(name[0] if name else words))
        told = "a condition" if held else _condition(state)
        found |= dict.fromkeys(_meant(name[0] if name else words, catalogue), told)
    return found


def _meant(words: str, catalogue: list[str]) -> list[str]:
    """The permissions that a name, a star, or words such as "all cobrowse permissions" stand for."""
    said = words.strip().lower()
    everything = [f"{domain}:*:*" for domain in dict.fromkeys(each.split(":")[0] for each in catalogue)]
    if said.startswith("*:"):
        return [f"{each.split(':')[0]}{words.strip()[1:]}" for each in everything]
    if ":" in said:
        return [words]
    if re.search(r"\ball\b|every|both", said) and re.search(r"co-?browse", said):
        return [each for each in catalogue if "cobrowse" in each.lower()]
    return everything if re.fullmatch(r"\*|all( permissions)?|everything", said) else []


def _condition(state: Mapping[str, Any]) -> str:
    said = str(state.get("policies") or state.get("policy") or "").lower()
    return "a condition" if re.search(r"\bcondition", said) else ""


def is_licensed(state: Mapping[str, Any]) -> bool:
    """False where the case says that the feature is not licensed, or tells of a catalogue without it."""
    missing = [str(state[key]) for key in state if "catalog" in key and "missing" in key]
    if any("cobrowse" in each.lower() for each in missing):
        return False
    told = {key: state[key] for key in state if "missing" not in key and LICENCE.search(key)}
    catalogue = next((value for key, value in told.items() if "catalog" in key), None)
    if isinstance(catalogue, list):
        return any("cobrowse" in str(each).lower() for each in catalogue)
    clauses = [each.strip() for value in told.values() for each in re.split(r"[;,()]", str(value).lower())]
    of_cobrowse = [each for each in clauses if re.search(r"co-?browse", each)]
    return not any(map(_denies, of_cobrowse or clauses))


def _denies(clause: str) -> bool:
    """Whether a clause about the licence leaves co-browse out: no other product's lack does."""
    denied = re.search(r"\b(?:no|not|none|without|missing|absent|lacks?)\b|n't\b", clause) is not None
    if re.search(r"\bcx ?1\b", clause):
        return denied or "add" not in clause
    about = re.search(r"co-?browse|licen[cs]|feature|permission|catalog|includ|add-?on", clause) is not None
    return denied and (about or len(clause.split()) == 1)


def _deployments(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those of `web_deployment` and `web_deployments`, each one or a list; one that stands in both is one."""
    found: dict[str, Mapping[str, Any]] = {}
    for name in ("web_deployment", "web_deployments"):
        told = state.get(name)
        for each in told if isinstance(told, list) else [told]:
            if isinstance(each, dict) and each:
                found[str(each.get("id") or len(found))] = each
    return list(found.values())


def _deployment(told: Mapping[str, Any], number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """It and the configuration that it alone uses."""
    cobrowse = told.get("cobrowse")
    settings = dict(cobrowse) if isinstance(cobrowse, dict) else {}
    settings["channels"] = [_channel(each) for each in settings.get("channels") or ()]
    words = " ".join(str(told.get(key, "")) for key in ("status", "state", "configuration", "published")).lower()
    found = re.search(r"inactive|error|deleting|pending|unpublished|not published|draft|false|disabled", words)
    status = {
        "": "Active",
        "error": "Error",
        "deleting": "Deleting",
        "inactive": "Inactive",
        "disabled": "Inactive",
    }.get(found[0] if found else "", "Pending")
    identity = {
        "id": str(told.get("id") or org_id_of(f"deployment {number}")),
        "name": str(told.get("name") or "Website"),
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


def _provider(told: Mapping[str, Any] | str) -> DemoProvider:
    if isinstance(told, str):
        return DemoProvider(told, told, True)
    return DemoProvider(str(told.get("id") or ""), str(told.get("name") or ""), told.get("enabled") is not False)
