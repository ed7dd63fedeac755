"""A case's org, told in a few words, as a demo org that answers over HTTP."""

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from diagnostics.demo.orgs import Client, Endpoint, Org, Provider, read_data
from diagnostics.genesys import gateway
from diagnostics.genesys.regions import Region, find_region

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
MESSAGE_TYPES = {
    "whatsapp": "whatsapp",
    "sms": "sms",
    "facebook": "facebook",
    "instagram": "instagram",
    "apple": "apple",
    "twitter": "twitter",
    "telegram": "telegram",
    "line": "line",
    "open messag": "open",
}
MEDIA = (
    (r"call ?back", "callbacks"),
    (r"e-?mail", "emails"),
    (r"web ?messag|webmessaging", "webmessaging"),
    (r"\b(?:" + "|".join(MESSAGE_TYPES) + ")", "message"),
    (r"messenger", "webmessaging"),
    (r"\bchat|webchat|web chat", "chats"),
    (r"voice|call|phone|pstn", "calls"),
    (r"messag", "webmessaging"),
)


def org_id_of(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def region_of(state: Mapping[str, Any]) -> Region:
    """The org's region, out of words such as "ap-southeast-2 (api.mypurecloud.com.au)"."""
    words = re.findall(r"[\w.-]+", str(state.get("region") or ""))
    found = next((region for word in words if (region := find_region(word))), None)
    fallback = find_region(FALLBACK_REGION)
    assert fallback is not None  # noqa: S101  (one of the bundled regions)
    return found or fallback


def client_of(state: Mapping[str, Any]) -> Client:
    """The caller, as a client of the org. A user's token becomes a client of that grant with its scopes."""
    token = _part(state, "token")
    told = _part(state, "divisions").get("role_granted_in")
    granted = _words(told) if told is not None else ["Home"]
    granted = division_names(state) if re.search(r"\*|\ball\b", " ".join(granted).lower()) else granted
    words = f"{token.get('state') or ''} {token.get('client_state') or ''}".lower()
    scopes, grant = token.get("scopes"), str(token.get("grant") or "")
    unsaid = gateway.SCOPES if state.get("providers") else ()
    return Client(
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
    divisions = _part(state, "divisions")
    named = [*_words(divisions.get("role_granted_in")), *_words(divisions.get("conversation_in"))]
    return list(
        dict.fromkeys(["Home", *(name for name in named if not re.fullmatch(r"\*|all( divisions)?", name.lower()))])
    )


def endpoint_of(state: Mapping[str, Any]) -> Endpoint:
    """The org's region endpoint, with a provider gateway where the case lists providers or scopes of one."""
    providers = tuple(_provider(each) for each in state.get("providers") or () if isinstance(each, dict | str))
    org = org_of(state)
    orgs = (org, other_org_of(state)) if has_foreign_token(state) else (org,)
    routes = str(state.get("routes") or "").lower()
    return Endpoint("evaluation", orgs, bool(providers) or bool(re.search(r"(?<!no )gateway", routes)), providers)


def org_of(state: Mapping[str, Any]) -> Org:
    shared = read_data("shared.json")
    permissions = [p for p in _words(state.get("permissions")) if re.fullmatch(r"[\w.*]+:[\w.*]+:[\w.*]+", p)]
    deployment, configuration = _deployment(state)
    data = {
        **shared,
        "id": org_id_of("org"),
        "name": "The case's org",
        "domain": "case",
        "divisions": {org_id_of(f"division {name}"): name for name in division_names(state)},
        "users": {org_id_of("agent"): "The agent"},
        "queues": {org_id_of("queue"): "The queue"},
        "catalogue": [p for p in shared["catalogue"] if _licensed(state) or "cobrowse" not in p.lower()],
        "deployments": [deployment] if deployment else [],
        "configurations": [configuration] if configuration else [],
        "roles": [
            {"id": CALLER, "name": "The caller's role", "policies": {p: _condition(state) for p in permissions}},
            {"id": READER, "name": "What the diagnosis may read", "policies": dict.fromkeys(READS, "")},
        ],
        "clients": [],
    }
    conversation = conversation_of(state)
    org = Org(data, {conversation["id"]: conversation} if conversation else {})
    if not has_foreign_token(state):
        org.add_clients([client_of(state)])
    return org


def has_foreign_token(state: Mapping[str, Any]) -> bool:
    """Whether the caller's token belongs to another org or region than those of the conversation."""
    said = str(_part(state, "token").get("state") or "").lower()
    issued = re.search(r"issued (?:in|by|at|for) (?:login\.)?([\w.-]+)", said)
    where = find_region(issued[1]) if issued else None
    elsewhere = where is not None and where.key != region_of(state).key
    return elsewhere or re.search(r"\b(?:an)?other org|\bdifferent org|\bforeign|wrong org", said) is not None


def other_org_of(state: Mapping[str, Any]) -> Org:
    """The org that the caller's token belongs to: alike, but with nothing of the case in it."""
    empty = {**state, "conversation": {}, "token": {**_part(state, "token"), "state": "valid"}}
    org = org_of(empty)
    org.id, org.name = org_id_of("other org"), "Another org"
    return org


def _condition(state: Mapping[str, Any]) -> str:
    return (
        "a condition"
        if re.search(r"\bcondition", str(state.get("policies") or state.get("policy") or "").lower())
        else ""
    )


def _licensed(state: Mapping[str, Any]) -> bool:
    """False where the case says that the feature is not licensed, or lists a catalogue without it."""
    catalogue = next((state[key] for key in state if "catalog" in key), None)
    if isinstance(catalogue, list):
        return any("cobrowse" in str(each).lower() for each in catalogue)
    said = " ".join(str(state[key]) for key in state if re.search("licen|product|feature|catalog|subscription", key))
    return not re.search(r"\bno\b|not|without|missing|absent|lacks?|\bcx ?1\b(?!.*add)", said.lower())


def _deployment(state: Mapping[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    told = state.get("web_deployment")
    if not isinstance(told, dict) or not told:
        return None, None
    cobrowse = told.get("cobrowse")
    settings = dict(cobrowse) if isinstance(cobrowse, dict) else {}
    settings["channels"] = [_channel(each) for each in settings.get("channels") or ()]
    words = " ".join(str(told.get(key) or "") for key in ("status", "state", "configuration", "published")).lower()
    active = not re.search("inactive|error|deleting|pending|unpublished|not published|draft|false", words)
    identity = {"id": str(told.get("id") or org_id_of("deployment")), "name": str(told.get("name") or "Website")}
    configuration = {
        "id": org_id_of("configuration"),
        "name": "Messenger configuration",
        "version": "1",
        "status": "Active",
        "cobrowse": settings,
    }
    reference = {key: configuration[key] for key in ("id", "name", "version")}
    return {**identity, "status": "Active" if active else "Inactive", "configuration": reference}, configuration


def _channel(text: Any) -> str:
    return "Voice" if re.search("voice|call", str(text).lower()) else "Webmessaging"


def _provider(told: Mapping[str, Any] | str) -> Provider:
    if isinstance(told, str):
        return Provider(told, told, True)
    return Provider(str(told.get("id") or ""), str(told.get("name") or ""), told.get("enabled") is not False)


# ---------------------------------------------------------------------- the conversation


def conversation_of(state: Mapping[str, Any]) -> dict[str, Any] | None:
    """In the demo's short form; None where the case has none, or says that it does not exist in this org."""
    told = _part(state, "conversation")
    said = str(told.get("state") or "").lower()
    if not told.get("id") or re.search(
        r"not exist|no such|unknown|other (org|region)|another (org|region)|deleted", said
    ):
        return None
    try:
        identifier = str(uuid.UUID(str(told["id"])))
    except ValueError:
        return None
    ended = bool(re.search(r"ended|closed|disconnected|terminated|finished|over\b|historical|archived|completed", said))
    division = (_words(_part(state, "divisions").get("conversation_in")) or ["Home"])[0]
    participants = list(_participants(told, said, ended))
    return {
        "id": identifier,
        "division": org_id_of(f"division {division if division != '*' else 'Home'}"),
        "started": 40,
        **({"ended": 20} if ended else {}),
        "live": not re.search(r"historical|archived|analytics only|only in analytics", said),
        "participants": participants,
    }


def _participants(told: Mapping[str, Any], said: str, ended: bool) -> Iterable[dict[str, Any]]:
    customer = _leg_state(told.get("customer_participant"), said, ended)
    agent = _leg_state(told.get("agent_participant"), said, ended)
    media, kind = medium_of(str(told.get("media") or ""))
    if customer:
        yield _participant("customer", media, kind, customer)
    if re.search(r"queue|waiting|acd|routing", said) and not ended:
        yield _participant("acd", media, kind, "connected") | {"queue": org_id_of("queue")}
    if agent:
        yield _participant("agent", media, kind, agent) | {"user": org_id_of("agent")}


def _leg_state(told: Any, said: str, ended: bool) -> str:
    """The state of a party's leg, "" where there is no such party."""
    text = str(told if told is not None else said).lower()
    if re.search(r"^none|no agent|not (yet )?(assigned|present|joined|a party|in)|absent|missing|waiting|queue", text):
        return ""
    if ended or re.search("disconnect|terminat|left|ended|gone", text):
        return "disconnected"
    known = ("alerting", "dialing", "contacting", "offering", "parked", "terminated", "scheduled")
    return next((state for state in known if state in text), "connected")


def medium_of(text: str) -> tuple[str, str]:
    """The participant's array and, for messages, the type: "message (web messaging)" is ("messages", "webmessaging")."""
    said = text.lower()
    found = next((medium for pattern, medium in MEDIA if re.search(pattern, said)), "webmessaging")
    if found == "message":
        return "messages", next(kind for word, kind in MESSAGE_TYPES.items() if word in said)
    return ("messages", found) if found == "webmessaging" else (found, "")


def _participant(purpose: str, media: str, kind: str, state: str) -> dict[str, Any]:
    leg = {
        "media": media,
        "state": state,
        "started": 40,
        "provider": "PureCloud Messaging",
        "direction": "inbound",
        **({"type": kind} if kind else {}),
        **({"ended": 20} if state in ("disconnected", "terminated") else {}),
    }
    return {"purpose": purpose, "legs": [leg]}


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value and value.lower() != "none" else []
    return [str(each) for each in value] if isinstance(value, list) else []
