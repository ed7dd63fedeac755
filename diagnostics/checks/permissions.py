"""Does the client hold the permission that the call needs, in the conversation's division?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diagnostics.calls.aim import START_PATH, UUID, Aim
from diagnostics.checks.base import Context, Evidence, Result, check, failed, passed, skipped, unclear, warned
from diagnostics.genesys.answer import Answer
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.contract import Operation

EVERY_DIVISION = "*"
GRANTS_PATH = "/api/v2/authorization/subjects/me"
# Which medium a permission is for, as the name of the participant's list.
MEDIUM_OF = {"conversation:cobrowse:add": "messages", "conversation:cobrowseVoice:add": "calls"}
ENDED = frozenset({"disconnected", "terminated"})
CATALOGUE_PATH = "/api/v2/authorization/permissions"


@dataclass(frozen=True)
class Grant:
    """One permission policy of one role in one division. `condition` is true where a condition narrows it."""

    domain: str
    entity: str
    actions: tuple[str, ...]
    division: str
    division_name: str
    role: str
    condition: bool

    def covers(self, permission: str) -> bool:
        """Wildcards count; case does not, because the org's own texts differ in it."""
        domain, entity, action = (*permission.lower().split(":"), "", "")[:3]
        actions = {each.lower() for each in self.actions}
        return (
            self.domain.lower() in (domain, "*")
            and self.entity.lower() in (entity, "*")
            and bool(actions & {action, "*"})
        )


@dataclass(frozen=True)
class Grants:
    """All that the client holds. `unread` names roles whose policies the org did not show."""

    held: tuple[Grant, ...]
    unread: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@check(
    "permissions.call",
    title="The client may make the call",
    after=("oauth.identity",),
    reads=(
        f"GET {GRANTS_PATH}",
        "GET /api/v2/authorization/roles/{roleId}",
        "GET /api/v2/conversations/{conversationId}",
    ),
)
def permissions_call(ctx: Context) -> Iterator[Result]:
    if ctx.aim is not None and ctx.aim.world == "token":
        yield skipped("not_asked", "This is the token request, which needs no permission.")
        return
    operation = _operation_of(ctx)
    if operation is None or not operation.permissions:
        yield passed("none_needed", "The operation asks for no permission.")
        return
    answer = ctx.genesys.get(GRANTS_PATH, includeFullRoles="true")
    if not answer.ok or not isinstance(answer.data.get("grants"), list):
        yield _unreadable(answer)
        return
    grants = with_role_policies(read_grants(answer.data), answer.data, ctx.genesys)
    yield judge_permissions(operation, grants, _division_of(ctx), _medium_of(ctx))


@check(
    "permissions.catalogue",
    title="The org's catalogue has the permission",
    after=("oauth.identity",),
    reads=(f"GET {CATALOGUE_PATH}",),
)
def permissions_catalogue(ctx: Context) -> Iterator[Result]:
    operation = _operation_of(ctx)
    if operation is None or not operation.permissions or (ctx.aim and ctx.aim.world == "token"):
        yield skipped("not_asked", "The call is not one whose permissions the catalogue would list.")
        return
    domains = sorted({permission.split(":")[0] for permission in operation.permissions})
    pages = [ctx.genesys.get(CATALOGUE_PATH, queryType="domain", query=domain, pageSize=100) for domain in domains]
    yield judge_catalogue(operation, pages)


def judge_catalogue(operation: Operation, pages: list[Answer]) -> Result:
    """A permission that the catalogue lacks is not licensed (or not released) in this org: no role can hold it."""
    known = {entry for page in pages for entry in _entries(page)}
    proof: Evidence = {"needs": list(operation.permissions), "entries": len(known)}
    wanted = [permission for permission in operation.permissions if permission.lower() in known]
    if wanted:
        return passed("listed", f"The org's catalogue has {', '.join(wanted)}.", evidence=proof)
    whole = all(page.ok and not page.data.get("nextUri") and _is_last(page.data) for page in pages)
    if not known or not whole:
        return unclear("unreadable", "The org's permission catalogue could not be read to its end.", evidence=proof)
    return failed(
        "not_in_catalogue",
        f"The org's permission catalogue has none of {', '.join(operation.permissions)}: the feature is not licensed.",
        hint="Co-browse needs Genesys Cloud CX 1 Digital Add-on II, CX 2, CX 2 Digital, CX 3 or CX 3 Digital. "
        "Ask for the licence; no role can hold what the catalogue lacks.",
        evidence=proof,
    )


def _entries(page: Answer) -> Iterator[str]:
    """One entity per domain, whose `permissionMap` holds the permissions of each entity type."""
    listed = page.data.get("entities") if page.ok else None
    for entry in listed if isinstance(listed, list) else []:
        for permissions in _part(entry, "permissionMap").values():
            for each in permissions if isinstance(permissions, list) else []:
                if isinstance(each, dict):
                    words = (each.get("domain"), each.get("entityType"), each.get("action"))
                    yield ":".join(_text(word) for word in words).lower()


def _is_last(data: dict[str, Any]) -> bool:
    count, number = data.get("pageCount"), data.get("pageNumber")
    return not isinstance(count, int) or not isinstance(number, int) or number >= count


@check(
    "permissions.user",
    title="The call does not need a user's token",
    after=("oauth.identity",),
    needs=("call",),
    reads=("GET /api/v2/tokens/me",),
)
def permissions_user(ctx: Context) -> Iterator[Result]:
    operation = ctx.aim.operation if ctx.aim else None
    me = ctx.genesys.get("/api/v2/tokens/me").data
    client = _part(me, "OAuthClient")
    yield judge_user_context(operation, _text(client.get("authorizedGrantType")), is_user="clonedUser" in (me or {}))


def judge_user_context(operation: Operation | None, grant: str, *, is_user: bool = False) -> Result:
    """By the contract alone: some calls are marked as not valid with client credentials, or speak of the logged in user."""
    if operation is None:
        return skipped(
            "no_operation", "The call is no published operation, so nothing is known of whose token it needs."
        )
    if is_user or (grant and "client" not in grant.lower()):
        return passed("user_token", "The token is a user's.")
    if operation.user_only or "logged in user" in operation.summary.lower():
        return failed(
            "user_required",
            f"{operation.method} {operation.path} speaks of the logged in user; client credentials have none.",
            hint="Call it with a user's token, or use a read that needs no user.",
            evidence={"operation": operation.operation_id, "marked": operation.user_only},
        )
    return passed("not_needed", "The contract asks for no user's token here.")


def _operation_of(ctx: Context) -> Operation | None:
    """The operation called; where the call is none, or a gateway passes it on, the one that starts a session."""
    if ctx.aim is not None and ctx.aim.operation is not None:
        return ctx.aim.operation
    return ctx.contract.match("POST", START_PATH).operation


def _division_of(ctx: Context) -> tuple[str, ...]:
    """The divisions of the conversation, () when it is not known or could not be read."""
    wanted = ctx.target.conversation_id or (ctx.aim.id_text if isinstance(ctx.aim, Aim) else "")
    if not UUID.fullmatch(wanted):
        return ()
    data = ctx.genesys.get(f"/api/v2/conversations/{wanted}").data
    listed = data.get("divisions") if isinstance(data, dict) else None
    found = [each.get("division") for each in (listed if isinstance(listed, list) else []) if isinstance(each, dict)]
    return tuple(each["id"] for each in found if isinstance(each, dict) and isinstance(each.get("id"), str))


def _medium_of(ctx: Context) -> str:
    """The live medium of the conversation, "" where it is not known, or where both have cobrowse."""
    wanted = ctx.target.conversation_id or (ctx.aim.id_text if ctx.aim else "")
    data = ctx.genesys.get(f"/api/v2/conversations/{wanted}").data if UUID.fullmatch(wanted) else None
    live = {name for name in MEDIUM_OF.values() for leg in _legs(data, name) if leg.get("state") not in ENDED}
    return live.pop() if len(live) == 1 else ""


def _legs(conversation: Any, name: str) -> Iterator[dict[str, Any]]:
    participants = conversation.get("participants") if isinstance(conversation, dict) else None
    for participant in participants if isinstance(participants, list) else []:
        listed = participant.get(name) if isinstance(participant, dict) else None
        yield from (leg for leg in (listed if isinstance(listed, list) else []) if isinstance(leg, dict))


def judge_permissions(operation: Operation, grants: Grants, divisions: tuple[str, ...], medium: str = "") -> Result:
    """`divisions` are the conversation's, () when unknown: then holding it in any division counts, and is said."""
    by_permission = {p: [g for g in grants.held if g.covers(p)] for p in operation.permissions}
    enough = any if operation.rule == "any" else all
    proof: Evidence = {
        "needs": list(operation.permissions),
        "rule": operation.rule,
        "roles": list(grants.roles)[:50],
        "held": {p: sorted({g.division_name for g in found}) for p, found in by_permission.items() if found},
        "divisions": list(divisions),
    }
    if not enough(bool(found) for found in by_permission.values()):
        return _missing(operation, grants, proof)
    in_place = {p: [g for g in found if _reaches(g, divisions)] for p, found in by_permission.items()}
    if not enough(bool(found) for found in in_place.values()):
        return failed(
            "division_missing",
            "The client holds the permission, but not in the conversation's division.",
            hint="Grant the client's role in the conversation's division too: Admin > Integrations > OAuth > the client > "
            "Roles, column Divisions.",
            evidence=proof,
        )
    if not enough(any(not g.condition for g in found) for found in in_place.values()):
        return unclear(
            "conditional",
            "The client holds the permission only under a condition, which cannot be decided from outside.",
            hint="Look at the condition of the policy in the role: Admin > Roles / Permissions.",
            evidence=proof,
        )
    held = [p for p, found in in_place.items() if found]
    if medium and all(MEDIUM_OF.get(p, medium) != medium for p in held):
        return warned(
            "other_medium",
            f"The client holds {', '.join(held)}, which is for the other medium than this conversation's.",
            hint="conversation:cobrowse:add is for web messaging, conversation:cobrowseVoice:add for voice calls.",
            evidence={**proof, "medium": medium},
        )
    where = "in the conversation's division" if divisions else "in at least one division; the conversation's is unknown"
    code = "held" if divisions else "held_somewhere"
    return passed(code, f"The client holds {', '.join(held)} {where}.", evidence=proof)


def _missing(operation: Operation, grants: Grants, proof: Evidence) -> Result:
    names = (" or " if operation.rule == "any" else " and ").join(operation.permissions)
    if grants.unread:
        return unclear(
            "policies_hidden",
            f"The org does not show what is in the role(s) {', '.join(grants.unread[:5])}, so {names} may be in them.",
            hint="Give a role of the client authorization:role:view (Authorization > Role > View).",
            evidence=proof,
        )
    held_by = f"its roles ({', '.join(grants.roles[:5])}) do not hold it" if grants.roles else "it has no role at all"
    return failed(
        "permission_missing",
        f"The client does not hold {names}: {held_by}.",
        hint="Put the permission into a role and assign that role, with the division, to the OAuth client. "
        "Scopes are not the answer for client credentials.",
        evidence=proof,
    )


def _reaches(grant: Grant, divisions: tuple[str, ...]) -> bool:
    return not divisions or grant.division == EVERY_DIVISION or grant.division in divisions


def _unreadable(answer: Answer) -> Result:
    said = f"{answer.status or 'no answer'} {answer.code or answer.trouble}".strip()
    return unclear(
        "unreadable",
        f"What the client may do could not be read: {said}.",
        hint="Reading one's own grants needs no permission; try again, or look at the exchange.",
        evidence={"status": answer.status, "code": answer.code},
    )


def read_grants(data: dict[str, Any]) -> Grants:
    """`subjects/me`, read with care: newer platforms may leave a role's policies out."""
    held: list[Grant] = []
    unread: list[str] = []
    roles: list[str] = []
    for entry in data["grants"]:
        role, division = _part(entry, "role"), _part(entry, "division")
        name = _text(role.get("name")) or _text(role.get("id"))
        roles += [name] if name else []
        policies = role.get("policies")
        if name and isinstance(policies, list) and all(map(_is_policy, policies)):
            held.extend(_policies(policies, division, name))
        else:
            unread.append(name or "(unreadable)")
    return Grants(tuple(held), tuple(dict.fromkeys(unread)), tuple(dict.fromkeys(roles)))


def with_role_policies(grants: Grants, data: dict[str, Any], genesys: GenesysClient) -> Grants:
    """Read, one by one, the few roles whose policies were left out; those that stay hidden stay named."""
    if not grants.unread:
        return grants
    held, unread = list(grants.held), []
    for entry in data["grants"][:10]:
        role, division = _part(entry, "role"), _part(entry, "division")
        name, id = _text(role.get("name")) or _text(role.get("id")), _text(role.get("id"))
        if name not in grants.unread:
            continue
        answer = genesys.get(f"/api/v2/authorization/roles/{id}") if UUID.fullmatch(id) else Answer(None)
        listed = answer.data.get("permissionPolicies") if answer.ok else None
        if isinstance(listed, list) and all(map(_is_policy, listed)):
            held.extend(_policies(listed, division, name))
        else:
            unread.append(name)
    return Grants(tuple(held), tuple(dict.fromkeys(unread)), grants.roles)


def _is_policy(policy: Any) -> bool:
    """A policy of an odd shape could hold anything, so its role counts as unread, never as empty."""
    return isinstance(policy, dict) and isinstance(policy.get("actions", policy.get("actionSet")), list)


def _actions(policy: dict[str, Any]) -> list[Any]:
    return list(policy.get("actions") or policy.get("actionSet") or ())


def _policies(listed: list[dict[str, Any]], division: dict[str, Any], role: str) -> Iterator[Grant]:
    for policy in listed:
        yield Grant(
            domain=_text(policy.get("domain")),
            entity=_text(policy.get("entityName")),
            actions=tuple(a for a in _actions(policy) if isinstance(a, str)),
            division=_text(division.get("id")) or EVERY_DIVISION,
            division_name=_text(division.get("name")) or _text(division.get("id")) or "every division",
            role=role,
            condition=bool(policy.get("condition") or policy.get("resourceConditionNode")),
        )


def _part(entry: Any, name: str) -> dict[str, Any]:
    value = entry.get(name) if isinstance(entry, dict) else None
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value[:200] if isinstance(value, str) else ""
